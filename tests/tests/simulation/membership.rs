//! Validators join, leave and change their keys while calls flow.

use crate::command_by;
use prost::Message;
use stint_consensus::Left;
use stint_node::core::Outcome;
use stint_proto::{Epochs, v1};
use stint_tests::{Plan, World, simulate_plan};
use stint_verifier::{Fact, verify};

const EPOCH: u64 = 20;

async fn decide(world: &mut World, method: &str, request: &impl Message) {
    // The validator 1 stays.
    command_by(world, 1, "consortium", &format!("/stint.v1.Kernel/{method}"), request).await;
}

async fn add(world: &mut World, i: usize) {
    let (p2p, grpc) = ("127.0.0.1:1".into(), "127.0.0.1:2".into());
    let request = v1::AddValidatorRequest { name: world.name(i), key: world.key(i).to_vec().into(), p2p, grpc };
    decide(world, "AddValidator", &request).await;
}

async fn remove(world: &mut World, i: usize) {
    let name = world.name(i);
    decide(world, "RemoveValidator", &v1::RemoveValidatorRequest { name }).await;
}

/// A validator says itself that it is ready.
async fn ready(world: &mut World, i: usize) {
    let call = world.sign_as(i, "/stint.v1.Kernel/Ready", Vec::new());
    let end = world.submit(i, call).expect("accepted").await;
    let Some(Outcome::Receipt(receipt)) = end else { panic!("{end:?}") };
    assert_eq!(v1::Receipt::decode(receipt).expect("a receipt").refusal, None);
}

/// The committee of the epoch that a validator is in.
fn committee(world: &World, of: usize) -> Vec<usize> {
    let node = world.node(of);
    let epoch = Epochs::new(EPOCH).of(node.tip().height);
    let (_, committee) = node.committee(epoch).expect("readable").expect("decided");
    (0..world.places()).filter(|i| committee.keys().contains(&world.key(*i))).collect()
}

async fn until_committee_is(world: &World, of: usize, expected: &[usize]) {
    let holds = world.wait(200_000, |w| committee(w, of) == expected).await;
    assert!(holds, "{:?} at {}, not {expected:?}", committee(world, of), world.tip(of).height);
}

/// Whether a validator's newest blocks can be proved to someone who knows the genesis file alone.
fn proves(world: &World, i: usize) -> u64 {
    let request = v1::prove_request::Fact::Block(world.tip(i).height.saturating_sub(2));
    let Ok(answer) = world.node(i).prove(&request) else { panic!("no proof") };
    let proof = answer.proof;
    let proven = verify(&world.trust(), &proof).expect("it leads from the genesis file");
    assert!(matches!(proven.fact, Fact::Block(_)));
    proven.handovers.len() as u64
}

#[test]
fn validators_join_and_leave_and_the_ledger_goes_on() {
    let plan = Plan { places: 6, founders: 4, epoch_blocks: EPOCH, announce: false };
    let (handovers, _) = simulate_plan(1, plan, |mut world| async move {
        assert!(world.wait(60_000, |w| w.tip(0).height >= 3).await);
        add(&mut world, 4).await;
        world.restart(4).await;
        // It follows from the beginning, and counts once it has said that it may.
        assert!(world.wait(60_000, |w| w.tip(4).height + 2 >= w.tip(0).height).await, "it follows");
        let before = Epochs::new(EPOCH).of(world.tip(0).height);
        assert!(world.wait(200_000, |w| Epochs::new(EPOCH).of(w.tip(0).height) > before + 1).await);
        assert_eq!(committee(&world, 0), [0, 1, 2, 3]);
        ready(&mut world, 4).await;
        until_committee_is(&world, 0, &[0, 1, 2, 3, 4]).await;
        // Four of five are needed: without one of the founders the new one's votes are.
        world.crash(3).await;
        let height = world.tip(0).height;
        assert!(world.wait(60_000, |w| w.tip(0).height > height + EPOCH).await, "it votes");
        world.restart(3).await;

        remove(&mut world, 0).await;
        until_committee_is(&world, 1, &[1, 2, 3, 4]).await;
        let left = world.wait(60_000, |w| w.runs(0).1.is_some()).await;
        assert!(left && matches!(world.runs(0), (false, Some(Left::Removed(_)))), "{:?}", world.runs(0));
        let height = world.tip(1).height;
        assert!(world.wait(60_000, |w| w.tip(1).height > height + EPOCH).await, "it goes on without it");

        // A validator that was away over several epochs comes back.
        world.crash(2).await;
        add(&mut world, 5).await;
        let height = world.tip(1).height;
        assert!(world.wait(200_000, |w| w.tip(1).height > height + 3 * EPOCH).await);
        world.restart(2).await;
        world.restart(5).await;
        let together = |w: &World| [2, 5].iter().all(|i| w.tip(*i).height + 2 >= w.tip(1).height);
        assert!(world.wait(120_000, together).await, "{:?}", (world.tip(1), world.tip(2), world.tip(5)));
        ready(&mut world, 5).await;
        until_committee_is(&world, 1, &[1, 2, 3, 4, 5]).await;
        world.sleep(5_000).await;
        [1, 2, 3, 4, 5].map(|i| proves(&world, i))
    });
    assert_eq!(handovers, [3; 5]);
}
