//! Where an engine begins that does not know the blocks before: they were fetched and executed without it.

use super::Node;
use stint_consensus::Floor;
use stint_proto::Block;
use stint_store::StoreError;

/// Heights behind the engine's first block after which it surely knows its own way.
const HEIGHTS: u64 = 1_000;

impl Node {
    /// Lets the next engine begin behind the newest block that has votes here.
    pub fn begin_anew(&self) -> Result<Option<Floor>, StoreError> {
        if let Some(newest) = self.store.newest_signed()? {
            self.store.set_floor(newest)?;
        }
        self.floor()
    }

    /// Where the engine was last begun anew, as long as it may not have got beyond that.
    pub(crate) fn floor(&self) -> Result<Option<Floor>, StoreError> {
        let Some(height) = self.store.floor()? else { return Ok(None) };
        if self.tip().height > height + HEIGHTS {
            return Ok(None);
        }
        let missing = || StoreError::Damaged(format!("block {height}, with which the engine began, or its votes"));
        let block = self.store.block(height)?.and_then(|b| Block::decode(b).ok()).ok_or_else(missing)?;
        let certificate = self.store.certificate(height)?.ok_or_else(missing)?;
        Ok(Some(Floor { block, certificate }))
    }
}
