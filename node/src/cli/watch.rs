//! `stint watch`: what happens in a commons, as it happens, whichever node answers.

use super::{Failure, ask::Form, at_terminal, kept::Shelf, paint, show, target::Target};
use clap::Args;
use futures::{Stream, StreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::{pin::pin, time::Duration};
use stint_client::{Client, ClientError, Resumable};
use stint_proto::v1;
use v1::{
    watch_blocks_response::What as OfBlocks, watch_events_response::What as OfEvents,
    watch_receipts_response::What as OfReceipts,
};

/// Cells of an event on a line.
const CELLS: usize = 140;
const REFUSED: &str = "refused by ";

/// Shows what happens in a commons.
#[derive(Args)]
pub struct Watch {
    #[command(flatten)]
    target: Target,
    /// The commons; without one, all of the ledger
    commons: Option<String>,
    #[command(flatten)]
    meant: Meant,
    /// Events of this type, for example Recorded; receipts and blocks with such an event
    #[arg(long = "type", value_name = "TYPE", default_value = "")]
    ty: String,
    /// Events with this field, for example contribution.kind=talk; may be repeated, and then all must hold
    #[arg(long = "field", value_name = "PATH=VALUE")]
    fields: Vec<String>,
    /// Where to begin: a height, or a place as it is printed in front of a line; 0 for the oldest that is kept
    /// [default: what comes from now on]
    #[arg(long)]
    from: Option<String>,
    /// End behind so many
    #[arg(long)]
    count: Option<u64>,
    /// Receipts instead of events
    #[arg(long, conflicts_with = "blocks")]
    receipts: bool,
    /// Blocks instead of events
    #[arg(long)]
    blocks: bool,
    /// One JSON object a line, as it is printed to whatever is no terminal
    #[arg(long)]
    json: bool,
    /// Lines for people, as they are printed to a terminal
    #[arg(long, conflicts_with = "json")]
    table: bool,
}

/// Which calls are meant.
#[derive(Args)]
pub struct Meant {
    /// Of this contract, for example contribute
    #[arg(long)]
    contract: Option<String>,
    /// Signed by this agent
    #[arg(long, default_value = "")]
    agent: String,
}

impl Meant {
    /// As nodes are asked.
    pub async fn filter(&self, client: &Client, commons: Option<&str>) -> Result<v1::WatchFilter, Failure> {
        let service = match &self.contract {
            Some(word) => client.service_named(word, commons).await?,
            None => String::new(),
        };
        let (commons, agent) = (commons.unwrap_or_default().into(), self.agent.clone());
        Ok(v1::WatchFilter { commons, service, agent, ..Default::default() })
    }
}

/// Reads `height`, `height.call` or `height.call.event`.
pub fn place(text: &str) -> Result<v1::Cursor, String> {
    let wrong = || format!("{text:?} is no place; write a height, or height.call.event as it is printed");
    let numbers: Vec<&str> = text.split('.').collect();
    let number = |i: usize| numbers.get(i).map_or(Ok(0), |n| n.parse::<u32>().map_err(|_| wrong()));
    if numbers.len() > 3 {
        return Err(wrong());
    }
    let height = numbers[0].parse().map_err(|_| wrong())?;
    Ok(v1::Cursor { height, index: number(1)?, event: number(2)? })
}

/// The same, as it is read.
pub fn written(at: v1::Cursor) -> String {
    format!("{}.{}.{}", at.height, at.index, at.event)
}

impl Watch {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let filter = self.meant.filter(&client, self.commons.as_deref()).await?;
        let filter = v1::WatchFilter { r#type: self.ty.clone(), fields: self.fields.clone(), ..filter };
        let from = self.from.as_deref().map(place).transpose()?;
        let asked = v1::WatchRequest { from, filter: Some(filter), headers_only: false };
        let mut teller = Teller::new(&client, Form::of(self.json, self.table));
        let count = self.count.unwrap_or(u64::MAX);
        match (self.receipts, self.blocks) {
            (true, _) => follow(pin!(client.watch::<v1::WatchReceiptsResponse>(asked)), &mut teller, count).await,
            (_, true) => follow(pin!(client.watch::<v1::WatchBlocksResponse>(asked)), &mut teller, count).await,
            _ => follow(pin!(client.watch::<v1::WatchEventsResponse>(asked)), &mut teller, count).await,
        }
    }
}

/// Prints a stream until so many are printed or Ctrl-C.
async fn follow<M: Told>(
    mut stream: std::pin::Pin<&mut impl Stream<Item = Result<M, ClientError>>>,
    teller: &mut Teller<'_>,
    count: u64,
) -> Result<(), Failure> {
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let (mut next, mut left) = (None, count);
    while left > 0 {
        let message = tokio::select! {
            biased;
            _ = &mut interrupted => break,
            message = stream.next() => message.ok_or("the stream ended")??,
        };
        next = message.next().or(next);
        if let Some(line) = message.tell(teller).await {
            teller.bar.suspend(|| println!("{line}"));
            left -= 1;
        } else if let Some(next) = next {
            teller.bar.set_message(format!("looked at all before block {}", next.height));
        }
    }
    teller.bar.finish_and_clear();
    if let (true, Some(next)) = (at_terminal(), next) {
        eprintln!("go on behind that with --from {}", written(next));
    }
    Ok(())
}

/// What tells messages to people or programs.
struct Teller<'a> {
    shelf: Shelf<'a>,
    form: Form,
    bar: ProgressBar,
}

