//! Partitions, however long, are over when they are over.

use stint_tests::{World, simulate};

/// How long the ledger lies apart, simulated.
const APART_MS: u64 = 20 * 60_000;
/// Within which all go on together.
const TOGETHER_MS: u64 = 10_000;
/// The same for one that misses twelve hundred blocks: the engine asks for sixty-four a second and peer.
const CAUGHT_UP_MS: u64 = 40_000;

/// Waits until all four have gone on from one place, and says how long that took.
async fn together(world: &World, limit_ms: u64, what: &str) {
    let (healed, newest) = (world.now_ms(), (0..4).map(|i| world.tip(i).height).max().unwrap_or_default());
    let goes_on = world.wait(limit_ms, |w| (0..4).all(|i| w.tip(i).height > newest + 2)).await;
    let heights: Vec<_> = (0..4).map(|i| world.tip(i).height).collect();
    println!("{what}: all together after {} ms", world.now_ms() - healed);
    assert!(goes_on, "{what}: {heights:?} after {newest}");
}

#[test]
fn after_a_partition_of_any_length_all_go_on_within_seconds() {
    simulate(21, 4, |mut world| async move {
        assert!(world.wait(20_000, |w| w.tip(0).height >= 3).await);
        let before = world.tip(0).height;
        world.partition(&[0, 1]);
        world.sleep(APART_MS).await;
        assert!((0..4).all(|i| world.tip(i).height <= before + 2), "no half goes on");
        world.heal(&[0, 1]);
        together(&world, TOGETHER_MS, "two halves").await;

        // One that misses a thousand blocks and more.
        let before = world.tip(3).height;
        world.partition(&[3]);
        world.sleep(APART_MS).await;
        assert!(world.tip(3).height <= before + 2 && world.tip(0).height > before + 500);
        world.heal(&[3]);
        together(&world, CAUGHT_UP_MS, "one of four").await;

        // Everybody is cut from everybody, and all processes end meanwhile.
        world.engines().everywhere(|w| w.cut = true);
        world.sleep(APART_MS).await;
        for i in 0..4 {
            world.crash(i).await;
        }
        for i in 0..4 {
            world.restart(i).await;
        }
        world.engines().everywhere(|w| w.cut = false);
        together(&world, TOGETHER_MS, "all apart, and all restarted").await;
    });
}
