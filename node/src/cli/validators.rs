use super::{Failure, init::free_ports, show, target::Target};
use crate::{
    client::ClientError,
    config::{Folder, NodeConfig, PeerConfig, make_folder, write},
    keys,
};
use clap::{Args, Subcommand};
use prost::Message;
use std::{net::SocketAddr, path::PathBuf};
use stint_proto::{Genesis, agent_name, v1};

/// Who validates: it changes by the consortium's decision, between two epochs.
#[derive(Subcommand)]
pub enum Validators {
    /// Show who validates, who joins and who leaves
    List(Target),
    /// Make the folder of a validator that is to join, with a new key
    New(New),
    /// Let the consortium add the validator of a folder; by a steward, while the consortium has no charter
    Add(Add),
    /// Let the consortium remove a validator
    Remove(Remove),
    /// Draw the key that is to count instead for the validator of a folder, and let the consortium rotate it
    Rotate(Rotate),
}

impl Validators {
    pub async fn execute(&self) -> Result<(), Failure> {
        match self {
            Validators::List(target) => list(target).await,
            Validators::New(c) => c.execute(),
            Validators::Add(c) => c.execute().await,
            Validators::Remove(c) => c.execute().await,
            Validators::Rotate(c) => c.execute().await,
        }
    }
}

async fn list(target: &Target) -> Result<(), Failure> {
    use v1::validator_record::Standing;
    let client = target.connect().await?;
    let status = client.status().await?;
    let consortium = status.consortium.clone();
    let answer = client.query(&consortium, "/stint.v1.Kernel/ListValidators", Default::default()).await?;
    let answer = v1::ListValidatorsResponse::decode(answer)?;
    let seated = |name: &str| {
        let mut of = answer.committees.iter().filter(|c| c.seats.iter().any(|s| s.name == name));
        of.next_back().map_or_else(String::new, |c| format!("{}", c.epoch))
    };
    let row = |v: &v1::ValidatorRecord| {
        let standing = match v.standing() {
            Standing::Joining => "joins: has not said to be ready",
            Standing::Ready => "ready: counts from the next epoch on that has room",
            Standing::Validating if !v.next_key.is_empty() => "validates; a new key is to follow",
            Standing::Validating => "validates",
            Standing::Leaving => "validates for the last time",
            Standing::Left => "has left",
        };
        [v.name.clone(), standing.into(), seated(&v.name), hex::encode(&v.key), v.grpc.clone()]
    };
    let rows: Vec<_> = answer.validators.iter().map(row).collect();
    println!("{}", show::table(&["validator", "standing", "since epoch", "key", "gRPC"], &rows));
    println!("epoch {} ends with block {}; the newest block is {}", status.epoch, status.epoch_ends, status.height);
    Ok(())
}

/// See [`Validators::New`].
#[derive(Args)]
pub struct New {
    /// Folder to make
    #[arg(long)]
    dir: PathBuf,
    /// Its name, new on the ledger
    #[arg(long)]
    name: String,
    /// The ledger's genesis file
    #[arg(long)]
    genesis: PathBuf,
    /// A validator to fetch the ledger from and to connect to, as NAME=P2P,GRPC; two at least are better
    #[arg(long = "peer", value_name = "NAME=P2P,GRPC", required = true)]
    peers: Vec<String>,
    /// Where other validators will find it [default: a free port of this machine]
    #[arg(long)]
    p2p: Option<SocketAddr>,
    /// Where clients will find it [default: a free port of this machine]
    #[arg(long)]
    grpc: Option<SocketAddr>,
}