impl<'a> Teller<'a> {
    fn new(client: &'a Client, form: Form) -> Teller<'a> {
        let bar = if at_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        let style = if paint::is_on_beside() { "{spinner:.green} {msg}" } else { "{spinner} {msg}" };
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Teller { shelf: Shelf::new(client), form, bar }
    }

    async fn body(&mut self, event: &v1::Event) -> Value {
        let told = self.shelf.of(&event.commons, &event.service).await.and_then(|kept| kept.event(event));
        told.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_else(|| json!(hex::encode(&event.body)))
    }

    fn line(&self, json: Value, parts: [String; 5]) -> String {
        match self.form {
            Form::Json => json.to_string(),
            Form::Table => {
                let [at, time, who, what, told] = parts;
                let told = show::fit(&told, CELLS);
                let told = if told.starts_with(REFUSED) { paint::red(&told) } else { told };
                format!(
                    "{}  {}  {who:12}  {}  {}",
                    paint::dim(&format!("{at:>12}")),
                    paint::dim(&time),
                    paint::bold(&what),
                    told
                )
            }
        }
    }
}

/// A message that can be printed.
trait Told: Resumable {
    /// Its line; none for progress.
    async fn tell(self, teller: &mut Teller<'_>) -> Option<String>;
}

impl Told for v1::WatchEventsResponse {
    async fn tell(self, teller: &mut Teller<'_>) -> Option<String> {
        let (next, Some(OfEvents::Event(told))) = (self.next?, self.what) else { return None };
        let (at, event, call) = (told.at?, told.event?, told.call.unwrap_or_default());
        let body = teller.body(&event).await;
        let json = json!({
            "at": written(at), "next": written(next), "timeMs": told.time_ms, "agent": told.agent, "commons": event.commons,
            "service": event.service, "type": event.r#type, "event": body,
            "call": { "key": hex::encode(&call.key), "id": hex::encode(&call.id) },
        });
        let short = event.r#type.rsplit('.').next().unwrap_or_default().to_string();
        Some(teller.line(json, [written(at), show::time(told.time_ms), told.agent, short, body.to_string()]))
    }
}

impl Told for v1::WatchReceiptsResponse {
    async fn tell(self, teller: &mut Teller<'_>) -> Option<String> {
        let (next, Some(OfReceipts::Receipt(told))) = (self.next?, self.what) else { return None };
        let json = receipt_json(&told, next);
        let receipt = told.receipt?;
        let refused = |r: v1::Refusal| format!("{REFUSED}{}: {}", r.rule, r.message);
        let end = receipt.refusal.map_or_else(|| "done".to_string(), refused);
        let at = format!("{}.{}", receipt.height, receipt.index);
        let what = told.method.trim_start_matches('/').to_string();
        Some(teller.line(json, [at, show::time(told.time_ms), told.agent, what, end]))
    }
}

/// A receipt for programs.
pub fn receipt_json(told: &v1::WatchedReceipt, next: v1::Cursor) -> Value {
    let receipt = told.receipt.clone().unwrap_or_default();
    let refusal =
        receipt.refusal.map(|r| json!({"code": r.code, "rule": r.rule, "message": r.message, "details": r.details}));
    let events: Vec<String> = receipt.events.into_iter().map(|e| e.r#type).collect();
    json!({
        "height": receipt.height, "index": receipt.index, "next": written(next), "timeMs": told.time_ms,
        "agent": told.agent, "commons": told.commons, "method": told.method, "key": hex::encode(&receipt.key),
        "id": hex::encode(&receipt.id), "refusal": refusal, "events": events, "fuelUsed": receipt.fuel_used,
    })
}

impl Told for v1::WatchBlocksResponse {
    async fn tell(self, teller: &mut Teller<'_>) -> Option<String> {
        let (next, Some(OfBlocks::Block(block))) = (self.next?, self.what) else { return None };
        let (header, hash) = (block.header?, hex::encode(&block.hash));
        let calls = block.transactions.len();
        let json = json!({
            "height": header.height, "next": written(next), "timeMs": header.time_ms, "hash": hash, "calls": calls,
        });
        Some(teller.line(
            json,
            [header.height.to_string(), show::time(header.time_ms), String::new(), format!("{calls} calls"), hash],
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let at = v1::Cursor { height: 12, index: 3, event: 4 };
        assert_eq!(place(&written(at)), Ok(at));
        assert_eq!(place("12"), Ok(v1::Cursor { height: 12, index: 0, event: 0 }));
        for bad in ["", "now", "1.2.3.4", "1.x", "-1"] {
            assert!(place(bad).unwrap_err().contains("write a height"), "{bad}");
        }
    }
}
