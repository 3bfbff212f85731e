//! What must hold after every storm.

use super::{calls::Clients, plan::Forecast};
use crate::{World, counter};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use stint_node::core::Node;
use stint_proto::{Block, CallId, limits::EVIDENCE_OF_KEY, v1};

/// What came to a validator so long ago it has read.
pub const TOLD_MS: u64 = 1_000;

/// Heights at which two of these nodes have different blocks or results.
pub fn forks(nodes: &[(String, &Node)]) -> Vec<String> {
    let mut found = Vec::new();
    let mut known: BTreeMap<u64, (&str, _, _)> = BTreeMap::new();
    for (name, node) in nodes {
        for height in 1..=node.tip().height {
            let block = node.block(height).expect("readable").expect("kept");
            let results = node.results_root(height).expect("readable");
            match known.get(&height) {
                None => {
                    known.insert(height, (name, block, results));
                }
                Some((other, theirs, _)) if *theirs != block => {
                    found.push(format!("{other} and {name} have different blocks at height {height}"));
                    break;
                }
                Some((other, _, theirs)) if *theirs != results => {
                    found.push(format!("block {height} led to other results on {other} and {name}"));
                    break;
                }
                Some(_) => {}
            }
        }
    }
    found
}

/// All that is broken, in words. `honest` are the places whose nodes count, and `staying` those of them that do not leave.
pub fn check(
    world: &World,
    forecast: &Forecast,
    clients: &Clients,
    honest: &[usize],
    staying: &[usize],
) -> Vec<String> {
    let nodes: Vec<(String, &Node)> = honest.iter().map(|i| (world.name(*i), &**world.node(*i))).collect();
    let mut broken = forks(&nodes);
    broken.extend(clients.broken.iter().cloned());
    // All stand at one place by now, and agree; so one speaks for all.
    if let (true, Some((_, node))) = (broken.is_empty(), nodes.iter().max_by_key(|(_, node)| node.tip().height)) {
        broken.extend(times(node));
        broken.extend(once(node));
        broken.extend(counted(node, clients));
        broken.extend(accused(world, forecast, node));
        broken.extend(recorded(world, node, staying));
        broken.extend(strangers(forecast, node));
        broken.extend(acknowledged(clients, &nodes));
    }
    broken
}

/// Times of blocks never stand still or go back.
fn times(node: &Node) -> Vec<String> {
    let time = |height| Block::decode(node.block(height).ok()??).ok().map(|b| b.header.time_ms);
    let bad = (2..=node.tip().height).find(|height| time(*height) <= time(height - 1));
    bad.map(|height| format!("the time of block {height} does not come after that of the block before"))
        .into_iter()
        .collect()
}

/// What was executed is what was ordered, each call once.
fn once(node: &Node) -> Vec<String> {
    let tip = node.tip();
    let blocks = (1..=tip.height).filter_map(|height| Block::decode(node.block(height).ok()??).ok());
    let ids: BTreeSet<CallId> = blocks.flat_map(|b| b.transactions.into_iter().map(|tx| tx.id())).collect();
    match ids.len() as u64 == tip.transactions {
        true => Vec::new(),
        false => vec![format!("{} calls were ordered and {} executed", ids.len(), tip.transactions)],
    }
}

/// The contract counted each call that it took once.
fn counted(node: &Node, clients: &Clients) -> Vec<String> {
    let method = format!("/{}/Add", counter::SERVICE);
    let of_counter = clients.sent.iter().filter(|call| call.tx.call().method == method);
    let taken = of_counter.filter(|call| {
        let receipt = call.receipt.clone().and_then(|r| v1::Receipt::decode(r).ok());
        receipt.is_some_and(|r| r.refusal.is_none())
    });
    let (taken, count) = (taken.count() as u64, count(node));
    match taken == count {
        true => Vec::new(),
        false => vec![format!("{taken} calls were acknowledged and {count} counted")],
    }
}

/// What the contract counted.
pub fn count(node: &Node) -> u64 {
    let asked = v1::ListStateRequest {
        commons: "consortium".into(),
        service: counter::SERVICE.into(),
        prefix: counter::KEY.to_vec().into(),
        ..Default::default()
    };
    let page = node.list_state(&asked).ok();
    let value = page.and_then(|page| page.entries.into_iter().next()).map(|entry| entry.value);
    value.and_then(|v| v[..].try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// Whom the ledger accuses of a double sign.
pub fn evidence(node: &Node) -> Vec<v1::EvidenceRecord> {
    let answer = node.query(Some("consortium"), "/stint.v1.Kernel/ListEvidence", b"", 0);
    let bytes = answer.ok().and_then(|(answer, _)| answer.result.ok()).unwrap_or_default();
    v1::ListEvidenceResponse::decode(&bytes[..]).map(|r| r.evidence).unwrap_or_default()
}

fn accused(world: &World, forecast: &Forecast, node: &Node) -> Vec<String> {
    let honest = |record: &v1::EvidenceRecord| {
        (0..world.places()).any(|place| forecast.honest(place) && world.name(place) == record.validator)
    };
    let found = evidence(node);
    found.iter().filter(|r| honest(r)).map(|r| format!("{} is honest and accused", r.validator)).collect()
}

/// What the network carried to one of these validators whole is on record, unless as much of that key is as the ledger
/// takes.
fn recorded(world: &World, node: &Node, staying: &[usize]) -> Vec<String> {
    let place = |r: v1::EvidenceRecord| Some((r.key[..].try_into().ok()?, r.epoch, r.view));
    let on_record: BTreeSet<_> = evidence(node).into_iter().filter_map(place).collect();
    let all_of = |key: &[u8; 32]| on_record.iter().filter(|(of, ..)| of == key).count() >= EVIDENCE_OF_KEY;
    let seen = world.double_signs(staying, TOLD_MS).into_iter();
    let missing = seen.filter(|signed| !on_record.contains(signed) && !all_of(&signed.0));
    let who = |key| (0..world.places()).find(|i| world.key(*i) == key).map_or("one".into(), |i| world.name(i));
    missing
        .map(|(key, epoch, view)| {
            format!("{} signed twice in round {view} of epoch {epoch}, and it is not on record", who(key))
        })
        .collect()
}

/// No call of a key that nobody holds was ordered. Where validators change their keys, their own may be.
fn strangers(forecast: &Forecast, node: &Node) -> Option<String> {
    let blocks = (1..=node.tip().height).filter_map(|height| Block::decode(node.block(height).ok()??).ok());
    let receipts = blocks.flat_map(|b| b.transactions).filter_map(|tx| node.receipt(tx.id()).ok()?);
    let refusals = receipts.filter_map(|r| v1::Receipt::decode(r).ok()?.refusal);
    let strangers = refusals.filter(|refusal| refusal.rule == "unknown-key").count();
    (forecast.spare == 0 && strangers > 0).then(|| format!("{strangers} calls of keys that nobody holds were ordered"))
}

/// What a client was told stands on every node.
fn acknowledged(clients: &Clients, nodes: &[(String, &Node)]) -> Vec<String> {
    let mut broken = Vec::new();
    for (n, call) in clients.sent.iter().enumerate() {
        let Some(told) = &call.receipt else { continue };
        let height = v1::Receipt::decode(told.clone()).map_or(0, |receipt| receipt.height);
        for (name, node) in nodes {
            match node.receipt(call.tx.id()) {
                Ok(Some(kept)) if kept == *told => {}
                // A few blocks behind, it has yet to execute it.
                Ok(None) if node.tip().height < height => {}
                _ => broken.push(format!("call {n} was acknowledged, and {name} has another receipt of it or none")),
            }
        }
    }
    broken
}
