//! `stint simulate`: what a call would do.

use super::{
    Failure,
    call::{describe, encode, json, path},
    kept::Shelf,
    show,
    target::Target,
};
use clap::Args;
use stint_proto::v1;

/// Shows what a call would do.
#[derive(Args)]
pub struct Simulate {
    #[command(flatten)]
    target: Target,
    /// The commons that is meant
    #[arg(long)]
    commons: String,
    /// The agent that would sign; without one a query is asked
    #[arg(long, default_value = "")]
    caller: String,
    /// On the state after this block [default: the newest]
    #[arg(long, default_value_t = 0)]
    height: u64,
    /// For example stint.contribute.v1.Contribute/Record
    method: String,
    /// The request as JSON; - reads standard input
    #[arg(default_value = "{}")]
    request: String,
}

impl Simulate {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let method = describe(&client, &self.method).await?;
        let request = v1::SimulateRequest {
            commons: self.commons.clone(),
            method: path(&method),
            request: encode(&method, &self.request)?,
            caller: self.caller.clone(),
            height: self.height,
            fuel_limit: 0,
        };
        let done = client.ledger().simulate(request).await.map_err(crate::client::ClientError::from)?.into_inner();
        match &done.refusal {
            Some(refusal) => println!("refused   {}: {}", refusal.rule, refusal.message),
            None => println!("{}", json(&method.output(), done.response)?),
        }
        println!("\nfuel      {} on the state after block {}", done.fuel_used, done.height);
        let calls = done.calls.iter().map(|c| {
            let place = if c.commons.is_empty() { "a rule".into() } else { c.commons.clone() };
            let end = c.refusal.as_ref().map_or_else(|| "answered".to_string(), |r| format!("refused by {}", r.rule));
            [format!("{}{}", "  ".repeat(c.depth as usize), c.method), place, c.fuel_used.to_string(), end]
        });
        println!("\n{}", show::table(&["call", "of", "fuel", "end"], &calls.collect::<Vec<_>>()));
        if done.calls_cut {
            println!("called    … and more");
        }
        let mut shelf = Shelf::new(&client);
        for event in &done.events {
            let told = shelf.of(&event.commons, &event.service).await.and_then(|kept| kept.event(event));
            let told = told.unwrap_or_else(|| format!("of {} ({} bytes)", event.service, event.body.len()));
            println!("event     {} {}", event.r#type, show::fit(&told, 160));
        }
        for read in &done.reads {
            let from = shelf.key(&read.key).await;
            match read.to.is_empty() {
                true => println!("read      {from}"),
                false => println!("scanned   {from} … {}", shelf.key(&read.to).await),
            }
        }
        if done.reads_cut {
            println!("read      … and more");
        }
        for write in &done.writes {
            let told = shelf.tell(&write.key, (!write.deleted).then_some(&write.value)).await;
            let raw = || show::fit(&write.key.escape_ascii().to_string(), 100);
            match (told, write.deleted) {
                (Some(told), true) => println!("deleted   {told}"),
                (Some(told), false) => println!("wrote     {told}"),
                (None, true) => println!("deleted   {}", raw()),
                (None, false) => println!("wrote     {} ({} bytes)", raw(), write.value.len()),
            }
        }
        Ok(())
    }
}
