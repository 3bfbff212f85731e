//! What a validator tells the consortium by itself: that it is ready, and who signed twice.

use super::Node;
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use prost::Message;
use std::{sync::Arc, time::Duration};
use stint_consensus::Env;
use stint_proto::{Call, CallId, Transaction, hash, v1};
use stint_runtime::Peer;

/// Time between looks whether there is something to say.
const LOOKS: Duration = Duration::from_secs(2);
/// A validator that is ready lags no further behind what it hears of, heights.
const LAG: u64 = 2;
/// Heights for which it says so at least; then again.
const VALID: u64 = 100;

/// Looks whether there is something to say, and says it with the validator's own keys. Never ends.
pub async fn run(node: Arc<Node>, env: Arc<dyn Env>, keys: Arc<[SigningKey]>) {
    loop {
        env.sleep(LOOKS).await;
        let tip = node.tip().height;
        if node.network_height() > tip + LAG {
            continue;
        }
        let Ok(peers) = node.validators() else { continue };
        if let Some(key) = awaited(&keys, &peers) {
            say(&node, key, "Ready", Bytes::new(), "to be ready");
        }
        // One that does not count yet may be the only one that saw a lie.
        let known = |key: &&SigningKey| peers.iter().any(|p| !p.left && p.key == key.verifying_key().to_bytes());
        let seen = node.health().evidence();
        for found in seen {
            match stint_runtime::evidence_settled(Arc::new(node.store.state_at(tip)), &found) {
                Ok(true) => node.settle(&found),
                Ok(false) => {
                    let request = v1::ReportEvidenceRequest { evidence: found.encode().into() };
                    if let Some(key) = keys.iter().find(known) {
                        say(&node, key, "ReportEvidence", request.encode_to_vec().into(), "who signed twice");
                    }
                }
                Err(e) => drop(node.unreadable(&e)),
            }
        }
    }
}

/// The key that the consortium waits for to be ready.
fn awaited<'a>(keys: &'a [SigningKey], peers: &[Peer]) -> Option<&'a SigningKey> {
    let waits = |p: &Peer| if p.counts { p.next_key } else { Some(p.key).filter(|_| !p.left) };
    let awaited: Vec<_> = peers.iter().filter(|p| !p.ready).filter_map(waits).collect();
    keys.iter().find(|k| awaited.contains(&k.verifying_key().to_bytes()))
}

fn say(node: &Node, key: &SigningKey, method: &str, request: Bytes, what: &str) {
    let Some(call) = call(node, key, method, request) else { return };
    match node.submit(call) {
        Ok(_) => tracing::info!("told the consortium {what}, after block {}", node.tip().height),
        Err(refusal) => tracing::warn!("cannot tell the consortium {what}: {}", refusal.message),
    }
}

/// The same within so many heights is the same call: told again, it is neither ordered nor executed again.
fn call(node: &Node, key: &SigningKey, method: &str, request: Bytes) -> Option<Transaction> {
    let valid_until = (node.tip().height / VALID + 2) * VALID;
    let named = hash("stint.v1.announced", &[method.as_bytes(), &valid_until.to_be_bytes(), &request].concat());
    let id = named.0.first_chunk().copied()?;
    let call = Call {
        chain_id: node.chain_id,
        commons: node.genesis.consortium.clone(),
        method: format!("/stint.v1.Kernel/{method}"),
        request,
        call_id: CallId { key: key.verifying_key().to_bytes(), id },
        valid_until,
        fuel_limit: 0,
    };
    call.sign(key).ok()
}
