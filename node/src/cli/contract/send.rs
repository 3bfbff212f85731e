//! `stint contract publish`, `deploy`, `upgrade`.

use super::{build::build, package::Package};
use crate::{
    cli::{Failure, target::Target},
    client::{Client, Key},
};
use clap::Args;
use ed25519_dalek::SigningKey;
use indicatif::ProgressBar;
use prost::Message;
use std::{fs, path::PathBuf, time::Duration};
use stint_proto::{
    hash_parts,
    v1::{self, migrate_response::Stage},
};

#[derive(Args)]
struct Sent {
    #[command(flatten)]
    target: Target,
    /// The commons that is meant
    #[arg(long)]
    commons: String,
    /// A module, or a contract's folder, which is built first
    #[arg(default_value = ".")]
    what: PathBuf,
}

/// Puts a module on the ledger.
#[derive(Args)]
pub struct Publish {
    #[command(flatten)]
    sent: Sent,
}

/// Publishes a module and lets it serve.
#[derive(Args)]
pub struct Deploy {
    #[command(flatten)]
    sent: Sent,
}

/// Lets other code serve.
#[derive(Args)]
pub struct Upgrade {
    #[command(flatten)]
    sent: Sent,
    /// Bring the state over in several calls; meanwhile the old code answers queries only. The same command again goes
    /// on with what was interrupted
    #[arg(long)]
    in_steps: bool,
    /// Give up an upgrade in steps that is under way; nothing is built
    #[arg(long, conflicts_with_all = ["in_steps", "what"])]
    abort: bool,
    /// Which one to give up, where several are under way
    #[arg(long, requires = "abort")]
    service: Option<String>,
}

struct Ready {
    client: Client,
    key: Key,
    code: v1::PublishResponse,
}

impl Sent {
    async fn publish(&self) -> Result<Ready, Failure> {
        let module = if self.what.is_dir() {
            build(&Package::read(&self.what)?, false)?.module
        } else {
            fs::read(&self.what).map_err(|e| format!("{}: {e}", self.what.display()))?
        };
        let client = self.target.connect().await?;
        let key = self.target.signer()?;
        let code = client.publish(&key, &self.commons, &module).await?;
        eprintln!("published {} as code {}", code.service, hash_parts(&[&module]));
        Ok(Ready { client, key, code })
    }
}

impl Ready {
    /// Calls a kernel method that needs the code, and waits while validators compile it.
    async fn kernel<R: Message + Default>(
        &self,
        commons: &str,
        method: &str,
        request: &impl Message,
    ) -> Result<R, Failure> {
        let bar = spinner("validators compile the code");
        let method = format!("/stint.v1.Kernel/{method}");
        let sent = self.client.command_when_ready(&self.key, commons, &method, request.encode_to_vec().into()).await;
        bar.finish_and_clear();
        Ok(R::decode(sent?.0)?)
    }
}

