//! `stint simulate`: what a call would do.

use super::{
    Failure,
    call::{describe, encode, json, path},
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
        for event in &done.events {
            println!("event     {} of {} ({} bytes)", event.r#type, event.service, event.body.len());
        }
        let text = |k: &[u8]| show::fit(&k.escape_ascii().to_string(), 100);
        for read in &done.reads {
            match read.to.is_empty() {
                true => println!("read      {}", text(&read.key)),
                false => println!("scanned   {} … {}", text(&read.key), text(&read.to)),
            }
        }
        if done.reads_cut {
            println!("read      … and more");
        }
        for write in &done.writes {
            match write.deleted {
                true => println!("deleted   {}", text(&write.key)),
                false => println!("wrote     {} ({} bytes)", text(&write.key), write.value.len()),
            }
        }
        Ok(())
    }
}
