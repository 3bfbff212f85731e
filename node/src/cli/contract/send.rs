//! `stint contract publish`, `deploy`, `upgrade`.

use super::{build::build, package::Package};
use crate::{
    cli::{Failure, target::Target},
    client::Client,
};
use clap::Args;
use ed25519_dalek::SigningKey;
use indicatif::ProgressBar;
use prost::Message;
use std::{fs, path::PathBuf, time::Duration};
use stint_proto::{
    Hash, hash_parts,
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
    /// Bring the state over in several calls; meanwhile the old code answers queries only
    #[arg(long)]
    in_steps: bool,
    /// Give up an upgrade in steps that is under way
    #[arg(long, conflicts_with = "in_steps")]
    abort: bool,
}

struct Ready {
    client: Client,
    key: SigningKey,
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
        let ready = self.sent.publish().await?;
        let service = ready.code.service.clone();
        if self.abort {
            let request = v1::AbortUpgradeRequest { service: service.clone() };
            ready.kernel::<v1::AbortUpgradeResponse>(commons, "AbortUpgrade", &request).await?;
            self.steps(&ready, &service, "what was moved is deleted").await?;
            println!("given up: the old code serves {commons} as {service}");
            return Ok(());
        }
        let before = serving(&ready.client, commons, &service).await?;
        let request = v1::UpgradeRequest { code_hash: ready.code.code_hash.clone(), in_steps: self.in_steps };
        let answer: v1::UpgradeResponse = ready.kernel(commons, "Upgrade", &request).await?;
        if !answer.done {
            self.steps(&ready, &service, "the state is brought over").await?;
        }
        println!("{service} of {commons}: {before} → {}", hex::encode(&ready.code.code_hash[..8]));
        Ok(())
    }

    /// Calls `Migrate` until nothing is left.
    async fn steps(&self, ready: &Ready, service: &str, what: &'static str) -> Result<(), Failure> {
        let bar = spinner(what);
        loop {
            let request = v1::MigrateRequest { service: service.into() };
            let sent = ready.client.command(
                &ready.key,
                &self.sent.commons,
                "/stint.v1.Kernel/Migrate",
                request.encode_to_vec().into(),
            );
            let hint = "the old code goes on serving queries; mend the new one and start again after --abort";
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

async fn serving(client: &Client, commons: &str, service: &str) -> Result<String, Failure> {
    let state = client.query(commons, "/stint.v1.Kernel/GetCommons", Default::default()).await?;
    let found = v1::GetCommonsResponse::decode(state)?.contracts.into_iter().find(|c| c.service == service);
    let hash = found.and_then(|c| Hash::try_from(&c.code_hash[..]).ok()).unwrap_or(Hash::ZERO);
    Ok(hex::encode(&hash.0[..8]))
}
