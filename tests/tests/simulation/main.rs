//! The real node of four validators in one process, driven by a seed.

mod healing;
mod membership;
mod slow;
mod storms;

use futures::future::FutureExt;
use prost::Message;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::Ordering},
};
use stint_node::{
    cli::contribute::{Contribution, RecordRequest, SetRuleRequest},
    core::Outcome,
};
use stint_proto::{Block, CallId, Hash, Transaction, limits::EXECUTION_LAG, v1};
use stint_tests::{Death, World, simulate};
use stint_verifier::{Certificate, Committee, Header, Reader, signed};

const CONTRIBUTE: &[u8] = include_bytes!("../../../contracts/dist/contribute.wasm");
const RECORD: &str = "/stint.contribute.v1.Contribute/Record";

/// Calls a command through the first validator and waits for its end; it must succeed.
async fn command(world: &mut World, commons: &str, method: &str, request: &impl Message) -> v1::Receipt {
    command_by(world, 0, commons, method, request).await
}

/// The same through any validator.
async fn command_by(world: &mut World, i: usize, commons: &str, method: &str, request: &impl Message) -> v1::Receipt {
    let tx = world.sign(commons, method, request.encode_to_vec());
    let end = world.submit(i, tx).expect("accepted").await;
    let Some(Outcome::Receipt(bytes)) = end else { panic!("{method}: {end:?}") };
    let receipt = v1::Receipt::decode(bytes).expect("a receipt");
    assert_eq!(receipt.refusal, None, "{method}");
    receipt
}

async fn found(world: &mut World) {
    let steward = v1::AdmitRequest { agent: "steward".into(), key: vec![].into(), roles: vec!["steward".into()] };
    let request = v1::FoundRequest { commons: "forge".into(), purpose: String::new(), members: vec![steward] };
    command(world, "consortium", "/stint.v1.Kernel/Found", &request).await;
    let published =
        command(world, "forge", "/stint.v1.Kernel/Publish", &v1::PublishRequest { module: CONTRIBUTE.into() }).await;
    let v1::PublishResponse { code_hash, ready_ms, .. } =
        v1::PublishResponse::decode(published.response).expect("a response");
    // Code serves when validators have had the time to compile it.
    let now = world.tip(0).results.outcome.time_ms;
    world.sleep(ready_ms.saturating_sub(now)).await;
    command(world, "forge", "/stint.v1.Kernel/Deploy", &v1::DeployRequest { code_hash }).await;
    let rule = SetRuleRequest { from: "1970-01-01".into(), weights: vec![], default_weight: "1".into() };
    command(world, "forge", "/stint.contribute.v1.Contribute/SetRule", &rule).await;
}

fn contribution(n: u64) -> Vec<u8> {
    let contribution = Contribution {
        id: format!("c{n}"),
        author: format!("a{}", n % 7),
        kind: "commit".into(),
        quantity: "1".into(),
        reference: String::new(),
        date: "1970-01-01".into(),
    };
    RecordRequest { contribution: Some(contribution) }.encode_to_vec()
}

/// What a run of the script below leaves behind.
#[derive(Debug, PartialEq)]
struct Left {
    height: u64,
    root: Hash,
    /// What the contract keeps.
    kept: Vec<v1::KeyWrite>,
    calls: u64,
    ended_at_ms: u64,
}

/// By how many blocks later the results of each block were certified, as far as they must be by now.
fn lags(world: &World, i: usize) -> Vec<u64> {
    let (mut certified, mut lags) = (0, Vec::new());
    for height in 1..=world.tip(i).height {
        let block = world.node(i).block(height).expect("readable").expect("kept");
        let executed = Block::decode(block).expect("a block").header.executed_height;
        assert!((certified..height).contains(&executed), "block {height} certifies {executed} after {certified}");
        lags.extend((certified + 1..=executed).map(|of| height - of));
        certified = executed;
        assert!(certified + EXECUTION_LAG >= height, "{certified} at block {height}");
    }
    lags
}

