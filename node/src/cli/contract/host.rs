//! The ledger's runtime behind the SDK's test world: reads steps, answers with what each did.

use crate::cli::Failure;
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{self, Read, Write},
    path::PathBuf,
    sync::Arc,
};
use stint_proto::{
    Hash,
    limits::READY_MS_PER_KB,
    v1::{self, migrate_response::Stage},
};
use stint_runtime::{Contracts, ContractsOptions};
use stint_testkit::{CONSORTIUM, Ledger, STEWARD};

/// Names the folder with the modules, each `SERVICE/PACKAGE.wasm`.
pub const MODULES: &str = "STINT_TEST_MODULES";
/// Names the folder for the most fuel that each method burnt, and for what ran natively only.
pub const FUEL: &str = "STINT_TEST_FUEL";
/// How the files end that say what ran natively only.
pub const NATIVE: &str = "native";
/// A step at most, bytes.
const STEP_BYTES: usize = 64 << 20;

/// One step, as `stint-sdk` writes it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Step {
    #[prost(string, tag = "1")]
    op: String,
    #[prost(string, tag = "2")]
    commons: String,
    #[prost(string, tag = "3")]
    service: String,
    #[prost(string, tag = "4")]
    method: String,
    #[prost(string, tag = "5")]
    agent: String,
    #[prost(string, repeated, tag = "6")]
    roles: Vec<String>,
    #[prost(bytes = "vec", tag = "7")]
    request: Vec<u8>,
    #[prost(uint64, tag = "8")]
    height: u64,
    #[prost(uint64, tag = "9")]
    time_ms: u64,
    #[prost(uint64, tag = "10")]
    call: u64,
    #[prost(string, tag = "11")]
    package: String,
    #[prost(bool, tag = "12")]
    in_steps: bool,
}

/// What a step did.
#[derive(Clone, PartialEq, prost::Message)]
struct Reply {
    #[prost(bytes = "vec", tag = "1")]
    response: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    refusal: Option<v1::Refusal>,
    #[prost(message, repeated, tag = "3")]
    events: Vec<v1::Event>,
    #[prost(bytes = "vec", tag = "4")]
    code_hash: Vec<u8>,
    #[prost(string, tag = "5")]
    failure: String,
}

/// Serves steps from standard input until it ends.
pub fn serve() -> Result<(), Failure> {
    let modules = env::var_os(MODULES).ok_or_else(|| format!("{MODULES} names no folder; run: stint contract test"))?;
    let author: stint_runtime::Author = Arc::new(|line: &str| eprintln!("{line}"));
    let contracts = Contracts::with(ContractsOptions { author: Some(author), ..Default::default() })?;
    let mut host = Host {
        ledger: Ledger::with(contracts),
        modules: modules.into(),
        commons: BTreeSet::new(),
        fuel: BTreeMap::new(),
    };
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    loop {
        let mut size = [0; 4];
        if input.read_exact(&mut size).is_err() {
            return Ok(());
        }
        let size = u32::from_le_bytes(size) as usize;
        if size > STEP_BYTES {
            return Err(format!("a step of {size} bytes; the limit is {STEP_BYTES}").into());
        }
        let mut bytes = vec![0; size];
        input.read_exact(&mut bytes)?;
        let reply = host.step(Step::decode(bytes.as_slice())?);
        let reply = reply.unwrap_or_else(|e| Reply { failure: e.to_string(), ..Default::default() }).encode_to_vec();
        output.write_all(&(reply.len() as u32).to_le_bytes())?;
        output.write_all(&reply)?;
        output.flush()?;
    }
}

struct Host {
    ledger: Ledger,
    modules: PathBuf,
    commons: BTreeSet<String>,
    /// The most fuel that each method burnt.
    fuel: BTreeMap<String, u64>,
}

