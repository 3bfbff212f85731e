//! The verifier for programs that run Wasm. It imports nothing.
//!
//! ```text
//! at  = stint_input(n)         make room for n bytes: write trust and proof there, one after the other
//! m   = stint_verify(t)        t = bytes of the trust; answers with the bytes of the answer
//! at  = stint_output()         where the answer lies: {"proves": …} or {"invalid": "why"}
//! ```
//!
//! A trust is laid out as `chain id [32] | epoch [8] | n [1] | n times: key [32]`, ascending.

use std::sync::{Mutex, MutexGuard, PoisonError};
use stint_verifier::{Trust, json, verify};

static INPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static OUTPUT: Mutex<String> = Mutex::new(String::new());

fn lock<T>(cell: &Mutex<T>) -> MutexGuard<'_, T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes room for a trust and a proof, and says where.
#[unsafe(no_mangle)]
pub extern "C" fn stint_input(bytes: usize) -> *const u8 {
    let mut input = lock(&INPUT);
    *input = vec![0; bytes];
    input.as_ptr()
}

/// Checks the proof behind the first `trust` bytes of the input; answers with the answer's length.
#[unsafe(no_mangle)]
pub extern "C" fn stint_verify(trust: usize) -> usize {
    let input = lock(&INPUT);
    let (trust, proof) = input.split_at_checked(trust).unwrap_or_default();
    let answer = match Trust::decode(trust) {
        None => r#"{"invalid":"the trusted validators are not laid out as they should be"}"#.into(),
        Some(trust) => match verify(&trust, proof) {
            Ok(proven) => format!(r#"{{"proves":{}}}"#, json(&proven)),
            Err(why) => format!(r#"{{"invalid":"{why}"}}"#),
        },
    };
    let mut output = lock(&OUTPUT);
    *output = answer;
    output.len()
}

/// Where the answer lies.
#[unsafe(no_mangle)]
pub extern "C" fn stint_output() -> *const u8 {
    lock(&OUTPUT).as_ptr()
}
