//! Our block in the engine's clothes.

use bytes::{BufMut, Bytes};
use commonware_codec::{Buf, Copying, DecodeExt, EncodeSize, Error, RangeCfg, Read, Write};
use commonware_consensus::{
    Block as EngineBlock, BoundedBlock, CertifiableBlock, Heightable,
    simplex::types::Context as SimplexContext,
    types::{Epoch, Height, Round, View},
};
use commonware_cryptography::{Digestible, ed25519::PublicKey, sha256::Digest};
use std::sync::Arc;
use stint_proto::{Block, Hash};

pub type Context = SimplexContext<Digest, PublicKey>;

/// A block with its encoding and hash, computed once. Its digest is the hash of the header, which
/// names the round, the leader, the parent and the transactions, so whoever signs the digest signs
/// all of it.
#[derive(Clone, Debug)]
pub struct Ordered {
    pub block: Arc<Block>,
    encoded: Bytes,
    digest: Digest,
    leader: PublicKey,
}

impl Ordered {
    pub fn new(block: Block) -> Result<Ordered, Error> {
        let encoded = Bytes::from(block.encode());
        Ordered::with_bytes(block, encoded)
    }

    fn with_bytes(block: Block, encoded: Bytes) -> Result<Ordered, Error> {
        let leader = PublicKey::decode(Copying(&block.header.leader))?;
        Ok(Ordered { digest: digest(block.header.hash()), block: Arc::new(block), encoded, leader })
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.encoded == other.encoded
    }
}

impl Eq for Ordered {}

pub fn digest(hash: Hash) -> Digest {
    Digest::from(hash.0)
}

pub fn hash(digest: &Digest) -> Hash {
    Hash::try_from(digest.as_ref()).unwrap_or_default()
}

impl Write for Ordered {
    fn write(&self, buf: &mut impl BufMut) {
        self.encoded.write(buf);
    }
}

impl EncodeSize for Ordered {
    fn encode_size(&self) -> usize {
        self.encoded.encode_size()
    }
}

impl Read for Ordered {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, _: &()) -> Result<Self, Error> {
        let encoded = Bytes::read_cfg(buf, &RangeCfg::from(0..=Block::MAX_BYTES))?;
        let block = Block::decode(encoded.clone()).map_err(|_| Error::Invalid("block", "not in canonical bytes"))?;
        // The header names its transactions: another body under the same digest is no block.
        if Block::transactions_root(&block.transactions) != block.header.transactions_root {
            return Err(Error::Invalid("block", "its transactions are not those of its header"));
        }
        Ordered::with_bytes(block, encoded)
    }
}

impl BoundedBlock for Ordered {
    fn max_encode_size(_: &()) -> usize {
        Block::MAX_BYTES + 10
    }
}

impl Digestible for Ordered {
    type Digest = Digest;

    fn digest(&self) -> Digest {
        self.digest
    }
}

impl Heightable for Ordered {
    fn height(&self) -> Height {
        Height::new(self.block.header.height)
    }
}

impl EngineBlock for Ordered {
    fn parent(&self) -> Digest {
        digest(self.block.header.parent)
    }
}

impl CertifiableBlock for Ordered {
    type Context = Context;

    fn context(&self) -> Context {
        let h = &self.block.header;
        Context {
            round: Round::new(Epoch::new(h.epoch), View::new(h.view)),
            leader: self.leader.clone(),
            parent: (View::new(h.parent_view), digest(h.parent)),
        }
    }
}
