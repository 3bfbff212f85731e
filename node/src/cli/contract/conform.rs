//! `stint contract conform`: steps and expected answers as JSON, for contracts in any language.
//!
//! ```json
//! {
//!   "about": "what this kit shows",
//!   "rules": ["0061736d…"],
//!   "steps": [
//!     { "call": "Put", "as": "ana", "request": { "key": "YQ==", "value": "MQ==" }, "response": {} },
//!     { "query": "Get", "request": { "key": "YQ==" }, "response": { "value": "MQ==", "found": true } },
//!     { "call": "Refuse", "as": "ana", "request": {}, "refused": { "code": 9, "rule": "asked" } }
//!   ]
//! }
//! ```
//!
//! Requests and responses are JSON by the module's own descriptor. The commons is `kit`; `ana` is
//! its steward and `bo` a member without roles. The module serves a second commons, `other`, too,
//! so that it has another contract to call; and `rules` are modules that are published for it to
//! call by their hash. A step may also move `days`, and expect `events`.

use crate::cli::Failure;
use clap::Args;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde::Deserialize;
use serde_json::Value;
use std::{fs, path::PathBuf};
use stint_proto::{Refusal, v1};
use stint_runtime::check;
use stint_testkit::Ledger;

/// Runs a kit.
#[derive(Args)]
pub struct Conform {
    /// The kit: steps and expected answers as JSON
    kit: PathBuf,
    /// Modules that must give them
    #[arg(required = true)]
    modules: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Kit {
    about: String,
    /// Modules of pure rules, hexadecimal.
    #[serde(default)]
    rules: Vec<String>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    call: Option<String>,
    query: Option<String>,
    #[serde(default, rename = "as")]
    agent: String,
    #[serde(default)]
    request: Value,
    response: Option<Value>,
    refused: Option<Refused>,
    events: Option<Vec<Value>>,
    #[serde(default)]
    days: u64,
    /// Why the step is there; told when it fails.
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    code: u32,
    rule: String,
    #[serde(default)]
    details: std::collections::BTreeMap<String, String>,
}

impl Conform {
    pub fn execute(&self) -> Result<(), Failure> {
        let read = |p: &PathBuf| fs::read(p).map_err(|e| format!("{}: {e}", p.display()));
        let kit = read(&self.kit)?;
        for path in &self.modules {
            let steps = conform(&kit, &read(path)?).map_err(|e| format!("{}: {e}", path.display()))?;
            println!("{}: {steps} steps, as the kit expects", path.display());
        }
        Ok(())
    }
}

/// Runs a kit against a module; gives the number of steps, or the first difference.
pub fn conform(kit: &[u8], module: &[u8]) -> Result<usize, Failure> {
    let kit: Kit = serde_json::from_slice(kit)?;
    let checked = check(module)?;
    let pool = DescriptorPool::decode(checked.descriptor.file_set.as_slice())?;
    let mut ledger = Ledger::new();
    ledger.found("kit", &[("ana", &["steward"]), ("bo", &["guest"])]);
    ledger.found("other", &[]);
    ledger.try_deploy("kit", module)?;
    ledger.try_deploy("other", module)?;
    for rule in &kit.rules {
        ledger.try_publish(&hex::decode(rule)?)?;
    }
    // 2026-01-01.
    ledger.time_ms = 1_767_225_600_000;
    for (n, step) in kit.steps.iter().enumerate() {
        run(&mut ledger, &pool, &checked.descriptor, step)
            .map_err(|e| format!("step {} of {:?}: {e} {}", n + 1, kit.about, step.note))?;
    }
    Ok(kit.steps.len())
}

fn run(
    ledger: &mut Ledger,
    pool: &DescriptorPool,
    descriptor: &stint_runtime::Descriptor,
    step: &Step,
) -> Result<(), Failure> {
    ledger.time_ms += step.days * 24 * 60 * 60 * 1000;
    let Some(name) = step.call.as_ref().or(step.query.as_ref()) else { return Ok(()) };
    let (_, method) = descriptor.method(name).ok_or_else(|| format!("the module has no method {name}"))?;
    let message = |name: &str| pool.get_message_by_name(name).ok_or_else(|| format!("no message {name}"));
    let request = encode(&message(&method.input)?, &step.request)?;
    let path = format!("/{}/{name}", descriptor.service);
    let (result, events) = match step.call {
        Some(_) => {
            let receipt = ledger.call("kit", &step.agent, &path, &request);
            let result = receipt.refusal.map_or(Ok(receipt.response.to_vec()), |r| Err(Refusal::from(r)));
            (result, receipt.events)
        }
        None => (ledger.query("kit", &path, &request), Vec::new()),
    };
    match (result, &step.refused) {
        (Ok(bytes), None) => {
            let got = decode(&message(&method.output)?, &bytes)?;
            let expected = step.response.clone().unwrap_or_else(|| Value::Object(Default::default()));
            same(name, "answers", &got, &expected)?;
        }
        (Err(got), Some(expected)) => {
            let details = expected.details.iter().all(|(k, v)| got.details.get(k) == Some(v));
            if got.code as u32 != expected.code || got.rule != expected.rule || !details {
                return Err(format!(
                    "{name} refuses by {got} with code {}; expected code {} by {} with {:?}",
                    got.code as u32, expected.code, expected.rule, expected.details
                )
                .into());
            }
        }
        (Ok(_), Some(expected)) => {
            return Err(format!("{name} succeeds; expected a refusal by {}", expected.rule).into());
        }
        (Err(got), None) => return Err(format!("{name} is refused: {got}").into()),
    }
    let Some(expected) = &step.events else { return Ok(()) };
    let got: Result<Vec<Value>, Failure> = events
        .iter()
        .map(|e: &v1::Event| {
            let body = decode(&message(&e.r#type)?, &e.body)?;
            Ok(serde_json::json!({ "type": e.r#type, "body": body }))
        })
        .collect();
    same(name, "announces", &Value::Array(got?), &Value::Array(expected.clone()))
}

fn same(name: &str, what: &str, got: &Value, expected: &Value) -> Result<(), Failure> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{name} {what} {got}; expected {expected}").into())
}

fn encode(ty: &MessageDescriptor, json: &Value) -> Result<Vec<u8>, Failure> {
    match json {
        Value::Null => Ok(Vec::new()),
        json => Ok(DynamicMessage::deserialize(ty.clone(), json)?.encode_to_vec()),
    }
}

fn decode(ty: &MessageDescriptor, bytes: &[u8]) -> Result<Value, Failure> {
    let options = SerializeOptions::new().stringify_64_bit_integers(false);
    Ok(DynamicMessage::decode(ty.clone(), bytes)?.serialize_with_options(serde_json::value::Serializer, &options)?)
}
