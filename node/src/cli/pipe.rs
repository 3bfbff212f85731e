//! Whoever reads no more of what is printed, such as `head`, ends the program without a word.
//!
//! A program in Rust is not ended by the system then: printing panics, and that is told as if something were broken.

use std::panic::{self, PanicHookInfo};

/// What the shell says of a program that was ended so.
const ENDED_BY_PIPE: i32 = 128 + 13;

/// From now on.
pub fn end_quietly() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if is_of_reader(info) {
            std::process::exit(ENDED_BY_PIPE);
        }
        usual(info);
    }));
}

fn is_of_reader(info: &PanicHookInfo<'_>) -> bool {
    let said = info.payload().downcast_ref::<String>();
    said.is_some_and(|said| said.starts_with("failed printing to stdout") && said.contains("Broken pipe"))
}
