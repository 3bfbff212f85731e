//! Storms: real nodes under faults and lies that a seed draws.

use prost::Message;
use stint_proto::{Block, v1};
use stint_simulation::{Lie, Weather};
use stint_tests::{
    DraftLie, Plan, Untruth, World, finality, simulate_unbegun,
    storm::{Forecast, Odds, Report, evidence, forks, seeds, storm, storm_of},
};

/// As many as fit into a tenth of an hour on two cores.
const STORMS: u64 = 1_000;

#[test]
fn a_thousand_storms_break_nothing() {
    let tally = seeds(1, Some(STORMS), None, None, &Odds::default());
    println!("{tally}");
    assert!(tally.failed.is_empty(), "see one with: stint-sim --seed {:?}", tally.failed.first());
    assert_eq!(tally.runs, STORMS);
}

/// More than two hundred changes of the validators of one ledger, under faults and one liar.
#[test]
fn two_hundred_changes_of_the_validators_stop_nothing() {
    let odds = Odds {
        storm_ms: 1_400_000,
        decision_every_ms: 2_000,
        call_every_ms: 500,
        fault_every_ms: 8_000,
        members: 1000,
        liars: 1000,
        ..Default::default()
    };
    let mut forecast = Forecast::new(17, Some(5), &odds);
    (forecast.spare, forecast.epoch_blocks) = (10, 10);
    let report = storm_of(17, forecast, &odds);
    let lines = report.log.iter().filter(|line| line.contains("to join") || line.contains("to leave")).count();
    println!(
        "{} changes were taken, {} blocks, {} faults, {lines} joins and leaves, recovered after {} ms",
        report.decisions, report.height, report.faults, report.recovery_ms
    );
    assert!(report.broken.is_empty(), "{:#?}", report.log);
    assert!(report.decisions >= 200 && lines >= 15, "{:#?}", report.log);
}

#[test]
fn the_same_seed_is_the_same_storm() {
    let odds = Odds { storm_ms: 15_000, ..Default::default() };
    let (first, again, other) = (storm(42, None, &odds), storm(42, None, &odds), storm(43, None, &odds));
    assert_eq!(first, again, "every line, every message, every event");
    assert_ne!(first.trace, other.trace);
}

/// A few seconds of calm weather in which as many validators lie as a ledger bears.
fn lied_to(nodes: usize, untruth: Untruth) -> Report {
    let odds = Odds { storm_ms: 12_000, fault_every_ms: 1_000_000, members: 0, liars: 0, ..Default::default() };
    let mut forecast = Forecast::new(nodes as u64, Some(nodes), &odds);
    forecast.weather = Weather::CALM;
    // The last ones; the others are honest.
    forecast.liars = (nodes - (nodes - 1) / 3..nodes).map(|place| (place, untruth)).collect();
    storm_of(nodes as u64, forecast, &odds)
}

#[test]
fn no_lie_breaks_anything_and_double_signs_are_on_record() {
    let network = Lie::ALL.map(Untruth::Network);
    let leader = DraftLie::ALL.map(Untruth::Leader);
    for untruth in network.iter().chain(&leader) {
        let mut on_record = 0;
        for nodes in [4, 7, 10] {
            let report = lied_to(nodes, *untruth);
            println!(
                "{nodes} validators, {} lie: {untruth:?}: block {}, {} double signs, recovered after {} ms",
                (nodes - 1) / 3,
                report.height,
                report.evidence,
                report.recovery_ms
            );
            assert!(report.broken.is_empty(), "{untruth:?} of {nodes}: {:#?}", report.log);
            assert!(report.height > 10, "{untruth:?} of {nodes} stops the ledger: {:#?}", report.log);
            on_record += report.evidence;
            if *untruth == Untruth::Network(Lie::DoubleVotes) {
                assert_eq!(report.accused, (nodes - 1) / 3, "each of them: {:#?}", report.log);
                assert!(report.provable >= report.accused as u64, "the network saw them: {:#?}", report.log);
            }
        }
        // Whoever tells nobody of both, nor lets any of both become final, leaves no proof; votes for rounds to come
        // meet those of their time.
        let proving = [Lie::DoubleVotes, Lie::TwoBlocks, Lie::StaleVotes].map(Untruth::Network);
        assert_eq!(on_record > 0, proving.contains(untruth), "{untruth:?}");
    }
}

