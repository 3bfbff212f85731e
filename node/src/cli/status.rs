use super::{Failure, show, target::Target};
use crate::client::{Client, ClientError};
use std::{collections::BTreeSet, net::SocketAddr};
use stint_proto::{Hash, v1::GetStatusResponse};

/// Where one validator stands, and its state root at the height that all have reached.
struct Row {
    name: String,
    address: SocketAddr,
    answer: Result<(Client, GetStatusResponse), ClientError>,
    root: Option<Hash>,
}

/// Shows where each validator stands, and whether their states are the same.
pub async fn show(target: &Target) -> Result<(), Failure> {
    let mut rows = ask(target).await?;
    let heights = rows.iter().filter_map(|r| r.answer.as_ref().ok()).map(|(_, s)| s.height);
    let (Some(common), Some(newest)) = (heights.clone().min(), heights.max()) else {
        return Err(
            format!("no validator answers; start them with: stint devnet --dir {}", target.dir.display()).into()
        );
    };
    for row in &mut rows {
        if let Ok((client, _)) = &row.answer {
            let status = client.status_at(common).await?;
            row.root = Hash::try_from(&status.state_root[..]).ok();
        }
    }
    let head = ["validator", "gRPC", "height", "calls", "waiting", &format!("state root at height {common}")];
    println!("{}", show::table(&head, &rows.iter().map(|r| r.cells(newest)).collect::<Vec<_>>()));
    let roots: BTreeSet<Hash> = rows.iter().filter_map(|r| r.root).collect();
    let answering = rows.iter().filter(|r| r.root.is_some()).count();
    match roots.len() {
        1 => println!("{answering} of {} validators answer and hold the same state", rows.len()),
        n => return Err(format!(
            "the validators hold {n} different states at height {common}: stop them, keep their folders, and report it"
        )
        .into()),
    }
    if let Some((_, status)) = rows.iter().find_map(|r| r.answer.as_ref().ok()) {
        let chain = Hash::try_from(&status.chain_id[..]).map(|h| h.to_string()).unwrap_or_default();
        println!("ledger {} {chain}", status.chain_name);
    }
    Ok(())
}

/// Asks every node at the same time.
async fn ask(target: &Target) -> Result<Vec<Row>, Failure> {
    let asked = target.nodes()?.into_iter().map(|(name, address)| async move {
        let answer = async {
            let client = Client::connect(address).await?;
            let status = client.status().await?;
            Ok((client, status))
        };
        Row { name, address, answer: answer.await, root: None }
    });
    Ok(futures::future::join_all(asked).await)
}

impl Row {
    fn cells(&self, newest: u64) -> [String; 6] {
        let (name, address) = (self.name.clone(), self.address.to_string());
        let Ok((_, s)) = &self.answer else {
            return [name, address, "silent".into(), String::new(), String::new(), String::new()];
        };
        // A block or two are always on their way.
        let behind = match newest.saturating_sub(s.height) {
            0..=2 => String::new(),
            blocks => format!(" ({blocks} behind)"),
        };
        let root = self.root.map(|r| r.to_string()).unwrap_or_default();
        // Who joined later has not seen the calls before.
        let since = if s.counted_from > 1 { format!(" since block {}", s.counted_from) } else { String::new() };
        let calls = format!("{}{since}", s.transactions);
        [name, address, format!("{}{behind}", s.height), calls, s.pending.to_string(), root]
    }
}
