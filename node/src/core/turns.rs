//! In which order waiting calls go into a block: in turns, so that nobody is shut out by whoever sends most.
//!
//! The next call is of the commons that has the fewest in the block so far, there of the sender who has the fewest, and
//! among those the one that came first. Calls of one sender keep their order: what waits behind a call that the block has
//! no room for waits with it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};
use stint_proto::Transaction;

/// A waiting call and its place among all that ever came.
pub type Placed<'a> = (u64, &'a Transaction);

/// Gives calls in turns.
pub struct Turns<'a, Q, L> {
    /// Of each sender what comes next, and what comes after it.
    senders: Vec<(Option<&'a Transaction>, Q)>,
    /// Calls in the block of the commons as far as it was known, of the sender, the place, and the sender's number.
    next: BinaryHeap<Reverse<(usize, usize, u64, usize)>>,
    /// Calls in the block, and the most that there may be.
    commons: BTreeMap<&'a str, (usize, usize)>,
    limit: L,
}

impl<'a, Q: Iterator<Item = Placed<'a>>, L: Fn(&str) -> usize> Turns<'a, Q, L> {
    /// `senders` gives each one's calls in their order, `limit` the most calls of a commons.
    pub fn new(senders: impl Iterator<Item = Q>, limit: L) -> Turns<'a, Q, L> {
        let mut turns = Turns { senders: Vec::new(), next: BinaryHeap::new(), commons: BTreeMap::new(), limit };
        for (n, queue) in senders.enumerate() {
            turns.senders.push((None, queue));
            turns.queue(n, 0);
        }
        turns
    }

    /// Puts a sender's next call in its place among the others'.
    fn queue(&mut self, sender: usize, sent: usize) {
        let Some((head, rest)) = self.senders.get_mut(sender) else { return };
        let Some((place, tx)) = rest.next() else { return };
        *head = Some(tx);
        let taken = self.commons.get(tx.call().commons.as_str()).map_or(0, |(taken, _)| *taken);
        self.next.push(Reverse((taken, sent, place, sender)));
    }
}

impl<'a, Q: Iterator<Item = Placed<'a>>, L: Fn(&str) -> usize> Iterator for Turns<'a, Q, L> {
    type Item = &'a Transaction;

    fn next(&mut self) -> Option<&'a Transaction> {
        while let Some(Reverse((known, sent, place, sender))) = self.next.pop() {
            let Some(tx) = self.senders.get(sender).and_then(|(head, _)| *head) else { continue };
            let limit = &self.limit;
            let (taken, most) = self.commons.entry(&tx.call().commons).or_insert_with_key(|name| (0, limit(name)));
            if *taken >= *most {
                continue;
            }
            if *taken > known {
                // Others of its commons went before since it was queued.
                self.next.push(Reverse((*taken, sent, place, sender)));
                continue;
            }
            *taken += 1;
            self.queue(sender, sent + 1);
            return Some(tx);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;
    use stint_proto::{Call, CallId, Hash};

    fn tx(sender: u8, id: u8, commons: &str) -> Transaction {
        let key = SigningKey::from_bytes(&[sender; 32]);
        let call = Call {
            chain_id: Hash::ZERO,
            commons: commons.into(),
            method: "/a.B/C".into(),
            request: Vec::new().into(),
            call_id: CallId { key: key.verifying_key().to_bytes(), id: [id; 16] },
            valid_until: 1,
            fuel_limit: 0,
        };
        call.sign(&key).expect("a small call")
    }

    /// Gives (sender, id) in turns of calls that came in this order.
    fn turns(came: &[(u8, u8, &str)], limit: impl Fn(&str) -> usize) -> Vec<(u8, u8)> {
        let calls: Vec<_> = came.iter().map(|(sender, id, commons)| (*sender, tx(*sender, *id, commons))).collect();
        let senders: std::collections::BTreeSet<u8> = came.iter().map(|c| c.0).collect();
        let queue = |s: u8| {
            let own = calls.iter().enumerate().filter(move |(_, (sender, _))| *sender == s);
            own.map(|(place, (_, tx))| (place as u64, tx))
        };
        let name = |tx: &Transaction| {
            let (sender, _) = calls.iter().find(|(_, t)| t.hash() == tx.hash()).expect("one of them");
            (*sender, tx.id().id[0])
        };
        Turns::new(senders.into_iter().map(queue), limit).map(name).collect()
    }

    #[test]
    fn whoever_sends_much_delays_others_by_one_call_each() {
        let all = |_: &str| usize::MAX;
        assert_eq!(
            turns(&[(1, 0, "a"), (1, 1, "a"), (1, 2, "a"), (2, 0, "a"), (3, 0, "b"), (3, 1, "b")], all),
            [(1, 0), (3, 0), (2, 0), (3, 1), (1, 1), (1, 2)]
        );
        let few = |commons: &str| if commons == "a" { 2 } else { 9 };
        assert_eq!(
            turns(&[(1, 0, "a"), (1, 1, "a"), (1, 2, "a"), (1, 3, "b"), (3, 0, "b")], few),
            [(1, 0), (3, 0), (1, 1)],
            "behind what must wait all of its sender waits"
        );
    }

    proptest! {
        #[test]
        fn each_senders_calls_keep_their_order_and_none_is_lost(
            came in proptest::collection::vec((0..5u8, 0..3usize), 0..40),
        ) {
            let came: Vec<_> =
                came.into_iter().enumerate().map(|(n, (s, c))| (s, n as u8, ["a", "b", "c"][c])).collect();
            let order = turns(&came, |_| usize::MAX);
            prop_assert_eq!(order.len(), came.len());
            for sender in 0..5 {
                let own: Vec<_> = order.iter().filter(|c| c.0 == sender).map(|c| c.1).collect();
                prop_assert!(own.is_sorted(), "{:?}", own);
            }
            // Of two senders to the same commons none has two more than the other while both wait.
            let same: Vec<_> = came.iter().map(|c| (c.0, c.1, "a")).collect();
            let order = turns(&same, |_| usize::MAX);
            for end in 0..order.len() {
                let (given, left) = order.split_at(end);
                let count = |s| given.iter().filter(|c| c.0 == s).count();
                let waiting: Vec<_> = (0..5).filter(|s| left.iter().any(|c| c.0 == *s)).map(count).collect();
                let (least, most) = (waiting.iter().min(), waiting.iter().max());
                prop_assert!(least.zip(most).is_none_or(|(l, m)| m - l <= 1), "{:?}", order);
            }
        }
    }
}
