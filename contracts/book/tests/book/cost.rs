//! Invariant 4: recording costs the same whatever lies in the book.

use crate::support::*;
use book::{Contract, proto::*};
use std::time::{Duration, Instant};
use stint_sdk::{Service, prost::Message, testing::host};

/// Records without the test host's way of undoing, which copies the whole state.
fn record_fast(event: Event) {
    let request = RecordRequest { events: vec![event] }.encode_to_vec();
    let number = Contract::METHODS.iter().position(|(name, _)| *name == "Record").expect("a method");
    host(|h| {
        h.read_only = false;
        h.events.clear();
    });
    Contract::dispatch(number as u32, &request).expect("an event");
}

fn event(n: u32) -> Event {
    e(&format!("e{n:06}"), "transfer", "1 kg").of("S").to("T").by("ana", "bo").at(&format!(
        "2026-{:02}-{:02}",
        1 + n % 10,
        1 + n / 10 % 28
    ))
}

/// Keys and bytes that one event writes, without replacing, and the time of a hundred.
fn hundred(from: u32) -> (usize, usize, Duration) {
    let size = || host(|h| (h.state.len(), h.state.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>()));
    let (keys, bytes) = size();
    let start = Instant::now();
    for n in from..from + 100 {
        record_fast(event(n));
    }
    let took = start.elapsed();
    let (more_keys, more_bytes) = size();
    (more_keys - keys, more_bytes - bytes, took)
}

/// With 20,000 events, or `BOOK_EVENTS` of them.
#[test]
fn a_late_event_writes_and_takes_what_an_early_one_did() {
    book();
    raise("S", "steel", "1000000 kg");
    yes(e("t", "raise", "1 kg").of("T").by("bo", "bo").creating("steel"));
    // Every day has been seen: then a day's sum is replaced, not added.
    for n in 0..1000 {
        record_fast(event(n));
    }
    let early = hundred(1000);
    let many = std::env::var("BOOK_EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    for n in 1100..many {
        record_fast(event(n));
    }
    let late = hundred(many);
    println!("{early:?} at first, {late:?} after {many} events");
    assert_eq!(early.0, late.0, "keys");
    // Numbers in the values grow by digits.
    assert!(late.1 < early.1 + 100 * 16, "{} and {} bytes", early.1, late.1);
    // Generous: the machine is shared. A scan of all events would be 20 times slower.
    assert!(late.2 < early.2 * 5 + Duration::from_millis(20), "{:?} and {:?}", early.2, late.2);
}
