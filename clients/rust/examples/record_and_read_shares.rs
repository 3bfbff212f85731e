//! Records a contribution and reads the shares that follow. Nothing is generated: the node describes the contract.
//!
//! usage: record_and_read_shares KEY_FILE ADDRESS…

use serde_json::json;
use stint_client::{Client, ClientError, Key};

/// Answers with the shares, and with the rule that refused the same contribution with other content.
pub async fn record(key: Key, addresses: &[String]) -> Result<(serde_json::Value, String), ClientError> {
    let forge = Client::over(addresses).await?.commons("forge").signed_by(key);
    let mut talk =
        json!({"id": "talk-1", "author": "ana@example.org", "kind": "talk", "quantity": "1.5", "date": "2026-11-20"});
    forge.json("contribute.record", &json!({ "contribution": talk }).to_string()).await?;
    talk["quantity"] = json!("15");
    let refused = match forge.json("contribute.record", &json!({ "contribution": talk }).to_string()).await {
        Err(ClientError::Refused(refused)) => format!("{}: {}", refused.rule, refused.message),
        other => format!("{other:?}"),
    };
    Ok((forge.json("contribute.get-shares", "{}").await?, refused))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let key = Key::load(arguments.next().ok_or("name a key file")?)?;
    let (shares, refused) = record(key, &arguments.collect::<Vec<_>>()).await?;
    println!("refused by {refused}\n{shares:#}");
    Ok(())
}
