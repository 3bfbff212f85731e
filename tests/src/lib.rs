//! What the tests share: a devnet of real processes in a folder of its own, git repositories made for
//! the purpose, and a world of real nodes on simulated time and network.
#![forbid(unsafe_code)]

mod devnet;
mod mortal;
mod repository;
mod world;

pub use devnet::{Devnet, stint_program};
pub use mortal::Death;
pub use repository::TestRepository;
pub use world::{Plan, World, simulate, simulate_plan};

/// Waits until `holds` answers, looking often; panics with `what` after `seconds`.
pub async fn eventually<T>(what: &str, seconds: u64, mut holds: impl AsyncFnMut() -> Option<T>) -> T {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    loop {
        if let Some(found) = holds().await {
            return found;
        }
        assert!(std::time::Instant::now() < end, "not within {seconds} s: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