fn spinner(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

impl Publish {
    pub async fn execute(&self) -> Result<(), Failure> {
        let ready = self.sent.publish().await?;
        println!("{}", hex::encode(&ready.code.code_hash));
        Ok(())
    }
}

impl Deploy {
    pub async fn execute(&self) -> Result<(), Failure> {
        let ready = self.sent.publish().await?;
        let request = v1::DeployRequest { code_hash: ready.code.code_hash.clone() };
        let answer: v1::DeployResponse = ready.kernel(&self.sent.commons, "Deploy", &request).await?;
        println!("{} serves {}", answer.service, self.sent.commons);
        println!("next: stint query --commons {} {}/METHOD", self.sent.commons, answer.service);
        Ok(())
    }
}

impl Upgrade {
    pub async fn execute(&self) -> Result<(), Failure> {
        let commons = &self.sent.commons;
        if self.abort {
            return self.give_up().await;
        }
        let ready = self.sent.publish().await?;
        let (service, code_hash) = (&ready.code.service, &ready.code.code_hash);
        let serving = contracts(&ready.client, commons).await?.into_iter().find(|c| c.service == *service);
        let serving = serving.unwrap_or_default();
        let under_way = !serving.next_code_hash.is_empty() && serving.next_code_hash == *code_hash;
        // Whoever was interrupted goes on: begun again, it would be refused.
        let done = match under_way && self.in_steps {
            true => {
                eprintln!("the upgrade is under way already and goes on");
                false
            }
            false => {
                let request = v1::UpgradeRequest { code_hash: code_hash.clone(), in_steps: self.in_steps };
                ready.kernel::<v1::UpgradeResponse>(commons, "Upgrade", &request).await?.done
            }
        };
        if !done {
            self.steps(&ready.client, &ready.key, service, "the state is brought over").await?;
        }
        println!("{service} of {commons}: {} → {}", short(&serving.code_hash), short(code_hash));
        Ok(())
    }

    /// Ends an upgrade in steps. Which one it is, the ledger knows.
    async fn give_up(&self) -> Result<(), Failure> {
        let commons = &self.sent.commons;
        let (client, key) = (self.sent.target.connect().await?, self.sent.target.signer()?);
        let under_way = contracts(&client, commons).await?.into_iter().filter(|c| !c.next_code_hash.is_empty());
        let service = which(under_way.map(|c| c.service).collect(), self.service.as_deref(), commons)?;
        let request = v1::AbortUpgradeRequest { service: service.clone() }.encode_to_vec();
        client.command(&key, commons, "/stint.v1.Kernel/AbortUpgrade", request.into()).await?;
        self.steps(&client, &key, &service, "what was moved is deleted").await?;
        println!("given up: the old code serves {commons} as {service}");
        Ok(())
    }

    /// Calls `Migrate` until nothing is left.
    async fn steps(&self, client: &Client, key: &SigningKey, service: &str, what: &'static str) -> Result<(), Failure> {
        let bar = spinner(what);
        loop {
            let request = v1::MigrateRequest { service: service.into() }.encode_to_vec();
            let sent = client.command(key, &self.sent.commons, "/stint.v1.Kernel/Migrate", request.into());
            let hint =
                "the old code goes on serving queries; the same command goes on from here, and --abort gives it up";
            let answer = sent.await.map_err(|e| format!("{e}\n{hint}"))?.0;
            let answer = v1::MigrateResponse::decode(answer)?;
            match answer.stage() {
                Stage::Done => break,
                Stage::Migrating => bar.set_message(format!("{what}: step {}", answer.steps)),
                Stage::Checking => bar.set_message("the new state is checked"),
                Stage::Cleaning => bar.set_message("what nobody reads any more is deleted"),
            }
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// The upgrade that is meant, of those under way.
fn which(under_way: Vec<String>, named: Option<&str>, commons: &str) -> Result<String, String> {
    match (under_way.as_slice(), named) {
        ([only], None) => Ok(only.clone()),
        (all, Some(named)) if all.iter().any(|s| s == named) => Ok(named.into()),
        ([], _) => Err(format!("no contract of {commons} is being upgraded in steps")),
        (all, None) => Err(format!("several are being upgraded; name one with --service: {}", all.join(", "))),
        (all, Some(named)) => Err(format!("{named} is not being upgraded in steps; there are: {}", all.join(", "))),
    }
}

async fn contracts(client: &Client, commons: &str) -> Result<Vec<v1::Instance>, Failure> {
    let state = client.query(commons, "/stint.v1.Kernel/GetCommons", Default::default()).await?;
    Ok(v1::GetCommonsResponse::decode(state)?.contracts)
}

fn short(code: &[u8]) -> String {
    hex::encode(code.get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upgrade_to_give_up_is_the_only_one_or_named() {
        let all = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(which(all(&["a.A"]), None, "forge"), Ok("a.A".into()));
        assert_eq!(which(all(&["a.A", "b.B"]), Some("b.B"), "forge"), Ok("b.B".into()));
        for (names, named) in [(&[][..], None), (&["a.A", "b.B"], None), (&["a.A"], Some("b.B"))] {
            assert!(which(all(names), named, "forge").is_err());
        }
    }
}
