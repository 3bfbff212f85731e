use crate::{
    Hash, Header, Transaction, TransactionError,
    limits::{BLOCK_BYTES, BLOCK_TRANSACTIONS},
    merkle, v1,
};
use bytes::Bytes;
use stint_verifier::Reader;

/// A header and the transactions it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What is signed.
    pub header: Header,
    /// The calls, in the order of execution.
    pub transactions: Vec<Transaction>,
}

/// The bytes are no block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The layout is broken.
    #[error("these bytes are not a block of layout 1: {0}")]
    Malformed(&'static str),
    /// A transaction is broken.
    #[error("transaction {index} of the block: {error}")]
    Transaction {
        /// Its place.
        index: u32,
        /// What is wrong with it.
        error: TransactionError,
    },
}

impl Block {
    /// Bytes of the largest block.
    pub const MAX_BYTES: usize = Header::BYTES + BLOCK_BYTES;

    /// The root that a header names its transactions by.
    pub fn transactions_root(transactions: &[Transaction]) -> Hash {
        merkle::root(transactions.iter().map(|t| t.bytes()))
    }

    /// What a transaction adds to a block.
    pub fn bytes_of(tx: &Transaction) -> usize {
        4 + tx.bytes().len()
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let body: usize = self.transactions.iter().map(Block::bytes_of).sum();
        let mut out = self.header.encode();
        out.reserve_exact(body);
        for tx in &self.transactions {
            out.extend_from_slice(&(tx.bytes().len() as u32).to_be_bytes());
            out.extend_from_slice(tx.bytes());
        }
        out
    }

    /// Reads the canonical bytes, and nothing that [`Block::encode`] would write differently. That
    /// the transactions are those which the header names is for whoever verifies the block.
    pub fn decode(bytes: Bytes) -> Result<Block, BlockError> {
        use BlockError::Malformed;
        if bytes.len() > Block::MAX_BYTES {
            return Err(Malformed("it is larger than a block may be"));
        }
        let mut r = Reader(&bytes);
        let header = Header::read(&mut r).ok_or(Malformed("the header"))?;
        if header.transaction_count as usize > BLOCK_TRANSACTIONS {
            return Err(Malformed("too many transactions"));
        }
        let mut transactions = Vec::with_capacity(header.transaction_count as usize);
        for index in 0..header.transaction_count {
            let tx = r.u32().and_then(|n| r.take(n as usize)).ok_or(Malformed("it ends early"))?;
            let tx = Transaction::decode(bytes.slice_ref(tx));
            transactions.push(tx.map_err(|error| BlockError::Transaction { index, error })?);
        }
        match r.0.is_empty() {
            true => Ok(Block { header, transactions }),
            false => Err(Malformed("it goes on after its last transaction")),
        }
    }
}

impl From<&Header> for v1::Header {
    fn from(h: &Header) -> Self {
        let copy = |b: &[u8]| Bytes::copy_from_slice(b);
        v1::Header {
            chain_id: copy(&h.chain_id.0),
            epoch: h.epoch,
            view: h.view,
            parent_view: h.parent_view,
            height: h.height,
            leader: copy(&h.leader),
            parent: copy(&h.parent.0),
            time_ms: h.time_ms,
            transactions_root: copy(&h.transactions_root.0),
            transaction_count: h.transaction_count,
            protocol_version: h.protocol_version,
            executed_height: h.executed_height,
            state_root: copy(&h.state_root.0),
            results_root: copy(&h.results_root.0),
            next_committee: copy(&h.next_committee.0),
        }
    }
}

impl From<&Block> for v1::Block {
    fn from(b: &Block) -> Self {
        v1::Block {
            header: Some((&b.header).into()),
            hash: Bytes::copy_from_slice(&b.header.hash().0),
            transactions: b.transactions.iter().map(Into::into).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Call, CallId};
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    fn block(count: u8) -> Block {
        let key = SigningKey::from_bytes(&[3; 32]);
        let tx = |i: u8| {
            Call {
                chain_id: Hash([1; 32]),
                commons: "forge".into(),
                method: "/a.B/C".into(),
                request: vec![i; 5].into(),
                call_id: CallId { key: key.verifying_key().to_bytes(), id: [i; 16] },
                valid_until: 10,
                fuel_limit: 0,
            }
            .sign(&key)
            .unwrap()
        };
        let transactions: Vec<_> = (0..count).map(tx).collect();
        let header = Header {
            chain_id: Hash([1; 32]),
            epoch: 2,
            view: 3,
            parent_view: 4,
            height: 5,
            leader: [6; 32],
            parent: Hash([7; 32]),
            time_ms: 8,
            transactions_root: Block::transactions_root(&transactions),
            transaction_count: count.into(),
            protocol_version: 9,
            executed_height: 10,
            state_root: Hash([11; 32]),
            results_root: Hash([12; 32]),
            next_committee: Hash::ZERO,
        };
        Block { header, transactions }
    }

    #[test]
    fn a_block_reads_back() {
        let b = block(3);
        assert_eq!(b.header.encode().len(), Header::BYTES);
        assert_eq!(Header::decode(&b.header.encode()), Some(b.header.clone()));
        assert_eq!(Block::decode(b.encode().into()), Ok(b));
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_bytes(count in 0u8..4, at: prop::sample::Index, bit in 0u8..8, cut: prop::sample::Index) {
            let mut bytes = block(count).encode();
            let i = at.index(bytes.len());
            bytes[i] ^= 1 << bit;
            let cut = cut.index(bytes.len());
            for bytes in [bytes.clone(), bytes[..cut].to_vec(), [bytes, vec![0]].concat()] {
                if let Ok(b) = Block::decode(bytes.clone().into()) {
                    prop_assert_eq!(b.encode(), bytes);
                }
            }
        }

        #[test]
        fn a_header_has_another_hash_after_any_change(at in 1usize..Header::BYTES, bit in 0u8..8) {
            let header = block(1).header;
            let mut bytes = header.encode();
            bytes[at] ^= 1 << bit;
            prop_assert_ne!(Header::decode(&bytes).unwrap().hash(), header.hash());
        }
    }
}
