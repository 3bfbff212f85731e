//! Any bytes as a module.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use stint_testkit::{Ledger, fuzz};

static BASE: LazyLock<std::sync::Mutex<Ledger>> = LazyLock::new(|| fuzz::ledger().into());

fuzz_target!(|bytes: &[u8]| {
    fuzz::module(&BASE.lock().expect("one thread"), bytes);
});
