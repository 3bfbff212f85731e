//! A validator joins, changes its key and leaves, as processes do it.

use crate::grow::{self, grow};
use ed25519_dalek::SigningKey;
use prost::Message;
use stint_node::{config::Folder, keys};
use stint_proto::v1;
use stint_tests::{Devnet, eventually};

/// Blocks of an epoch: some seconds of a busy ledger.
const EPOCH: u64 = 20;

/// A network has room for some more peers than there were at its start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_grows_beyond_the_room_that_its_validators_had() {
    let devnet = Devnet::start(1);
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    for n in 0..12u8 {
        let key = SigningKey::from_bytes(&[n + 1; 32]).verifying_key().to_bytes().to_vec().into();
        // Nobody listens there.
        let (p2p, grpc) = (format!("127.0.0.1:{}", 10 + n), format!("127.0.0.1:{}", 30 + n));
        let request = v1::AddValidatorRequest { name: format!("joins{n}"), key, p2p, grpc };
        let add = "/stint.v1.Kernel/AddValidator";
        client.command(&steward, "consortium", add, request.encode_to_vec().into()).await.expect("added");
    }
    let anew = "the engine starts anew";
    eventually("it has made room", 60, async || devnet.log(0).contains(anew).then_some(())).await;
    grow::found(&client, &steward).await;
    assert_eq!(devnet.log(0).matches(anew).count(), 1, "{}", devnet.log(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organisation_joins_changes_its_key_and_leaves() {
    let mut devnet = Devnet::start_with_epochs(4, EPOCH);
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    grow::found(&client, &steward).await;
    grow(&client, &steward, 0, 500).await;

    // The new one makes its folder, the consortium adds it, and it comes to where the ledger is by itself.
    let folder = devnet.dir().join("v5");
    let folder = folder.to_str().expect("a path");
    let peers: Vec<String> = (0..2).map(|i| devnet.peer_argument(i)).collect();
    let genesis = devnet.dir().join("genesis.json");
    let made = devnet.run(&[
        "validator",
        "new",
        "--dir",
        folder,
        "--name",
        "v5",
        "--genesis",
        genesis.to_str().expect("a path"),
        "--peer",
        &peers[0],
        "--peer",
        &peers[1],
    ]);
    assert!(made.status.success(), "{made:?}");
    devnet.add_place();
    let early = devnet.start_with(4, &[]).expect_err("nobody has added it");
    assert!(early.contains("AddValidator") && early.contains("v5"), "{early}");
    let added = devnet.run(&["validator", "add", folder]);
    assert!(added.status.success(), "{added:?}");
    devnet.start_one(4);
    let standing = async |name: &str| {
        let answer = client.query("consortium", "/stint.v1.Kernel/ListValidators", Default::default()).await.ok()?;
        let answer: v1::ListValidatorsResponse = prost::Message::decode(answer).ok()?;
        answer.validators.into_iter().find(|v| v.name == name).map(|v| (v.standing(), v.key))
    };
    use v1::validator_record::Standing;
    eventually("it validates", 120, async || {
        standing("v5").await.filter(|(standing, _)| *standing == Standing::Validating)
    })
    .await;
    eventually("its epoch has begun", 120, async || {
        let status = client.status().await.ok()?;
        Some(()).filter(|()| status.validators.len() == 5)
    })
    .await;
    // Four of five sign: without one of the first ones, the new one's votes are needed.
    devnet.kill(3);
    grow(&client, &steward, 500, 500).await;
    devnet.start_one(3);

    // Its key changes while it runs, once it was told of the new one.
    let rotated = devnet.run(&["validator", "rotate", folder]);
    assert!(rotated.status.success(), "{rotated:?}");
    devnet.stop(4);
    devnet.start_one(4);
    let new = keys::read(&Folder(folder.into()).next_key()).expect("a key").verifying_key().to_bytes();
    eventually("the new key counts", 180, async || {
        let status = client.status().await.ok()?;
        status.validators.into_iter().find(|v| v.key[..] == new[..])
    })
    .await;
    eventually("all are well, under whichever key", 60, async || {
        let seen = client.diagnose().await.ok()?;
        let well = |v: &v1::ValidatorHealth| v.counts && v.condition() == v1::validator_health::Condition::Well;
        (seen.validators.len() == 5 && seen.validators.iter().all(well)).then_some(())
    })
    .await;
    devnet.kill(3);
    grow(&client, &steward, 1_000, 500).await;
    devnet.start_one(3);

    // It leaves and says why it has stopped.
    let removed = devnet.run(&["validator", "remove", "v5"]);
    assert!(removed.status.success(), "{removed:?}");
    eventually("it has stopped", 180, async || devnet.has_ended(4).then_some(())).await;
    assert!(devnet.log(4).contains("the consortium removed the validator v5"), "{}", devnet.log(4));
    grow(&client, &steward, 1_500, 500).await;

    // What happened can be followed from the genesis file alone: by a proof, and by whoever runs it all again.
    let newest = client.status().await.expect("a status").certified_height;
    let export = devnet.dir().join("all.export");
    let export = export.to_str().expect("a path");
    let exported = devnet.run(&["export", "--from", "1", "--to", &newest.to_string(), "--out", export]);
    assert!(exported.status.success(), "{exported:?}");
    let genesis = genesis.to_str().expect("a path");
    let verified = devnet.run(&["verify", "--genesis", genesis, export]);
    assert!(verified.status.success(), "{verified:?}");
    let audited = devnet.run(&["audit", "field", "--genesis", genesis, "--export", export]);
    assert!(audited.status.success(), "{audited:?}");
    let listed = devnet.run(&["validator", "list"]);
    let shown = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.status.success() && shown.contains("validates") && shown.contains("epoch"), "{shown}");
    for i in 0..4 {
        devnet.stop(i);
        let checked = devnet.run(&["fsck", "--dir", devnet.validator(i).0.to_str().expect("a path")]);
        assert!(checked.status.success(), "{checked:?}");
    }
}
