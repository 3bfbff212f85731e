use super::{Failure, show, target::Target};
use crate::client::{Client, ClientError};
use std::net::SocketAddr;
use stint_proto::{Hash, v1::GetStatusResponse};

/// Shows where each validator stands.
pub async fn show(target: &Target) -> Result<(), Failure> {
    let answers = ask(target).await?;
    let newest = answers.iter().filter_map(|(_, _, a)| a.as_ref().ok()).map(|s| s.height).max().unwrap_or(0);
    let rows: Vec<[String; 6]> = answers.iter().map(|(name, address, answer)| row(name, address, answer, newest)).collect();
    println!("{}", show::table(&["validator", "gRPC", "height", "state root", "calls", "waiting"], &rows));
    if let Some(status) = answers.iter().find_map(|(_, _, a)| a.as_ref().ok()) {
        let chain = Hash::try_from(&status.chain_id[..]).map(|h| h.to_string()).unwrap_or_default();
        println!("ledger {} {chain}", status.chain_name);
    }
    let silent = answers.iter().filter(|(_, _, a)| a.is_err()).count();
    if silent == answers.len() { Err("no validator answers".into()) } else { Ok(()) }
}

type Answers = Vec<(String, SocketAddr, Result<GetStatusResponse, ClientError>)>;

/// Asks every node at the same time.
pub async fn ask(target: &Target) -> Result<Answers, Failure> {
    let asked = target.nodes()?.into_iter().map(|(name, address)| async move {
        let answer = async { Client::connect(address).await?.status().await };
        (name, address, answer.await)
    });
    Ok(futures::future::join_all(asked).await)
}

fn row(name: &str, address: &SocketAddr, answer: &Result<GetStatusResponse, ClientError>, newest: u64) -> [String; 6] {
    let address = address.to_string();
    match answer {
        Ok(s) => {
            let behind = if s.height < newest { format!(" ({} behind)", newest - s.height) } else { String::new() };
            let root = Hash::try_from(&s.state_root[..]).map(|h| h.short()).unwrap_or_default();
            [name.into(), address, format!("{}{behind}", s.height), root, s.transactions.to_string(), s.pending.to_string()]
        }
        Err(_) => [name.into(), address, "silent".into(), String::new(), String::new(), String::new()],
    }
}