impl New {
    fn execute(&self) -> Result<(), Failure> {
        agent_name(&self.name)?;
        let file = std::fs::read(&self.genesis).map_err(|e| format!("{}: {e}", self.genesis.display()))?;
        Genesis::parse(&file)?;
        let folder = Folder(self.dir.clone());
        if folder.config().exists() {
            return Err(format!("{} holds a validator already; choose another folder", self.dir.display()).into());
        }
        let peers = self.peers.iter().map(|p| peer(p)).collect::<Result<Vec<_>, _>>()?;
        let free = free_ports(2)?;
        let (p2p, grpc) = (self.p2p.unwrap_or(free[0]), self.grpc.unwrap_or(free[1]));
        make_folder(&folder.0)?;
        let key = keys::generate()?;
        keys::write(&folder.key(), &key)?;
        write(&folder.genesis(), &file)?;
        let name = self.name.clone();
        folder.write_config(&NodeConfig { name: name.clone(), grpc, p2p, keep: Default::default(), peers })?;
        let dir = self.dir.display();
        println!("{name} has the key {}", hex::encode(key.verifying_key().to_bytes()));
        println!("the consortium adds it with: stint validator add {dir}    then start it: stint run --dir {dir}");
        Ok(())
    }
}

/// `NAME=P2P,GRPC`.
fn peer(text: &str) -> Result<PeerConfig, Failure> {
    let parts = text.split_once('=').and_then(|(name, at)| Some((name, at.split_once(',')?)));
    let parsed = parts.and_then(|(name, (p2p, grpc))| {
        Some(PeerConfig { name: name.into(), p2p: p2p.parse().ok()?, grpc: Some(grpc.parse().ok()?) })
    });
    parsed.ok_or_else(|| {
        format!("{text} is no peer; one is written NAME=P2P,GRPC, for example v1=203.0.113.7:7001,203.0.113.7:7002")
            .into()
    })
}

/// See [`Validators::Add`].
#[derive(Args)]
pub struct Add {
    #[command(flatten)]
    target: Target,
    /// The validator's folder
    folder: PathBuf,
}

impl Add {
    async fn execute(&self) -> Result<(), Failure> {
        let folder = Folder(self.folder.clone());
        let config = folder.read_config()?;
        let key = keys::read(&folder.key())?.verifying_key().to_bytes().to_vec().into();
        let (p2p, grpc) = (config.p2p.to_string(), config.grpc.to_string());
        let name = config.name.clone();
        decide(&self.target, "AddValidator", &v1::AddValidatorRequest { name, key, p2p, grpc }).await?;
        println!("{} is added; it counts from an epoch on that begins after it was started and is ready", config.name);
        Ok(())
    }
}

/// See [`Validators::Remove`].
#[derive(Args)]
pub struct Remove {
    #[command(flatten)]
    target: Target,
    /// Its name
    name: String,
}

impl Remove {
    async fn execute(&self) -> Result<(), Failure> {
        decide(&self.target, "RemoveValidator", &v1::RemoveValidatorRequest { name: self.name.clone() }).await?;
        println!(
            "{} validates for the last time in this epoch, or in the next one if that is decided already",
            self.name
        );
        Ok(())
    }
}

/// See [`Validators::Rotate`].
#[derive(Args)]
pub struct Rotate {
    #[command(flatten)]
    target: Target,
    /// The validator's folder
    folder: PathBuf,
}

impl Rotate {
    async fn execute(&self) -> Result<(), Failure> {
        let folder = Folder(self.folder.clone());
        let name = folder.read_config()?.name;
        if !folder.next_key().exists() {
            keys::write(&folder.next_key(), &keys::generate()?)?;
        }
        let key = keys::read(&folder.next_key())?.verifying_key().to_bytes().to_vec().into();
        decide(&self.target, "RotateValidator", &v1::RotateValidatorRequest { name: name.clone(), key }).await?;
        println!(
            "{} holds the key that is to count; restart {name}, and it says by itself that it is ready",
            folder.next_key().display()
        );
        Ok(())
    }
}

/// Lets the consortium's steward decide; where a charter does, says how.
async fn decide(target: &Target, method: &str, request: &impl Message) -> Result<(), Failure> {
    let client = target.connect().await?;
    let consortium = client.status().await?.consortium;
    let (signer, full) = (target.signer()?, format!("/stint.v1.Kernel/{method}"));
    match client.command(&signer, &consortium, &full, request.encode_to_vec().into()).await {
        Ok(_) => Ok(()),
        Err(ClientError::Refused(r)) if r.rule == "charter" => Err(format!(
            "{}; the call to propose: commons {consortium}, method {full}, request {}",
            r.message,
            hex::encode(request.encode_to_vec())
        )
        .into()),
        Err(e) => Err(e.into()),
    }
}
