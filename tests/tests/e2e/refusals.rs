//! Calls that must be refused: with a clear status, by name of the rule, and without any effect.

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use prost::Message;
use stint_node::{
    cli::contribute::{Contribution, RecordRequest},
    client::{Client, ClientError, VALID_FOR, random_id, sign},
};
use stint_proto::{Call, Code, Hash, Transaction, limits::VALIDITY_WINDOW, v1};
use stint_tests::Devnet;

const RECORD: &str = "/stint.contribute.v1.Contribute/Record";

fn request(id: &str) -> Bytes {
    let contribution = Contribution {
        id: id.into(),
        author: "ana@example.org".into(),
        kind: "commit".into(),
        quantity: "1".into(),
        reference: String::new(),
        date: "2026-01-01".into(),
    };
    RecordRequest { contribution: Some(contribution) }.encode_to_vec().into()
}

/// Code and rule of a refused call.
async fn refused(client: &Client, tx: &Transaction) -> (Code, String) {
    match client.call(tx).await {
        Err(ClientError::Refused(r)) => {
            assert!(!r.message.is_empty());
            (r.code, r.rule)
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn calls_that_break_a_rule_are_refused_and_change_nothing() {
    let devnet = Devnet::start(4);
    devnet.ok(&["found", "forge"]);
    let client = devnet.client(0).await;
    let steward = devnet.steward();
    let height = client.status().await.expect("a status").height;
    let until = height + VALID_FOR;
    let new = |key: &SigningKey, commons: &str, method: &str, body: Bytes, until: u64| {
        sign(client.chain_id, key, commons, method, body, random_id().expect("an id"), until).expect("a call")
    };
    let good = new(&steward, "forge", RECORD, request("c1"), until);
    client.call(&good).await.expect("a good call");
    let root = devnet.agree().await;

    // Unsigned: the same message without the metadata.
    match client.query("forge", RECORD, request("c2")).await {
        Err(ClientError::Refused(r)) => assert_eq!((r.code, r.rule.as_str()), (Code::Unauthenticated, "unsigned")),
        other => panic!("{other:?}"),
    }
    // Wrongly signed: the signature of another call; another request under a good signature.
    let other = new(&steward, "forge", RECORD, request("c3"), until);
    let call = new(&steward, "forge", RECORD, request("c4"), until).call().clone();
    let forged = call.clone().with_signature(*other.signature()).expect("a call");
    assert_eq!(refused(&client, &forged).await, (Code::Unauthenticated, "signature".into()));
    let moved =
        Call { request: request("c5"), ..other.call().clone() }.with_signature(*other.signature()).expect("a call");
    assert_eq!(refused(&client, &moved).await, (Code::Unauthenticated, "signature".into()));
    // Signed for another ledger.
    let elsewhere = Call { chain_id: Hash([9; 32]), ..call.clone() }.sign(&steward).expect("a call");
    assert_eq!(refused(&client, &elsewhere).await, (Code::Unauthenticated, "signature".into()));
    let mut ledger = client.ledger();
    let answer = ledger
        .submit(v1::SubmitRequest { transaction: Some((&elsewhere).into()) })
        .await
        .expect("an answer")
        .into_inner();
    let Some(v1::submit_response::Outcome::Refused(r)) = answer.outcome else { panic!("{answer:?}") };
    assert_eq!(r.rule, "chain-id");
    // Replayed: the same call answers with the same receipt; the same id with other content is refused.
    assert!(client.call(&good).await.is_ok());
    let reused = Call { request: request("c6"), ..good.call().clone() }.sign(&steward).expect("a call");
    assert_eq!(refused(&client, &reused).await, (Code::AlreadyExists, "id".into()));
    // Expired, and valid for too long.
    let expired = new(&steward, "forge", RECORD, request("c7"), height - 1);
    assert_eq!(refused(&client, &expired).await, (Code::DeadlineExceeded, "expired".into()));
    let eternal = new(&steward, "forge", RECORD, request("c8"), height + 2 * VALIDITY_WINDOW);
    assert_eq!(refused(&client, &eternal).await, (Code::InvalidArgument, "valid-until".into()));
    // Oversized: refused where it is read, whatever it holds.
    let mut huge = v1::Transaction::from(&good);
    huge.request = vec![0; 300_000].into();
    let answer = ledger.submit(v1::SubmitRequest { transaction: Some(huge) }).await.expect("an answer").into_inner();
    let Some(v1::submit_response::Outcome::Refused(r)) = answer.outcome else { panic!("{answer:?}") };
    assert!(r.message.contains("request has 300000 bytes; the limit is 131072"), "{}", r.message);
    let flood = v1::Transaction { request: vec![0; 8 << 20].into(), ..v1::Transaction::from(&good) };
    let flooded = ledger.submit(v1::SubmitRequest { transaction: Some(flood) }).await.expect_err("refused");
    assert_eq!(flooded.code(), tonic::Code::InvalidArgument);
    assert!(flooded.message().starts_with("request-size: "), "{flooded}");
    // Unauthorised: a key that nobody registered, and a member without the role.
    let stranger = SigningKey::from_bytes(&[77; 32]);
    let by_stranger = new(&stranger, "forge", RECORD, request("c9"), until);
    assert_eq!(refused(&client, &by_stranger).await, (Code::Unauthenticated, "unknown-key".into()));
    assert_eq!(devnet.agree().await, root, "no refused call changed the state");

    let key = stranger.verifying_key().to_bytes().to_vec();
    let admit = v1::AdmitRequest { agent: "cy".into(), key: key.into(), roles: vec!["worker".into()] };
    client.command(&steward, "forge", "/stint.v1.Kernel/Admit", admit.encode_to_vec().into()).await.expect("admitted");
    let root = devnet.agree().await;
    let by_worker = new(&stranger, "forge", RECORD, request("c10"), until);
    assert_eq!(refused(&client, &by_worker).await, (Code::PermissionDenied, "role".into()));
    let found = v1::FoundRequest { commons: "mine".into(), ..Default::default() };
    let found = new(&stranger, "consortium", "/stint.v1.Kernel/Found", found.encode_to_vec().into(), until);
    assert_eq!(refused(&client, &found).await, (Code::PermissionDenied, "steward".into()));
    // Named wrongly.
    let nowhere = new(&steward, "nowhere", RECORD, request("c11"), until);
    assert_eq!(refused(&client, &nowhere).await, (Code::NotFound, "commons".into()));
    let nothing = new(&steward, "forge", "/stint.contribute.v1.Contribute/Nothing", Bytes::new(), until);
    assert_eq!(refused(&client, &nothing).await, (Code::Unimplemented, "method".into()));
    let garbage = new(&steward, "forge", RECORD, vec![0xff; 9].into(), until);
    assert_eq!(refused(&client, &garbage).await, (Code::InvalidArgument, "request".into()));
    assert_eq!(devnet.agree().await, root, "no refused call changed the state");
}
