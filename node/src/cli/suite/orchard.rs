//! `stint demo orchard`: the sample scenario of three commons on a running network, with a line for every step, the
//! refused ones too, and at the end every expected number beside the ledger's.

use super::replay::told;
use crate::{
    cli::{Failure, init::CONSORTIUM, target::Target},
    client::{Client, ClientError},
    keys,
};
use bytes::Bytes;
use clap::Args;
use ed25519_dalek::SigningKey;
use orchard::{How, Ledger, Module, Rule, Scenario, Told, play};
use prost::Message;
use std::{collections::BTreeMap, future::Future, io::Write, path::PathBuf, time::Duration};
use stint_proto::v1;
use stint_sdk::{Code, Refusal, Time};
use tokio::runtime::Handle;

const STEWARD: &str = "steward";
const POLL: Duration = Duration::from_millis(200);
/// For six ballots one after the other, and for a call that comes too early.
const OPEN_FOR_S: u64 = 10;
const DELAY_S: u64 = 4;

fn module(of: Module) -> &'static [u8] {
    match of {
        Module::Book => include_bytes!("../../../../contracts/dist/book.wasm"),
        Module::Charter => include_bytes!("../../../../contracts/dist/charter.wasm"),
        Module::Contribute => include_bytes!("../../../../contracts/dist/contribute.wasm"),
        Module::Value => include_bytes!("../../../../contracts/dist/value.wasm"),
    }
}

const HOURS: &[u8] = include_bytes!("../../../../contracts/dist/hours.wasm");

/// Plays "Dehydrators for the orchard": three commons, their books, contributions, incomes, a vote and a fork.
#[derive(Args)]
pub struct Orchard {
    #[command(flatten)]
    target: Target,
    /// Seconds for which votes on rules are open
    #[arg(long, default_value_t = OPEN_FOR_S)]
    open_for: u64,
    /// Seconds from the end of a vote to its execution
    #[arg(long, default_value_t = DELAY_S)]
    delay: u64,
}

impl Orchard {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let mut on = Network {
            client,
            steward: self.target.signer()?.into(),
            keys: self.target.dir.join("keys/orchard"),
            stewards: BTreeMap::new(),
            handle: Handle::current(),
        };
        let scenario = Scenario { open_for_s: self.open_for, delay_s: self.delay };
        let outcome = tokio::task::block_in_place(|| play(&mut on, &scenario, &mut line))?;
        println!("\n{outcome}");
        match outcome.all_equal() {
            true => Ok(()),
            false => Err(format!("{} numbers differ", outcome.differences().len()).into()),
        }
    }
}

fn line(told: Told) {
    match told.how {
        How::Accepted => println!("{}  {}", told.step, told.what),
        How::Refused { rule, sentence } => {
            println!("{}  {}\n   refused, as it must be, by {rule}: {sentence}", told.step, told.what);
        }
    }
    // A line is for whoever waits.
    let _ = std::io::stdout().flush();
}

/// The network, as its members reach it.
struct Network {
    client: Client,
    steward: SigningKey,
    /// Where the members' keys lie.
    keys: PathBuf,
    /// A steward of each commons.
    stewards: BTreeMap<String, String>,
    handle: Handle,
}

impl Network {
    fn wait<T>(&self, result: impl Future<Output = Result<T, ClientError>>) -> Result<T, Refusal> {
        self.handle.block_on(result).map_err(|e| match e {
            ClientError::Refused(refused) => told(stint_proto::Refusal::from(refused)),
            other => Refusal::new(Code::Unavailable, "node", other.to_string()),
        })
    }

    /// The key of an agent, made when it has none.
    fn key(&self, agent: &str) -> Result<SigningKey, Refusal> {
        if agent == STEWARD {
            return Ok(self.steward.clone());
        }
        let failed = |e: String| Refusal::new(Code::FailedPrecondition, "key", e);
        let path = self.keys.join(format!("{agent}.key"));
        if path.is_file() {
            return keys::read(&path).map_err(|e| failed(e.to_string()));
        }
        std::fs::create_dir_all(&self.keys).map_err(|e| failed(format!("{}: {e}", self.keys.display())))?;
        let key = keys::generate().and_then(|key| keys::write(&path, &key).map(|()| key));
        key.map_err(|e| failed(e.to_string()))
    }

    fn command(&self, commons: &str, agent: &str, method: &str, request: Bytes) -> Result<Bytes, Refusal> {
        let key = self.key(agent)?;
        Ok(self.wait(self.client.command_when_ready(&key, commons, method, request))?.0)
    }

    fn publish(&self, module: &[u8]) -> Result<v1::PublishResponse, Refusal> {
        self.wait(self.client.publish(&self.steward, CONSORTIUM, module))
    }

    fn status(&self) -> Result<v1::GetStatusResponse, Refusal> {
        self.wait(self.client.status())
    }

    fn time(&self) -> Time {
        Time::of_time_ms(self.status().map_or(0, |s| s.time_ms))
    }
}

impl Ledger for Network {
    fn found(&mut self, commons: &str, purpose: &str, members: &[(&str, &[&str])]) -> Result<(), Refusal> {
        let member = |(agent, roles): &(&str, &[&str])| {
            let key = self.key(agent)?.verifying_key().to_bytes().to_vec().into();
            let roles = roles.iter().map(|r| r.to_string()).collect();
            Ok::<_, Refusal>(v1::AdmitRequest { agent: (*agent).into(), key, roles })
        };
        let steward = members.iter().find(|(_, roles)| roles.contains(&STEWARD)).map_or(STEWARD, |(agent, _)| agent);
        let members = members.iter().map(member).collect::<Result<_, _>>()?;
        self.stewards.insert(commons.into(), steward.into());
        let request = v1::FoundRequest { commons: commons.into(), purpose: purpose.into(), members };
        self.command(CONSORTIUM, STEWARD, "/stint.v1.Kernel/Found", request.encode_to_vec().into()).map(drop)
    }

    fn deploy(&mut self, commons: &str, of: Module) -> Result<(), Refusal> {
        let request = v1::DeployRequest { code_hash: self.publish(module(of))?.code_hash };
        let steward = self.stewards.get(commons).map_or(STEWARD, String::as_str);
        self.command(commons, steward, "/stint.v1.Kernel/Deploy", request.encode_to_vec().into()).map(drop)
    }

    fn publish_rule(&mut self, Rule::Hours: Rule) -> Result<[u8; 32], Refusal> {
        let published = self.publish(HOURS)?;
        while self.status()?.time_ms < published.ready_ms {
            std::thread::sleep(POLL);
        }
        let strange = |_| Refusal::invalid("code", "the node names code by other than 32 bytes");
        published.code_hash[..].try_into().map_err(strange)
    }

    fn call(&mut self, commons: &str, agent: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        Ok(self.command(commons, agent, method, Bytes::copy_from_slice(request))?.to_vec())
    }

    fn query(&mut self, commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        Ok(self.wait(self.client.query(commons, method, Bytes::copy_from_slice(request)))?.to_vec())
    }

    fn height(&mut self) -> u64 {
        self.status().map_or(0, |s| s.height)
    }

    fn now(&mut self) -> String {
        self.time().to_string()
    }

    fn wait_until(&mut self, time: &str) {
        while Time::parse(time).is_ok_and(|until| self.time() < until) {
            std::thread::sleep(POLL);
        }
    }
}