/// Calls flow while one validator crashes and returns, and another is cut off and joined again.
async fn faults(mut world: World) -> Left {
    const CALLS: u64 = 200;
    found(&mut world).await;
    let ended = Arc::new(Mutex::new(0));
    let mut waiting = Vec::new();
    for n in 0..CALLS {
        match n {
            40 => world.crash(3).await,
            90 => world.restart(3).await,
            110 => world.partition(&[2]),
            150 => world.heal(&[2]),
            _ => {}
        }
        // Through the two validators that stay up and joined all the time.
        let tx = world.sign("forge", RECORD, contribution(n));
        let (end, ended) = (world.submit((n % 2) as usize, tx).expect("accepted"), ended.clone());
        waiting.push(async move {
            let Some(Outcome::Receipt(bytes)) = end.await else { panic!("call {n} has no receipt") };
            assert_eq!(v1::Receipt::decode(bytes).expect("a receipt").refusal, None, "call {n}");
            *ended.lock().expect("one thread") += 1;
        });
        world.sleep(100).await;
    }
    futures::future::join_all(waiting).await;
    assert_eq!(*ended.lock().expect("one thread"), CALLS);

    // All four stand at the same place: what was crashed or cut off has caught up by itself.
    let expected = CALLS + 4;
    let together = world.wait(60_000, |w| (0..4).all(|i| w.tip(i).transactions == expected)).await;
    assert!(together, "{:?}", (0..4).map(|i| world.tip(i)).collect::<Vec<_>>());
    let roots: Vec<Hash> = (0..4).map(|i| world.tip(i).results.outcome.state_root).collect();
    assert!(roots.iter().all(|r| *r == roots[0]), "{roots:?}");
    // Every block that two of them have is the same block.
    let height = (0..4).map(|i| world.tip(i).height).min().expect("four");
    for h in 1..=height {
        let block = world.node(0).block(h).expect("readable");
        assert!((1..4).all(|i| world.node(i).block(h).expect("readable") == block), "fork at height {h}");
    }
    for i in 0..4 {
        let lags = lags(&world, i);
        assert!(lags.iter().all(|lag| (1..=EXECUTION_LAG).contains(lag)), "{lags:?}");
    }
    let (commons, service) = ("forge".into(), "stint.contribute.v1.Contribute".into());
    let asked = v1::ListStateRequest { commons, service, page_size: 1000, ..Default::default() };
    let page = world.node(0).list_state(&asked).expect("a page");
    assert!(page.next.is_empty() && page.entries.len() > CALLS as usize);
    Left { height, root: roots[0], kept: page.entries, calls: expected, ended_at_ms: world.now_ms() }
}

#[test]
fn calls_flow_through_a_crash_and_a_partition_and_the_same_seed_gives_the_same_trace() {
    let (first, trace) = simulate(7, 4, faults);
    let (again, same_trace) = simulate(7, 4, faults);
    assert_eq!(first, again);
    assert_eq!(trace, same_trace);
    let (other, other_trace) = simulate(8, 4, faults);
    // Roots differ: the ledger notes when code was published.
    assert_eq!(other.kept, first.kept, "other timing, the same calls in the end");
    assert_ne!(other_trace, trace);
}

/// What a call led to can be proved one block later under ordinary load, and four later at most: where calls come faster
/// than votes go round (three times 20 ms here), a leader proposes before it has executed its parent.
#[test]
fn results_are_certified_by_the_next_header_under_ordinary_load() {
    for (pause_ms, ordinary) in [(250, true), (30, false)] {
        let (lags, _) = simulate(5, 4, move |mut world| async move {
            found(&mut world).await;
            let mut waiting = Vec::new();
            for n in 0..150 {
                let tx = world.sign("forge", RECORD, contribution(n));
                waiting.push(world.submit((n % 4) as usize, tx).expect("accepted"));
                world.sleep(pause_ms).await;
            }
            futures::future::join_all(waiting).await;
            (0..4).map(|i| lags(&world, i)).collect::<Vec<_>>()
        });
        for lags in lags {
            let count = |n| lags.iter().filter(|lag| **lag == n).count();
            let counts: Vec<_> = (1..=EXECUTION_LAG).map(count).collect();
            println!("a call every {pause_ms} ms: results certified {counts:?} times 1, 2, 3, 4 blocks later");
            // The first blocks, one behind the other for code to be published, are no ordinary load.
            let next = !ordinary || count(1) + 5 >= lags.len();
            assert!(lags.len() > 50 && counts.iter().sum::<usize>() == lags.len() && next, "{lags:?}");
        }
    }
}

