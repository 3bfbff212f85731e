use std::sync::Arc;
use stint_proto::{Code, Refusal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A bounded number of places for one kind of stream; none is waited for.
#[derive(Clone)]
pub struct Places {
    rule: &'static str,
    limit: usize,
    free: Arc<Semaphore>,
}

impl Places {
    /// `rule` names what is bounded, in the plural.
    pub fn new(rule: &'static str, limit: usize) -> Places {
        Places { rule, limit, free: Arc::new(Semaphore::new(limit)) }
    }

    /// A place for as long as it is held.
    pub fn take(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.free.clone().try_acquire_owned().map_err(|_| {
            let message =
                format!("{} {} are open on this node; ask another node, or again later", self.limit, self.rule);
            Refusal::new(Code::ResourceExhausted, self.rule, message)
        })
    }
}
