//! Any arguments of host functions.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use stint_testkit::{Ledger, fuzz};

static BASE: LazyLock<std::sync::Mutex<Ledger>> = LazyLock::new(|| {
    let caller = fuzz::describe(wat::parse_str(fuzz::CALLER).expect("good text"));
    fuzz::ledger(Some(&caller)).into()
});

fuzz_target!(|bytes: &[u8]| {
    fuzz::host_calls(&BASE.lock().expect("one thread"), bytes);
});
