//! The committed verifier in Wasm says of every test vector what the native one says.

use serde_json::{Value, json};
use std::{fs, path::Path};
use stint_verifier::{Committee, Hash, Trust};
use wasmtime::{Engine, Instance, Module, Store};

fn root(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).expect(path)
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("text");
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hexadecimal")).collect()
}

/// Asks a fresh instance about one proof.
fn ask(engine: &Engine, module: &Module, trust: &[u8], proof: &[u8]) -> Value {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, module, &[]).expect("it imports nothing");
    let memory = instance.get_memory(&mut store, "memory").expect("memory");
    let input = instance.get_typed_func::<u32, u32>(&mut store, "stint_input").expect("exported");
    let verify = instance.get_typed_func::<u32, u32>(&mut store, "stint_verify").expect("exported");
    let output = instance.get_typed_func::<(), u32>(&mut store, "stint_output").expect("exported");
    let all = [trust, proof].concat();
    let at = input.call(&mut store, all.len() as u32).expect("room");
    memory.write(&mut store, at as usize, &all).expect("room");
    let size = verify.call(&mut store, trust.len() as u32).expect("an answer") as usize;
    let at = output.call(&mut store, ()).expect("a place") as usize;
    serde_json::from_slice(&memory.data(&store)[at..at + size]).expect("JSON")
}

#[test]
fn wasm_and_native_agree_on_every_vector() {
    let vectors: Value = serde_json::from_slice(&root("verifier/vectors/proofs.json")).expect("JSON");
    let keys = vectors["committee"].as_array().expect("keys").iter().map(|k| hex(k).try_into().expect("32 bytes"));
    let trust = Trust {
        chain_id: Hash(hex(&vectors["chain_id"]).try_into().expect("32 bytes")),
        epoch: vectors["epoch"].as_u64().expect("a number"),
        committee: Committee::new(keys.collect()).expect("validators"),
    };
    let engine = Engine::default();
    let module = Module::new(&engine, root("verifier/wasm/dist/verifier.wasm")).expect("a module");
    let cases = vectors["proofs"].as_array().expect("cases");
    assert!(cases.len() > 10);
    for case in cases {
        let expected = match &case["proves"] {
            Value::Null => json!({ "invalid": case["invalid"] }),
            proves => json!({ "proves": proves }),
        };
        assert_eq!(ask(&engine, &module, &trust.encode(), &hex(&case["proof"])), expected, "{}", case["name"]);
    }
    let said = ask(&engine, &module, b"nobody", b"");
    assert!(said["invalid"].as_str().is_some_and(|why| why.contains("trusted validators")));
}
