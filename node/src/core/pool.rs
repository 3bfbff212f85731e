//! Calls that wait to be ordered.
//!
//! Pure: a value with methods, no clock and no task. Calls leave in turns, see [`Turns`].

use super::turns::Turns;
use std::collections::{BTreeMap, BTreeSet};
use stint_proto::{
    Block, CallId, Code, Hash, Refusal, Transaction,
    limits::{BLOCK_BYTES, BLOCK_TRANSACTIONS, POOL_BYTES, POOL_CALLS, POOL_RETRY_MS, POOL_SENDER_CALLS},
};

/// Calls that wait to be ordered, bounded in number and bytes, for each sender too.
#[derive(Default)]
pub struct Pool {
    calls: BTreeMap<CallId, Waiting>,
    expiry: BTreeSet<(u64, CallId)>,
    /// Of each sender its calls, by their places.
    senders: BTreeMap<[u8; 32], BTreeMap<u64, CallId>>,
    bytes: usize,
    next: u64,
}

struct Waiting {
    tx: Transaction,
    place: u64,
}

impl Pool {
    /// Number of waiting calls.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// True when exactly this signed call waits here; then its signature was checked.
    pub fn holds(&self, id: CallId, hash: Hash) -> bool {
        self.calls.get(&id).is_some_and(|w| w.tx.hash() == hash)
    }

    /// Takes a call whose signature was checked. `false` when it waits here already.
    pub fn add(&mut self, tx: Transaction) -> Result<bool, Refusal> {
        let id = tx.id();
        if let Some(known) = self.calls.get(&id) {
            return match known.tx.hash() == tx.hash() {
                true => Ok(false),
                false => Err(other_content(id)),
            };
        }
        let size = tx.bytes().len();
        let sent = self.senders.get(&id.key).map_or(0, BTreeMap::len);
        if self.calls.len() >= POOL_CALLS || self.bytes + size > POOL_BYTES {
            let words = format!("{} calls with {} bytes wait here", self.calls.len(), self.bytes);
            return Err(full(words, self.calls.len(), POOL_CALLS));
        }
        if sent >= POOL_SENDER_CALLS {
            return Err(full(format!("{sent} calls of this key wait here"), sent, POOL_SENDER_CALLS));
        }
        self.bytes += size;
        self.senders.entry(id.key).or_default().insert(self.next, id);
        self.expiry.insert((tx.call().valid_until, id));
        self.calls.insert(id, Waiting { tx, place: self.next });
        self.next += 1;
        Ok(true)
    }

    /// The next calls for a block at `height`, at most `most` of them and `quota` of each commons, without those in
    /// `ordered`. They stay here until they are settled.
    pub fn draft(
        &self,
        height: u64,
        ordered: &BTreeSet<CallId>,
        most: usize,
        quota: impl Fn(&str) -> usize,
    ) -> Vec<Transaction> {
        let fits = |tx: &Transaction| !ordered.contains(&tx.id()) && tx.call().valid_until >= height;
        let call = |(place, id): (&u64, &CallId)| Some((*place, &self.calls.get(id)?.tx));
        let queues = self.senders.values().map(|queue| queue.iter().filter_map(call).filter(|(_, tx)| fits(tx)));
        let mut bytes = 0;
        let mut has_room = |tx: &&Transaction| {
            bytes += Block::bytes_of(tx);
            bytes <= BLOCK_BYTES
        };
        let turns = Turns::new(queues, quota).take(most.min(BLOCK_TRANSACTIONS));
        turns.take_while(|tx| has_room(tx)).cloned().collect()
    }

    /// True when [`Pool::draft`] would have something.
    pub fn has_draft(&self, height: u64, ordered: &BTreeSet<CallId>) -> bool {
        self.calls.iter().any(|(id, w)| !ordered.contains(id) && w.tx.call().valid_until >= height)
    }

