//! What the tests share: a devnet of real processes in a folder of its own, git repositories made for
//! the purpose, and a world of real nodes on simulated time and network.
#![forbid(unsafe_code)]

mod ailing;
mod bent;
mod counter;
mod devnet;
pub mod finality;
mod lies;
mod mortal;
mod repository;
pub mod storm;
mod world;

pub use ailing::Ills;
pub use devnet::{Devnet, stint_program};
pub use lies::DraftLie;
pub use mortal::Death;
pub use repository::TestRepository;
pub use world::{Plan, Untruth, World, simulate, simulate_plan, simulate_unbegun};

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
