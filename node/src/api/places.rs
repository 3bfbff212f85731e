use std::sync::Arc;
use stint_proto::{Code, Refusal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A bounded number of places for one kind of work that stays a while; none is waited for.
#[derive(Clone)]
pub struct Places {
    rule: &'static str,
    limit: usize,
    words: String,
    free: Arc<Semaphore>,
}

impl Places {
    /// For streams; `rule` names them, in the plural.
    pub fn new(rule: &'static str, limit: usize) -> Places {
        Places::saying(rule, limit, &format!("{rule} are open on this node; ask another node, or again later"))
    }

    /// The same with other words behind the number: what takes the places, and what would be accepted.
    pub fn saying(rule: &'static str, limit: usize, words: &str) -> Places {
        Places { rule, limit, words: format!("{limit} {words}"), free: Arc::new(Semaphore::new(limit)) }
    }

    /// A place for as long as it is held.
    pub fn take(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let full = |_| Refusal::new(Code::ResourceExhausted, self.rule, self.words.clone());
        self.free.clone().try_acquire_owned().map_err(full)
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.limit - self.free.available_permits()
    }
}
