//! `stint state`: what a contract keeps, by the names and types that its module declares.

use super::{Failure, kept::Kept, show, target::Target};
use clap::Args;
use stint_proto::v1;

/// Shows what a contract keeps.
#[derive(Args)]
pub struct State {
    #[command(flatten)]
    target: Target,
    /// The commons that is meant
    #[arg(long)]
    commons: String,
    /// On the state after this block [default: the newest]
    #[arg(long, default_value_t = 0)]
    height: u64,
    /// Entries at most
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// The contract, for example contribute, or stint.contribute.v1.Contribute
    service: String,
    /// The map or item to show [default: their names]
    name: Option<String>,
}

impl State {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let service = client.service_named(&self.service, Some(&self.commons)).await?;
        let kept = Kept::fetch(&client, &self.commons, &service).await?;
        let Some(name) = &self.name else {
            let rows: Vec<_> = kept.list.iter().map(|(n, t)| [n.clone(), t.clone()]).collect();
            println!("{}", show::table(&["name", "type"], &rows));
            return Ok(());
        };
        let shape = kept.shape(name)?;
        let single = shape.keys.is_empty();

        let prefix: Vec<u8> = if single { name.clone().into() } else { format!("{name}/").into() };
        let mut after = Vec::new();
        // A single value is the first of all keys that begin with its name; the others are not meant.
        let mut left = if single { 1 } else { self.limit };
        while left > 0 {
            let asked = v1::ListStateRequest {
                commons: self.commons.clone(),
                service: service.clone(),
                prefix: prefix.clone().into(),
                after: after.into(),
                page_size: left.min(1000),
                height: self.height,
            };
            let page: v1::ListStateResponse = client.ask("ListState", &asked).await?;
            for e in page.entries.iter().filter(|e| !single || e.key == prefix) {
                let key = shape.key(e.key.get(prefix.len()..).unwrap_or_default());
                println!("{key}  {}", kept.value(&shape, &e.value));
            }
            left = left.saturating_sub(page.entries.len() as u32);
            after = page.next.to_vec();
            if after.is_empty() {
                break;
            }
        }
        Ok(())
    }
}
