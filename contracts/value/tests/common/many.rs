//! As many contributions as a test likes, made on the way.

use prost::Message;
use std::cell::Cell;
use stint_rule::proto::Contribution;
use stint_sdk::{Bytes, Refusal, Service};

thread_local! {
    /// How many contributions there are, and of how many agents.
    pub static MANY: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    /// How many digits their ids have.
    pub static DIGITS: Cell<usize> = const { Cell::new(5) };
}

/// What they are of, by turns.
pub const KINDS: [&str; 4] = ["buy", "own", "work", "care"];

/// Contributions as the contract `contribute` lists them.
pub struct Many;

#[derive(Clone, PartialEq, Message)]
struct Ask {
    #[prost(uint32, tag = "3")]
    page_size: u32,
    #[prost(uint64, tag = "5")]
    after: u64,
}

#[derive(Clone, PartialEq, Message)]
struct Answer {
    #[prost(message, repeated, tag = "1")]
    contributions: Vec<Contribution>,
    #[prost(uint64, tag = "3")]
    last: u64,
    #[prost(uint64, tag = "4")]
    newest: u64,
}

impl Service for Many {
    const NAME: &'static str = "stint.contribute.v1.Contribute";
    const DESCRIPTOR: &'static [u8] = &[];
    const METHODS: &'static [(&'static str, bool)] = &[("ListValidated", true)];
    const STATE: &'static str = "";

    fn dispatch(_: u32, request: &[u8]) -> Result<Bytes, Refusal> {
        let ask = Ask::decode(request).expect("a request");
        let ((newest, agents), digits) = (MANY.get(), DIGITS.get());
        let last = newest.min(ask.after + u64::from(ask.page_size));
        let contribution = |n: u64| Contribution {
            id: format!("c{n:0digits$}"),
            agent: format!("a{:04}", n % agents),
            kind: KINDS[(n / 3 % 4) as usize].into(),
            stream: "work".into(),
            quantity: format!("{}", 1 + n % 9),
            unit: "h".into(),
            date: format!("2026-01-{:02}", 1 + n % 28),
            ..Contribution::default()
        };
        let contributions = (ask.after + 1..=last).map(contribution).collect();
        Ok(Answer { contributions, last: last.max(ask.after), newest }.encode_to_vec())
    }
}
