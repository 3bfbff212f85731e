//! A network that is slower than rounds are usually waited for.

use super::found;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use stint_tests::{World, simulate};

/// Simulated time within which ten blocks come on the slow network.
const SLOW_MS: u64 = 600_000;
/// And within which all is as usual after it.
const USUAL_MS: u64 = 30_000;

fn patience(world: &World) -> Vec<u32> {
    (0..4).map(|i| world.node(i).health().patience()).collect()
}

/// With two seconds each way no proposal comes within the two seconds that a leader is usually waited for.
#[test]
fn rounds_are_waited_for_longer_on_a_slow_network_and_as_usual_again_after_it() {
    simulate(13, 4, |mut world| async move {
        found(&mut world).await;
        assert_eq!(patience(&world), [1; 4]);
        world.engines().everywhere(|w| w.delay_ms = (2_000, 2_000));
        let before = world.tip(0).height;
        let most = AtomicU32::new(1);
        let ten = |w: &World| {
            let longest = patience(w).into_iter().max().unwrap_or_default();
            most.fetch_max(longest, Relaxed);
            (0..4).all(|i| w.tip(i).height > before + 10)
        };
        let goes_on = world.wait(SLOW_MS, ten).await;
        let most = most.load(Relaxed);
        println!("ten blocks until {} s, rounds were waited for {most} times as long", world.now_ms() / 1000);
        assert!(goes_on, "block {} after {before}, {:?}", world.tip(0).height, patience(&world));
        assert!((2..=4).contains(&most), "{most}");
        world.engines().everywhere(|w| w.delay_ms = (15, 25));
        let usual = world.wait(USUAL_MS, |w| patience(w) == [1; 4]).await;
        assert!(usual, "{:?}", patience(&world));
    });
}
