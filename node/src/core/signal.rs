use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// A value that some change and others wait for. Unlike tokio's `watch` it wakes those who wait in
/// the order in which they came, so a simulation of it repeats itself.
pub struct Signal<T> {
    value: Mutex<T>,
    changed: Notify,
}

impl<T: Copy> Signal<T> {
    /// Starts with a value.
    pub fn new(value: T) -> Signal<T> {
        Signal { value: Mutex::new(value), changed: Notify::new() }
    }

    /// The value now.
    pub fn get(&self) -> T {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the value and wakes all who wait.
    pub fn set(&self, value: T) {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = value;
        self.changed.notify_waiters();
    }

    /// Waits until `look` finds in the value what it looks for.
    pub async fn find<R>(&self, mut look: impl FnMut(T) -> Option<R>) -> R {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on a change is noticed, so none falls between the look and the wait.
            changed.as_mut().enable();
            if let Some(found) = look(self.get()) {
                return found;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_change_is_never_missed() {
        let signal = Arc::new(Signal::new(0u32));
        let waiting = {
            let s = signal.clone();
            tokio::spawn(async move { s.find(|v| (v >= 100).then_some(v)).await })
        };
        for v in 1..=100 {
            signal.set(v);
            tokio::task::yield_now().await;
        }
        assert_eq!(waiting.await.unwrap(), 100);
    }
}