    /// Lets go of calls that were executed, and of those that expired by `height`.
    pub fn settle(&mut self, executed: impl IntoIterator<Item = CallId>, height: u64) {
        for id in executed {
            self.remove(id);
        }
        while let Some((_, id)) = self.expiry.first().copied().filter(|(until, _)| *until <= height) {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: CallId) {
        let Some(Waiting { tx, place }) = self.calls.remove(&id) else { return };
        self.expiry.remove(&(tx.call().valid_until, id));
        self.bytes -= tx.bytes().len();
        if let Some(left) = self.senders.get_mut(&id.key) {
            left.remove(&place);
            if left.is_empty() {
                self.senders.remove(&id.key);
            }
        }
    }
}

/// The refusal of a call whose id stands for another one.
pub fn other_content(id: CallId) -> Refusal {
    let message =
        format!("the id {} was used for a call with other content; draw a new id for each call", hex::encode(id.id));
    Refusal::new(Code::AlreadyExists, "id", message)
}

fn full(what: String, waiting: usize, limit: usize) -> Refusal {
    let message = format!("{what}; send it again in {POOL_RETRY_MS} ms, or to another node");
    let mut refusal = Refusal::new(Code::ResourceExhausted, "pool", message);
    let facts =
        [("waiting", waiting.to_string()), ("limit", limit.to_string()), ("retry_ms", POOL_RETRY_MS.to_string())];
    refusal.details = facts.map(|(name, fact)| (name.to_string(), fact)).into();
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use stint_proto::Call;

    fn tx(sender: u8, id: u16, valid_until: u64, size: usize) -> Transaction {
        let key = SigningKey::from_bytes(&[sender; 32]);
        let mut call_id = [0; 16];
        call_id[..2].copy_from_slice(&id.to_be_bytes());
        Call {
            chain_id: Hash::ZERO,
            commons: "forge".into(),
            method: "/a.B/C".into(),
            request: vec![0; size].into(),
            call_id: CallId { key: key.verifying_key().to_bytes(), id: call_id },
            valid_until,
            fuel_limit: 0,
        }
        .sign(&key)
        .unwrap()
    }

    #[test]
    fn calls_leave_in_the_order_in_which_they_came() {
        let mut pool = Pool::default();
        for i in [5, 3, 9] {
            assert_eq!(pool.add(tx(1, i, 10, 1)), Ok(true));
            assert_eq!(pool.add(tx(1, i, 10, 1)), Ok(false));
        }
        let ids = |pool: &Pool, height, ordered: &BTreeSet<CallId>| -> Vec<u8> {
            pool.draft(height, ordered, usize::MAX, |_| usize::MAX).iter().map(|t| t.id().id[1]).collect()
        };
        let none = BTreeSet::new();
        assert_eq!(ids(&pool, 10, &none), [5, 3, 9]);
        assert_eq!(ids(&pool, 10, &BTreeSet::from([tx(1, 3, 10, 1).id()])), [5, 9]);
        assert_eq!(ids(&pool, 11, &none), [0u8; 0]);
        assert!(pool.has_draft(10, &none) && !pool.has_draft(11, &none));
        pool.settle([tx(1, 5, 10, 1).id()], 9);
        assert_eq!(ids(&pool, 10, &none), [3, 9]);
        pool.settle([], 10);
        assert_eq!((pool.len(), pool.bytes, pool.senders.len(), pool.expiry.len()), (0, 0, 0, 0));
    }

    #[test]
    fn an_id_stands_for_one_content() {
        let mut pool = Pool::default();
        pool.add(tx(1, 1, 10, 1)).unwrap();
        assert_eq!(pool.add(tx(1, 1, 10, 2)).unwrap_err().rule, "id");
        assert_eq!(pool.add(tx(2, 1, 10, 2)), Ok(true));
    }

    #[test]
    fn a_block_is_never_overfilled() {
        let mut pool = Pool::default();
        for i in 0..12 {
            pool.add(tx(1, i, 10, 100_000)).unwrap();
        }
        let draft = pool.draft(1, &BTreeSet::new(), usize::MAX, |_| usize::MAX);
        assert_eq!(draft.len(), 10);
        assert!(draft.iter().map(Block::bytes_of).sum::<usize>() <= BLOCK_BYTES);
    }

    #[test]
    fn one_sender_cannot_fill_the_pool() {
        let mut pool = Pool::default();
        for i in 0..POOL_SENDER_CALLS as u16 {
            pool.add(tx(1, i, 10, 0)).unwrap();
        }
        let refusal = pool.add(tx(1, u16::MAX, 10, 0)).unwrap_err();
        assert_eq!((refusal.code, refusal.rule.as_str()), (Code::ResourceExhausted, "pool"));
        assert_eq!((&refusal.details["limit"][..], &refusal.details["retry_ms"][..]), ("10000", "1000"));
        assert_eq!(pool.add(tx(2, 0, 10, 0)), Ok(true));
    }
}