/// Leaders that leave out a client's calls only keep them waiting until an honest one leads: with f of them f + 3 blocks at
/// most, of which three are those under way.
#[test]
fn a_censored_call_gets_in_within_a_few_blocks() {
    for nodes in [4, 7, 10] {
        let faulty = (nodes - 1) / 3;
        let plan = Plan { places: nodes, founders: nodes, epoch_blocks: 1000, announce: false };
        let (waited, _) = simulate_unbegun(9, plan, move |mut world| async move {
            (nodes - faulty..nodes).for_each(|place| world.lies(place, Untruth::Leader(DraftLie::Censor)));
            world.begin().await;
            assert!(world.wait(20_000, |w| w.tip(0).height >= 3).await);
            let key = world.client(0);
            // What nobody's key signed is told to nobody.
            let public = key.verifying_key().to_bytes().to_vec().into();
            let request = v1::AdmitRequest { agent: "client".into(), key: public, roles: vec![] };
            let admit = world.sign("consortium", "/stint.v1.Kernel/Admit", request.encode_to_vec());
            assert!(world.submit(0, admit).expect("accepted").await.is_some());
            world.sleep(1_000).await;
            let admitted = world.tip(0).height;
            let mut waited = Vec::new();
            for n in 0..20 {
                let tx = world.sign_with(&key, "consortium", "/test.v1.Counter/Add", Vec::new());
                let before = world.tip(0).height;
                let end = world.submit(n % nodes, tx.clone()).expect("accepted").await;
                assert!(end.is_some());
                waited.push(world.node(0).tip().height.saturating_sub(before));
                world.sleep(150).await;
            }
            // They did leave them out.
            let censors: Vec<_> = (nodes - faulty..nodes).map(|place| world.key(place)).collect();
            for height in admitted..=world.tip(0).height {
                let block = Block::decode(world.node(0).block(height).expect("readable").expect("kept")).expect("one");
                assert!(!censors.contains(&block.header.leader) || block.transactions.is_empty(), "block {height}");
            }
            waited
        });
        println!("{faulty} of {nodes} censor: blocks that a call waited for: {waited:?}");
        assert!(waited.iter().all(|blocks| *blocks <= faulty as u64 + 3), "{waited:?}");
        assert!(waited.iter().any(|blocks| *blocks > 1), "nobody censors: {waited:?}");
    }
}

/// The check itself is checked: two of four who have two engines each talk one half into one chain and the other half
/// into another, and the checker must find it.
#[test]
fn more_than_a_third_that_lie_fork_the_ledger_and_the_checker_sees_it() {
    let plan = Plan { places: 4, founders: 4, epoch_blocks: 1000, announce: false };
    let (found, _) = simulate_unbegun(4, plan, |mut world| async move {
        world.engines().partition(&[0]);
        for liar in [2, 3] {
            // Ways of their own: one engine of each talks to 0, the other to 1.
            for to in [0, 1, 2, 3] {
                world.engines().weather(liar, to, |w| w.cut = false);
                world.engines().weather(to, liar, |w| w.cut = false);
            }
            world.engines().only(liar, &[0, 2, 3]);
            world.engines().only(stint_simulation::Seat { place: liar, twin: true }, &[1, 2, 3]);
        }
        world.begin().await;
        for liar in [2, 3] {
            world.twin(liar).await;
        }
        // Each half hears of its own call.
        call(&mut world, 0);
        call(&mut world, 1);
        world.wait(60_000, |w| w.tip(0).height > 5 && w.tip(1).height > 5).await;
        let nodes: Vec<_> = [0, 1].map(|i| (world.name(i), &**world.node(i))).into();
        assert!(evidence(world.node(0)).is_empty(), "nobody heard both");
        forks(&nodes)
    });
    println!("{found:?}");
    assert!(found.iter().any(|what| what.contains("different blocks")), "{found:?}");
}

fn call(world: &mut World, through: usize) {
    let tx = world.sign("consortium", "/test.v1.Counter/Add", Vec::new());
    drop(world.submit(through, tx).expect("accepted"));
}

/// The validators lead in turn, in the order of their keys: what `stint why` says of whose turn it is.
#[test]
fn leaders_take_turns_in_the_order_of_keys() {
    let plan = Plan { places: 4, founders: 4, epoch_blocks: 20, announce: false };
    simulate_unbegun(6, plan, |mut world| async move {
        world.begin().await;
        assert!(world.wait(60_000, |w| w.tip(0).height > 30).await);
        for height in 1..=30 {
            let block = world.node(0).block(height).expect("readable").expect("kept");
            let header = stint_proto::Block::decode(block).expect("a block").header;
            let (_, committee) = world.node(0).committee(header.epoch).expect("readable").expect("decided");
            let turn = (header.epoch + header.view) % committee.keys().len() as u64;
            assert_eq!(header.leader, committee.keys()[turn as usize], "block {height}");
        }
    });
}

#[test]
fn a_call_is_final_within_four_delays_and_fifty_milliseconds() {
    let figures = finality::table();
    println!("{}", finality::show(&figures));
    assert!(figures.iter().all(finality::Figure::holds));
}
