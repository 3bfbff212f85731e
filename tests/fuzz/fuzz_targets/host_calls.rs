//! Any arguments of host functions.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use stint_testkit::{Ledger, fuzz};

static BASE: LazyLock<std::sync::Mutex<Ledger>> =
    LazyLock::new(|| fuzz::ledger_of_callers(|text| wat::parse_str(text).expect("good text")).into());

fuzz_target!(|bytes: &[u8]| {
    fuzz::host_calls(&BASE.lock().expect("one thread"), bytes);
});