impl Host {
    fn step(&mut self, step: Step) -> Result<Reply, Failure> {
        match step.op.as_str() {
            "deploy" => {
                self.found(&step.commons);
                let hash = self.publish(&step)?;
                let code_hash = hash.0.to_vec();
                let request = v1::DeployRequest { code_hash: code_hash.clone().into() };
                self.ledger.kernel::<v1::DeployResponse>(&step.commons, "Deploy", &request)?;
                Ok(Reply { code_hash, ..Default::default() })
            }
            "publish" => Ok(Reply { code_hash: self.publish(&step)?.0.to_vec(), ..Default::default() }),
            "upgrade" => self.upgrade(&step),
            "native" => {
                // The test goes on alone; whoever runs the tests tells it.
                self.keep(NATIVE, step.method.as_bytes());
                Ok(Reply::default())
            }
            "member" => {
                self.found(&step.commons);
                let roles: Vec<&str> = step.roles.iter().map(String::as_str).collect();
                self.ledger.admit(&step.commons, &step.agent, &roles);
                Ok(Reply::default())
            }
            "call" => {
                self.ledger.enrol(&step.agent);
                // The test moves blocks and time.
                self.ledger.height = step.height - 1;
                self.ledger.time_ms = step.time_ms;
                self.ledger.calls = u128::from(step.call - 1);
                let method = format!("/{}/{}", step.service, step.method);
                let receipt = self.ledger.call(&step.commons, &step.agent, &method, &step.request);
                let most = self.fuel.entry(method).or_default();
                *most = receipt.fuel_used.max(*most);
                self.save();
                let (response, events) = (receipt.response.to_vec(), receipt.events);
                Ok(Reply { response, refusal: receipt.refusal, events, ..Default::default() })
            }
            "query" => {
                (self.ledger.height, self.ledger.time_ms) = (step.height, step.time_ms);
                let method = format!("/{}/{}", step.service, step.method);
                let (response, refusal) = match self.ledger.query(&step.commons, &method, &step.request) {
                    Ok(response) => (response, None),
                    Err(refusal) => (Vec::new(), Some(refusal.into())),
                };
                Ok(Reply { response, refusal, ..Default::default() })
            }
            other => Err(format!("this stint does not know the step {other:?}; use the SDK that came with it").into()),
        }
    }

    /// Publishes a module so early that it may serve now.
    fn publish(&mut self, step: &Step) -> Result<Hash, Failure> {
        let module = self.module(step)?;
        let compiling = READY_MS_PER_KB * (module.len() as u64).div_ceil(1000);
        self.ledger.time_ms = self.ledger.time_ms.saturating_sub(compiling);
        Ok(self.ledger.try_publish(&module)?)
    }

    /// An upgrade with all its steps, or given up at the first refusal.
    fn upgrade(&mut self, step: &Step) -> Result<Reply, Failure> {
        self.found(&step.commons);
        self.ledger.time_ms = step.time_ms;
        let hash = self.publish(step)?;
        self.ledger.height = step.height - 1;
        let mut done = Reply { code_hash: hash.0.to_vec(), ..Default::default() };
        let code_hash = done.code_hash.clone().into();
        let upgrade = v1::UpgradeRequest { code_hash, in_steps: step.in_steps };
        self.kernel(step, "Upgrade", &upgrade, &mut done);
        let mut steps = 0u64;
        let asked = v1::MigrateRequest { service: step.service.clone() };
        while step.in_steps && done.refusal.is_none() {
            let stage =
                v1::MigrateResponse::decode(self.kernel(step, "Migrate", &asked, &mut done).as_slice())?.stage();
            steps += 1;
            if stage == Stage::Cleaning || stage == Stage::Done {
                break;
            }
        }
        if steps > 0 {
            let mut unheard = Reply::default();
            if done.refusal.is_some() {
                let abort = v1::AbortUpgradeRequest { service: step.service.clone() };
                self.kernel(step, "AbortUpgrade", &abort, &mut unheard);
            }
            while unheard.refusal.is_none() {
                let answer = self.kernel(step, "Migrate", &asked, &mut unheard);
                if v1::MigrateResponse::decode(answer.as_slice())?.stage() == Stage::Done {
                    break;
                }
            }
        }
        match done.refusal {
            // What a refused migration announced is gone, and what its earlier steps did is given up.
            Some(_) => done.events.clear(),
            None => done.response = steps.to_be_bytes().to_vec(),
        }
        Ok(done)
    }

    /// Calls the kernel as the steward; adds what came of it to `reply`, and gives the answer.
    fn kernel(&mut self, step: &Step, method: &str, request: &impl Message, reply: &mut Reply) -> Vec<u8> {
        let method = format!("/stint.v1.Kernel/{method}");
        let receipt = self.ledger.call(&step.commons, STEWARD, &method, &request.encode_to_vec());
        reply.events.extend(receipt.events);
        reply.refusal = receipt.refusal;
        receipt.response.to_vec()
    }

    fn found(&mut self, commons: &str) {
        if self.commons.insert(commons.into()) && commons != CONSORTIUM {
            self.ledger.found(commons, &[(STEWARD, &["steward"])]);
        }
    }

    fn module(&self, step: &Step) -> Result<Vec<u8>, Failure> {
        let Step { service, package, .. } = step;
        let path = self.modules.join(service).join(format!("{package}.wasm"));
        let missing =
            |e| format!("no module for {service} of {package}; name its folder with --with: {}: {e}", path.display());
        fs::read(&path).map_err(|e| missing(e).into())
    }

    /// Keeps the figures for `stint contract check`; without them it shows less.
    fn save(&self) {
        if let Ok(json) = serde_json::to_vec_pretty(&self.fuel) {
            self.keep("json", &json);
        }
    }

    fn keep(&self, kind: &str, bytes: &[u8]) {
        if let Some(path) = env::var_os(FUEL) {
            let _ = fs::write(PathBuf::from(path).join(format!("{}.{kind}", std::process::id())), bytes);
        }
    }
}
