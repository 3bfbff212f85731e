use super::{Failure, contribute, init::CONSORTIUM, target::Target};
use crate::client::{Client, ClientError};
use clap::Args;
use ed25519_dalek::SigningKey;
use prost::Message;
use stint_proto::{Code, v1};

/// The contract that comes with this program.
pub const CONTRIBUTE: &[u8] = include_bytes!("../../../contracts/dist/contribute.wasm");

/// Founds a commons that records and values contributions.
#[derive(Args)]
pub struct Found {
    #[command(flatten)]
    target: Target,
    /// Its name: lower-case letters, digits and dashes
    name: String,
    /// What it is for
    #[arg(long, default_value = "")]
    purpose: String,
}

impl Found {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let key = self.target.signer()?;
        let new = found(&client, &key, &self.name, &self.purpose).await?;
        match new {
            true => println!(
                "founded {}: contributions are recorded and valued by stint.contribute.v1.Contribute",
                self.name
            ),
            false => println!("{} is founded already", self.name),
        }
        Ok(())
    }
}

/// Founds a commons with the contract `contribute` and a first rule; goes on where an earlier try
/// ended. Answers whether anything was missing.
pub async fn found(client: &Client, key: &SigningKey, name: &str, purpose: &str) -> Result<bool, Failure> {
    let request = v1::FoundRequest {
        commons: name.into(),
        purpose: purpose.into(),
        members: vec![v1::AdmitRequest {
            agent: "steward".into(),
            key: Default::default(),
            roles: vec!["steward".into()],
        }],
    };
    let mut new = false;
    match client.command(key, CONSORTIUM, "/stint.v1.Kernel/Found", request.encode_to_vec().into()).await {
        Ok(_) => new = true,
        Err(ClientError::Refused(r)) if r.code == Code::AlreadyExists => {}
        Err(e) => return Err(e.into()),
    }
    let state = client.query(name, "/stint.v1.Kernel/GetCommons", Default::default()).await?;
    if !v1::GetCommonsResponse::decode(state)?.contracts.is_empty() {
        return Ok(new);
    }
    let deploy = v1::DeployRequest { code_hash: client.publish(key, name, CONTRIBUTE).await?.code_hash };
    client.command_when_ready(key, name, "/stint.v1.Kernel/Deploy", deploy.encode_to_vec().into()).await?;
    // Contributions of any date weigh one point each until the commons decides otherwise.
    let rule =
        contribute::SetRuleRequest { from: "0001-01-01".into(), weights: Vec::new(), default_weight: "1".into() };
    client.command(key, name, "/stint.contribute.v1.Contribute/SetRule", rule.encode_to_vec().into()).await?;
    Ok(true)
}
