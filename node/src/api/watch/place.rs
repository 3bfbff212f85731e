use stint_proto::v1;

/// A place on the ledger: in front of this event of this call of this block. Ordered as the ledger is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub height: u64,
    /// The call in the block.
    pub index: u32,
    /// The event of the call.
    pub event: u32,
}

impl Place {
    /// In front of a block.
    pub fn block(height: u64) -> Place {
        Place { height, index: 0, event: 0 }
    }

    /// Behind this block.
    pub fn behind_block(self) -> Place {
        Place::block(self.height.saturating_add(1))
    }

    /// Behind a call of this block.
    pub fn behind_call(self, index: u32) -> Place {
        Place { index: index.saturating_add(1), event: 0, ..self }
    }

    /// Behind an event of a call of this block.
    pub fn behind_event(self, index: u32, event: u32) -> Place {
        Place { index, event: event.saturating_add(1), ..self }
    }
}

impl From<v1::Cursor> for Place {
    fn from(c: v1::Cursor) -> Place {
        Place { height: c.height, index: c.index, event: c.event }
    }
}

impl From<Place> for v1::Cursor {
    fn from(p: Place) -> v1::Cursor {
        v1::Cursor { height: p.height, index: p.index, event: p.event }
    }
}
