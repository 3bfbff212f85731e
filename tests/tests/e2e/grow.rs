//! A ledger with as many keys as one likes.

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use prost::Message;
use stint_node::client::Client;
use stint_proto::v1;

/// `Do` is given the first number and how many, 8 bytes each, little endian, and writes a key for each: scrambled, so
/// that they lie all over the tree.
const GROW: &str = r#"(module
  (import "stint_v1" "put" (func $put (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (global (mut i32) (i32.const 65536))
  (func (export "stint_alloc") (param i32) (result i32) (i32.const 4096))
  (func (export "stint_call") (param $method i32) (param $at i32) (param $size i32) (result i64)
    (local $n i64) (local $end i64)
    (local.set $n (i64.load (local.get $at)))
    (local.set $end (i64.add (local.get $n) (i64.load offset=8 (local.get $at))))
    (loop $next
      (i64.store (i32.const 1024) (i64.mul (local.get $n) (i64.const 0x9E3779B97F4A7C15)))
      (i64.store (i32.const 2048) (local.get $n))
      (call $put (i32.const 1024) (i32.const 8) (i32.const 2048) (i32.const 56))
      (local.set $n (i64.add (local.get $n) (i64.const 1)))
      (br_if $next (i64.lt_u (local.get $n) (local.get $end))))
    (i64.const 0)))"#;

/// Keys that one call writes with the fuel it has.
pub const KEYS_A_CALL: u64 = 30_000;

/// Founds the commons "field" and lets the contract serve it.
pub async fn found(client: &Client, steward: &SigningKey) {
    let member = v1::AdmitRequest { agent: "steward".into(), key: vec![].into(), roles: vec!["steward".into()] };
    let founding = v1::FoundRequest { commons: "field".into(), purpose: String::new(), members: vec![member] };
    let found = "/stint.v1.Kernel/Found";
    client.command(steward, "consortium", found, founding.encode_to_vec().into()).await.expect("founded");
    let module = stint_testkit::fuzz::describe(wat::parse_str(GROW).expect("a module"));
    let published = client.publish(steward, "field", &module).await.expect("published");
    let deploy = v1::DeployRequest { code_hash: published.code_hash }.encode_to_vec().into();
    client.command_when_ready(steward, "field", "/stint.v1.Kernel/Deploy", deploy).await.expect("deployed");
}

/// Writes keys.
pub async fn grow(client: &Client, steward: &SigningKey, first: u64, count: u64) {
    let request: Bytes = [first.to_le_bytes(), count.to_le_bytes()].concat().into();
    client.command(steward, "field", "/fuzz.v1.Fuzz/Do", request).await.expect("grown");
}