/// The engine and whoever reads proofs must count the same votes, crafted ones too: a block that is final by a vote
/// which others do not count has no proof, and peers that tell of it are taken for liars.
#[test]
fn the_engine_counts_the_votes_that_proofs_count() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../verifier/vectors/proofs.json")).expect("JSON");
    let unhex = |value: &serde_json::Value| hex::decode(value.as_str().expect("text")).expect("hexadecimal");
    let keys = vectors["committee"].as_array().expect("keys").iter().map(|k| unhex(k).try_into().expect("32 bytes"));
    let committee = Committee::new(keys.collect()).expect("validators");
    let (mut counted, mut refused, mut strict) = (0, 0, 0);
    for case in vectors["proofs"].as_array().expect("cases") {
        let proof = unhex(&case["proof"]);
        // Without changes of the committee, and of one header.
        if proof[2..5] != [0, 0, 1] {
            continue;
        }
        let (header, votes) = proof[5..].split_at(Header::BYTES);
        let header = Header::decode(header).expect("a header");
        let certificate = Certificate::read(&mut Reader(votes)).expect("votes");
        let namespace = format!("stint-{}_FINALIZE", header.chain_id);
        let whole = signed(&header, header.view, header.parent_view);
        let message = &whole[1 + namespace.len()..];
        assert_eq!(&whole[1..=namespace.len()], namespace.as_bytes());
        for (place, vote) in &certificate.votes {
            let key = &committee.keys()[usize::from(*place)];
            let engine = stint_simulation::accepts(key, namespace.as_bytes(), message, vote);
            let alone = Committee::new(vec![*key]).expect("a validator");
            let ours = Certificate::new(&header, 1, vec![(0, *vote)]).certifies(&header, &alone);
            assert_eq!(engine, ours, "{}", case["name"]);
            let point = ed25519_dalek::VerifyingKey::from_bytes(key).expect("a key");
            let signature = ed25519_dalek::Signature::from_bytes(vote);
            strict += u32::from(engine && point.verify_strict(&whole, &signature).is_err());
            *(if engine { &mut counted } else { &mut refused }) += 1;
        }
    }
    assert!(counted > 10 && refused > 0 && strict > 0, "{counted} {refused} {strict}");
}

#[test]
fn two_of_four_make_no_progress_and_go_on_when_joined() {
    let ((stuck, resumed), _) = simulate(3, 4, |world| async move {
        assert!(world.wait(20_000, |w| w.tip(0).height >= 3).await);
        world.partition(&[0, 1]);
        world.sleep(2_000).await;
        let before = world.tip(0).height;
        world.sleep(20_000).await;
        let stuck = world.tip(0).height == before;
        world.heal(&[0, 1]);
        let resumed = world.wait(30_000, |w| (0..4).all(|i| w.tip(i).height > before + 3)).await;
        (stuck, resumed)
    });
    assert!(stuck, "safety before liveness");
    assert!(resumed);
}

/// One validator, so that nobody helps it, dies at each point of the way of each of three hundred blocks.
#[test]
fn a_node_that_dies_at_every_point_of_every_block_goes_on_by_itself() {
    const BLOCKS: u64 = 300;
    let (effects, _) = simulate(11, 1, |mut world| async move {
        found(&mut world).await;
        let first = world.tip(0).height + 1;
        world.crash(0).await;
        let mut open: Vec<(u64, Transaction)> = Vec::new();
        let mut replies = BTreeMap::new();
        let mut before = None;
        let mut calls = 0;
        for height in first..first + BLOCKS {
            for death in [Death::Ordered, Death::Durable, Death::Acknowledged] {
                let dead = world.restart_until(0, death, height).await;
                // It stands where it stood when it died.
                assert!(before.is_none_or(|tip| world.tip(0) == tip), "block {height} {death:?}");
                open.push((calls, world.sign("forge", RECORD, contribution(calls))));
                calls += 1;
                // Whoever has no reply asks again, with the same call.
                let mut ends = Vec::new();
                for (n, tx) in &open {
                    ends.push((*n, world.submit(0, tx.clone()).expect("accepted")));
                }
                let died = world.wait(60_000, |_| dead.load(Ordering::Relaxed)).await;
                assert!(died, "block {height} {death:?}: {:?}", world.tip(0));
                let tip = world.tip(0);
                assert_eq!(tip.height, if death == Death::Ordered { height - 1 } else { height });
                before = Some(tip);
                for (n, end) in ends {
                    if let Some(Some(Outcome::Receipt(receipt))) = end.now_or_never() {
                        replies.insert(n, receipt);
                        open.retain(|(open, _)| *open != n);
                    }
                }
                world.crash(0).await;
            }
        }
        world.restart(0).await;
        let mut ends = Vec::new();
        for (n, tx) in open {
            ends.push((n, world.submit(0, tx).expect("accepted")));
        }
        for (n, end) in ends {
            let Some(Outcome::Receipt(receipt)) = end.await else { panic!("call {n} has no receipt") };
            replies.insert(n, receipt);
        }
        // Each call took effect once, whatever was sent again, and its reply is the receipt that is kept.
        for (n, reply) in &replies {
            let receipt = v1::Receipt::decode(reply.clone()).expect("a receipt");
            assert_eq!(receipt.refusal, None, "call {n}");
            let id = CallId::from_bytes(&receipt.key, &receipt.id).expect("an id");
            assert_eq!(world.node(0).receipt(id).expect("readable").as_ref(), Some(reply));
        }
        (replies.len() as u64, calls, world.tip(0).transactions)
    });
    let (replied, calls, executed) = effects;
    assert_eq!((replied, calls), (3 * BLOCKS, 3 * BLOCKS));
    assert_eq!(executed, calls + 4);
}
