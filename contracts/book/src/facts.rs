//! What an event is about for one of its resources: all that its effect depends on, beside the resource itself.

use crate::{
    actions::{Action, Change},
    proto::{Event, Side},
};
use stint_sdk::Decimal;

/// All that an effect depends on beside the resource.
pub struct Facts<'a> {
    pub action: &'static Action,
    pub event: &'a Event,
    pub side: Side,
    /// In the resource's unit; negative in a correction that takes back.
    pub quantity: Decimal,
    /// Of the corrected event, when this is a correction: whether it concerned the whole resource.
    pub corrects_whole: bool,
    /// This correction takes the corrected event back altogether.
    pub undoes: bool,
    /// The specification lets its resources fall below zero.
    pub overdraft: bool,
    /// The specification of the process.
    pub stage: String,
    /// Where the resource is put.
    pub container: String,
    /// The event creates the resource.
    pub created: bool,
}

impl Facts<'_> {
    pub fn is_correction(&self) -> bool {
        !self.event.corrects.is_empty()
    }

    /// The resource is a container, which the event does not change.
    pub fn is_container(&self) -> bool {
        self.side == Side::To && self.action.contained == Change::Update
    }

    /// The only resource that the event names.
    pub fn alone(&self) -> bool {
        self.event.resource_inventoried_as.is_empty() || self.other().is_empty()
    }

    /// The receiver's resource; a container is none.
    pub fn other(&self) -> &str {
        if self.action.contained == Change::Update { "" } else { &self.event.to_resource_inventoried_as }
    }

    /// The transfer in the event: the action itself, or the one that different agents imply.
    pub fn transfer(&self) -> Option<&'static Action> {
        if self.action.is_transfer() { Some(self.action) } else { self.implied() }
    }

    pub fn implied(&self) -> Option<&'static Action> {
        let (provider, receiver) = (&self.event.provider, &self.event.receiver);
        if self.action.only_mentions() {
            return None;
        }
        let differ = !provider.is_empty() && !receiver.is_empty() && provider != receiver;
        if differ || !self.other().is_empty() { self.action.implied() } else { None }
    }

    /// R2: whether the action itself, beside a transfer, acts on this side.
    pub fn acts_here(&self) -> bool {
        let receivers = self.action.is_input() && self.implied().is_some() && !self.other().is_empty();
        (self.side == Side::To) == receivers
    }
}
