//! Records a contribution by a generated stub, and checks by the genesis file alone that the ledger says so.
//!
//! usage: believe_nobody GENESIS_FILE KEY_FILE ADDRESS…

use stint_client::{
    Client, Key,
    contracts::contribute::{Contribution, RecordRequest, Recorded, contribute_client::ContributeClient},
    wire::metadata,
};
use stint_proto::CallId;

/// Answers with the contribution as the validators signed it, and with which keys of the state are there.
pub async fn believe(
    genesis: &[u8],
    key: Key,
    addresses: &[String],
) -> Result<(Contribution, Vec<bool>), Box<dyn std::error::Error>> {
    let ledger = Client::over(addresses).await?.trusting(genesis)?;
    let (id, author, kind) = ("care-1".into(), "bo@example.org".into(), "care".into());
    let (quantity, date, reference) = ("2".into(), "2026-11-21".into(), String::new());
    let care = Contribution { id, author, kind, quantity, date, reference };
    let mut stub = ContributeClient::new(ledger.commons("forge").signed_by(key));
    let answer = stub.record(RecordRequest { contribution: Some(care) }).await?;
    let told = metadata::receipt(answer.metadata()).ok_or("no receipt")?;
    // What the node answered, against what the validators signed.
    let id = CallId::from_bytes(&told.key, &told.id)?;
    assert_eq!(ledger.prove_receipt(id).await?.writes_hash, told.writes_hash);
    let recorded: Recorded = prost::Message::decode(ledger.prove_event(id, 0).await?.body)?;
    let there = ledger.prove_state(&[b"k/commons/forge", b"k/commons/none"]).await?;
    Ok((recorded.contribution.unwrap_or_default(), there.iter().map(Option::is_some).collect()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let genesis = std::fs::read(arguments.next().ok_or("name a genesis file")?)?;
    let key = Key::load(arguments.next().ok_or("name a key file")?)?;
    let (care, there) = believe(&genesis, key, &arguments.collect::<Vec<_>>()).await?;
    println!("proved: {} {} {}; the commons forge, none: {there:?}", care.author, care.quantity, care.kind);
    Ok(())
}
