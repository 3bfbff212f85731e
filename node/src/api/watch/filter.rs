//! What is meant. All that is said must hold.

use super::{
    field::Wanted,
    happened::Happened,
    shapes::{Deployed, Shapes, is_named},
};
use prost_reflect::DynamicMessage;
use stint_proto::{Code, Refusal, Transaction, limits::WATCH_FIELDS, v1};

/// What a reader wants to hear of.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    commons: String,
    service: String,
    ty: String,
    agent: String,
    fields: Vec<Wanted>,
}

fn is(asked: &str, found: &str) -> bool {
    asked.is_empty() || asked == found
}

impl Filter {
    /// Reads it.
    pub fn read(asked: v1::WatchFilter) -> Result<Filter, Refusal> {
        let refused = |message: String| Refusal::new(Code::InvalidArgument, "watch-filter", message);
        let v1::WatchFilter { commons, service, r#type, agent, fields } = asked;
        if fields.len() > WATCH_FIELDS {
            return Err(refused(format!("{} fields; the limit is {WATCH_FIELDS}", fields.len())));
        }
        let fields = fields.iter().map(|f| Wanted::read(f)).collect::<Result<_, _>>().map_err(refused)?;
        Ok(Filter { commons, service, ty: r#type, agent, fields })
    }

    /// Refuses fields that no event of the named type can hold, as far as its contract is deployed.
    pub fn check(&self, shapes: &Deployed) -> Result<(), Refusal> {
        if self.ty.is_empty() || self.fields.is_empty() {
            return Ok(());
        }
        let types = shapes.named(&self.commons, &self.service, &self.ty)?;
        let misfit = |ty| self.fields.iter().find_map(|f| f.fits(ty).err());
        match types.iter().map(misfit).collect::<Option<Vec<String>>>().and_then(|all| all.into_iter().next()) {
            None => Ok(()),
            Some(why) => Err(Refusal::new(Code::InvalidArgument, "watch-filter", why)),
        }
    }

    /// True when it must look into messages, whose types are looked up.
    pub fn has_fields(&self) -> bool {
        !self.fields.is_empty()
    }

    /// True when blocks alone do not tell.
    pub fn needs_receipts(&self) -> bool {
        !self.ty.is_empty() || self.has_fields()
    }

    /// True when every block is meant.
    pub fn is_empty(&self) -> bool {
        is(&self.commons, "") && is(&self.service, "") && is(&self.agent, "") && !self.needs_receipts()
    }

    fn holds(&self, event: &v1::Event, height: u64, shapes: &dyn Shapes) -> bool {
        if !self.ty.is_empty() && !is_named(&self.ty, &event.r#type) {
            return false;
        }
        if self.fields.is_empty() {
            return true;
        }
        let message = shapes.of(event, height).and_then(|ty| DynamicMessage::decode(ty, &event.body[..]).ok());
        message.is_some_and(|m| self.fields.iter().all(|f| f.holds(&m)))
    }

    /// Whether an event is meant.
    pub fn means_event(&self, of: &Happened, key: &[u8], event: &v1::Event, shapes: &dyn Shapes) -> bool {
        is(&self.commons, &event.commons)
            && is(&self.service, &event.service)
            && is(&self.agent, of.agent(key))
            && self.holds(event, of.block.header.height, shapes)
    }

    /// Whether a call is meant, with its receipt where that is kept.
    pub fn means_call(
        &self,
        of: &Happened,
        tx: &Transaction,
        receipt: Option<&v1::Receipt>,
        shapes: &dyn Shapes,
    ) -> bool {
        let call = tx.call();
        let service = call.method.trim_start_matches('/').rsplit_once('/').map_or("", |(service, _)| service);
        is(&self.commons, &call.commons)
            && is(&self.service, service)
            && is(&self.agent, of.agent(&call.call_id.key))
            && (!self.needs_receipts()
                || receipt.is_some_and(|r| r.events.iter().any(|e| self.holds(e, of.block.header.height, shapes))))
    }
}
