//! The messages that contracts announce, by their descriptors.

use crate::core::Node;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};
use stint_proto::{Hash, Refusal, v1};
use stint_runtime::{Directory, Overlay};

/// Descriptors that are kept decoded, for all streams together: each may take some MB.
const KEPT: usize = 16;

/// Finds the type of an event. The pure side of a stream asks no more of a node.
pub trait Shapes: Sync {
    /// The message in an event of a block; `None` when no descriptor tells.
    fn of(&self, event: &v1::Event, height: u64) -> Option<MessageDescriptor>;
}

/// Those of the contracts that are deployed.
pub struct Deployed {
    node: Arc<Node>,
    /// The last used stands first; `None` for a descriptor that cannot be read.
    kept: Mutex<VecDeque<(Hash, Option<DescriptorPool>)>>,
}

impl Deployed {
    pub fn new(node: Arc<Node>) -> Deployed {
        Deployed { node, kept: Mutex::default() }
    }

    fn pool(&self, directory: &Directory<'_>, code: Hash) -> Option<DescriptorPool> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = kept();
        if let Some(at) = all.iter().position(|(hash, _)| *hash == code) {
            let found = all.remove(at)?;
            all.push_front(found.clone());
            return found.1;
        }
        drop(all);
        let contract = directory.load(&code.0).ok()?;
        let pool = DescriptorPool::decode(contract.descriptor.file_set.as_slice()).ok();
        let mut all = kept();
        all.push_front((code, pool.clone()));
        all.truncate(KEPT);
        pool
    }

    /// The messages by this name or end of a name that contracts of now declare, of one commons or service if they are
    /// named.
    pub fn named(&self, commons: &str, service: &str, ty: &str) -> Result<Vec<MessageDescriptor>, Refusal> {
        let overlay = Overlay::new(Arc::new(self.node.store.state_at(self.node.tip().height)));
        let directory = Directory::new(&self.node.contracts, &overlay);
        let mut instances = directory.instances().map_err(|e| self.node.unreadable(&e))?;
        let is = |asked: &str, found: &str| asked.is_empty() || asked == found;
        instances.retain(|i| is(commons, &i.commons) && is(service, &i.service));
        instances.dedup_by_key(|i| i.code);
        let pools = instances.iter().take(KEPT).filter_map(|i| self.pool(&directory, i.code));
        Ok(pools.flat_map(|p| p.all_messages().filter(|m| is_named(ty, m.full_name())).collect::<Vec<_>>()).collect())
    }
}

impl Shapes for Deployed {
    fn of(&self, event: &v1::Event, height: u64) -> Option<MessageDescriptor> {
        let height = height.max(self.node.store.oldest().state);
        let overlay = Overlay::new(Arc::new(self.node.store.state_at(height)));
        let directory = Directory::new(&self.node.contracts, &overlay);
        let code = directory.code(&event.commons, &event.service).ok()??;
        self.pool(&directory, code)?.get_message_by_name(&event.r#type)
    }
}

/// Whether a name is the asked one, or ends with it behind a dot.
pub fn is_named(asked: &str, name: &str) -> bool {
    name.strip_suffix(asked).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}
