//! A validator that was away while the consortium changed its key, or removed it: nobody talks to it when it is back.

use crate::grow::{self, grow};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use prost::Message;
use stint_node::{client::Client, keys};
use stint_proto::v1;
use stint_tests::{Devnet, eventually};

/// Blocks of an epoch: some seconds of a busy ledger.
const EPOCH: u64 = 20;
/// A key is forgotten an epoch after another one counts instead, which begins an epoch after it was told.
const EPOCHS: u64 = 4;

/// Adds a validator that never comes, and lets so many epochs pass that the others forget a key: they connect to those of
/// their newest word on who may, and the one before.
async fn pass(client: &Client, steward: &SigningKey, name: &str) {
    let epoch = async || client.status().await.expect("a status").epoch;
    let end = epoch().await + EPOCHS;
    while epoch().await < end {
        grow(client, steward, 0, 1).await;
    }
    let key = SigningKey::from_bytes(&[name.as_bytes()[0]; 32]).verifying_key().to_bytes().to_vec().into();
    let (p2p, grpc) = ("127.0.0.1:10".into(), "127.0.0.1:11".into());
    let added = v1::AddValidatorRequest { name: name.into(), key, p2p, grpc }.encode_to_vec().into();
    client.command(steward, "consortium", "/stint.v1.Kernel/AddValidator", added).await.expect("added");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_while_its_key_changed_goes_on_and_who_was_removed_says_so() {
    // Four stay when one was removed; fewer are never decided.
    let mut devnet = Devnet::start_with_epochs(5, EPOCH);
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    grow::found(&client, &steward).await;
    devnet.agree().await;
    devnet.stop(3);
    let folder = devnet.validator(3);
    let rotated = devnet.run(&["validator", "rotate", folder.0.to_str().expect("a path")]);
    assert!(rotated.status.success(), "{rotated:?}");
    // Its next key says so without it.
    let next = keys::read(&folder.next_key()).expect("a key");
    client.command(&next, "consortium", "/stint.v1.Kernel/Ready", Bytes::new()).await.expect("ready");
    pass(&client, &steward, "x").await;
    let counting = client.status().await.expect("a status").validators;
    assert!(counting.iter().any(|v| v.key[..] == next.verifying_key().to_bytes()), "{counting:?}");

    devnet.start_one(3);
    eventually("it asks how the ledger went on", 120, async || {
        devnet.log(3).contains("their votes do not come").then_some(())
    })
    .await;
    devnet.agree().await;
    // Without another one, its votes are needed.
    devnet.kill(2);
    grow(&client, &steward, 0, 10).await;
    devnet.start_one(2);
    devnet.agree().await;

    devnet.stop(3);
    let removed = devnet.run(&["validator", "remove", "v4"]);
    assert!(removed.status.success(), "{removed:?}");
    pass(&client, &steward, "y").await;
    devnet.start_one(3);
    eventually("it has stopped", 120, async || devnet.has_ended(3).then_some(())).await;
    assert!(devnet.log(3).contains("the consortium removed the validator v4"), "{}", devnet.log(3));
}
