//! `stint simulate`: what a call would do.

use super::{
    Failure,
    ask::{Asked, Form, Ready, tell_message},
    kept::Shelf,
    show,
};
use clap::Args;
use stint_client::descriptors::path;
use stint_proto::v1;

/// Shows what a call would do.
#[derive(Args)]
pub struct Simulate {
    #[command(flatten)]
    asked: Asked,
    /// The agent that would sign; without one a query is asked
    #[arg(long, default_value = "")]
    caller: String,
    /// On the state after this block [default: the newest]
    #[arg(long, default_value_t = 0)]
    height: u64,
}

impl Simulate {
    pub async fn execute(&self) -> Result<(), Failure> {
        let own = [("caller", true), ("height", true)];
        let Some(ready) = self.asked.prepare(&own, "simulate").await? else { return Ok(()) };
        let late = |name: &str| ready.late.get(name).cloned().flatten();
        let height = match late("height") {
            Some(text) => text.parse().map_err(|_| format!("--height {text} is no height"))?,
            None => self.height,
        };
        let caller = late("caller").unwrap_or_else(|| self.caller.clone());
        let form = Form::of(ready.json, ready.table);
        let Ready { client, commons, method, request, .. } = ready;
        let request = v1::SimulateRequest { commons, method: path(&method), request, caller, height, fuel_limit: 0 };
        let done: v1::SimulateResponse = client.ask("Simulate", &request).await?;
        match &done.refusal {
            Some(refusal) => println!("refused   {}: {}", refusal.rule, refusal.message),
            None => println!("{}", tell_message(&method.output(), done.response, form)?),
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
