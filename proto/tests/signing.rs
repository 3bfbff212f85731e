//! The vectors by which clients of any language learn to sign a call.

use ed25519_dalek::SigningKey;
use serde_json::Value;
use stint_proto::{Call, CallId, Genesis, Transaction};

/// Bytes as they stand there: in hexadecimal, or one byte so many times.
fn bytes(value: &Value) -> Vec<u8> {
    match value.as_str() {
        Some(text) => hex::decode(text).expect("hexadecimal"),
        None => {
            let byte = hex::decode(value["byte"].as_str().expect("a byte")).expect("hexadecimal");
            byte.repeat(value["times"].as_u64().expect("a number") as usize)
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").into()
}

#[test]
fn every_vector_is_what_a_signer_here_makes() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/signing.json")).expect("JSON");
    let (_, chain_id) = Genesis::parse(text(&vectors["genesis"]).as_bytes()).expect("a genesis file");
    assert_eq!(chain_id.to_string(), text(&vectors["chain_id"]));
    let cases = vectors["calls"].as_array().expect("calls");
    assert!(cases.len() > 10);
    for case in cases {
        let name = text(&case["name"]);
        let key = SigningKey::from_bytes(&bytes(&case["seed"]).try_into().expect("32 bytes"));
        let number = |field: &str| text(&case[field]).parse::<u64>().expect("a number");
        let call = Call {
            chain_id,
            commons: text(&case["commons"]),
            method: text(&case["method"]),
            request: bytes(&case["request"]).into(),
            call_id: CallId::from_bytes(&bytes(&case["key"]), &bytes(&case["id"])).expect("an id"),
            valid_until: number("valid_until"),
            fuel_limit: number("fuel_limit"),
        };
        assert_eq!(call.call_id.key, key.verifying_key().to_bytes(), "{name}");
        assert_eq!(
            call.signing_digest().expect("a call within its bounds").to_string(),
            text(&case["digest"]),
            "{name}"
        );
        let signed = call.sign(&key).expect("a call within its bounds");
        assert_eq!(hex::encode(signed.signature()), text(&case["signature"]), "{name}");
        assert_eq!(signed.hash().to_string(), text(&case["transaction_hash"]), "{name}");
        assert_eq!(Transaction::decode(signed.bytes().clone()).expect("canonical bytes"), signed, "{name}");
    }
}
