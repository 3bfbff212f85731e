//! Validators that are ill, and one that signed twice, as an operator sees them.

use prost::Message;
use stint_proto::{Hash, v1};
use stint_testkit::signed_twice;
use stint_tests::{Devnet, eventually};
use stint_verifier::Kind;

async fn until(devnet: &Devnet, says: &str) -> String {
    eventually(says, 60, async || Some(devnet.ok(&["why"])).filter(|out| out.contains(says))).await
}

#[tokio::test]
async fn who_is_silent_is_named_until_it_is_back() {
    let devnet = Devnet::start(4);
    let well = until(&devnet, "all 4 validators are well; 3 are needed").await;
    assert!(well.contains("v1 (asked)") && well.contains("of epoch 0"), "{well}");

    devnet.signal(3, "STOP");
    let ill = until(&devnet, "nothing is heard of v4").await;
    println!("{ill}");
    let line = ill.lines().find(|l| l.starts_with("v4")).expect("a line of v4");
    assert!(line.contains("silent"), "{ill}");
    assert!(ill.contains("3 of 4 are well and 3 needed: the ledger goes on"), "{ill}");

    devnet.signal(2, "STOP");
    let halted = until(&devnet, "2 of 4 are well and 3 needed: the ledger waits for v3, v4").await;
    println!("{halted}");

    devnet.signal(2, "CONT");
    devnet.signal(3, "CONT");
    until(&devnet, "all 4 validators are well; 3 are needed").await;
}

#[tokio::test]
async fn who_signed_twice_is_on_record_and_proved_offline() {
    let devnet = Devnet::start(4);
    assert_eq!(devnet.ok(&["evidence"]).trim(), "nobody signed twice");
    let client = devnet.client(0).await;
    let chain_id = Hash::try_from(&client.status().await.expect("a status").chain_id[..]).expect("a name");
    let key = stint_client::keys::read(&devnet.validator(1).key()).expect("a key");
    let evidence = signed_twice(chain_id, &key, 7, [(Kind::Finalize, 1), (Kind::Finalize, 2)]).encode();
    let request = v1::ReportEvidenceRequest { evidence: evidence.clone().into() }.encode_to_vec();
    let id = stint_client::random_id().expect("an id");
    let method = "/stint.v1.Kernel/ReportEvidence";
    let tx = client.sign(&devnet.steward(), "consortium", method, request.into(), id).await.expect("signed");
    let (answer, _) = client.call(&tx).await.expect("recorded");
    let answer = v1::ReportEvidenceResponse::decode(answer).expect("a response");
    assert_eq!((answer.validator.as_str(), answer.recorded), ("v2", true));

    let folder = devnet.dir().join("evidence");
    let folder = folder.to_str().expect("a plain path");
    let shown = devnet.ok(&["evidence", "--export", folder]);
    println!("{shown}");
    assert!(shown.contains("v2") && shown.contains("finalize and finalize"), "{shown}");
    let file = format!("{folder}/v2-0-7.evidence");
    let proved = devnet.ok(&["verify", &file]);
    println!("{proved}");
    assert!(proved.contains("a validator of the genesis file, signed both"), "{proved}");
    // A flipped bit proves nothing.
    let mut bytes = evidence;
    bytes[200] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    assert!(devnet.fails(&["verify", &file]).contains("proves nothing"));
    eventually("why tells of it", 20, async || {
        Some(devnet.ok(&["why"])).filter(|out| out.contains("double signs seen: 1"))
    })
    .await;
}
