//! `stint receipts`: what became of the calls of a commons.

use super::{
    Failure,
    ask::Form,
    show,
    target::Target,
    watch::{Meant, place, receipt_json},
};
use clap::Args;
use futures::StreamExt;
use std::{collections::VecDeque, pin::pin};
use stint_proto::v1::{self, watch_receipts_response::What};

/// Blocks that are looked through when none is named to begin with.
const BACK: u64 = 10_000;
const CELLS: usize = 60;

/// Shows what became of calls.
#[derive(Args)]
pub struct Receipts {
    #[command(flatten)]
    target: Target,
    /// The commons; without one, all of the ledger
    commons: Option<String>,
    #[command(flatten)]
    meant: Meant,
    /// Refused calls alone
    #[arg(long)]
    refused: bool,
    /// The first block to look at [default: the newest 10,000]
    #[arg(long)]
    from: Option<String>,
    /// The newest so many
    #[arg(long, default_value_t = 20)]
    last: usize,
    /// One JSON object a line, as it is printed to whatever is no terminal
    #[arg(long)]
    json: bool,
    /// A table, as it is printed to a terminal
    #[arg(long, conflicts_with = "json")]
    table: bool,
}

impl Receipts {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let status = client.status().await?;
        let newest = status.height;
        let back = v1::Cursor { height: newest.saturating_sub(BACK).max(status.oldest_receipts), ..Default::default() };
        let from = self.from.as_deref().map(place).transpose()?.unwrap_or(back);
        let filter = self.meant.filter(&client, self.commons.as_deref()).await?;
        let asked = v1::WatchRequest { from: Some(from), filter: Some(filter), headers_only: false };
        let mut stream = pin!(client.watch::<v1::WatchReceiptsResponse>(asked));
        let mut found = VecDeque::new();
        while let Some(message) = stream.next().await {
            let message = message?;
            let next = message.next.unwrap_or_default();
            match message.what {
                Some(What::Receipt(told)) if told.receipt.as_ref().is_some_and(|r| r.height > newest) => break,
                Some(What::Receipt(told)) => {
                    let refused = told.receipt.as_ref().is_some_and(|r| r.refusal.is_some());
                    if refused || !self.refused {
                        found.push_back((told, next));
                    }
                    if found.len() > self.last {
                        found.pop_front();
                    }
                }
                _ if next.height > newest => break,
                _ => {}
            }
        }
        match Form::of(self.json, self.table) {
            Form::Json => found.iter().for_each(|(told, next)| println!("{}", receipt_json(told, *next))),
            Form::Table => {
                let head = ["call", "time", "agent", "commons", "method", "end", "events", "fuel"];
                println!("{}", show::table(&head, &found.iter().map(|(told, _)| row(told)).collect::<Vec<_>>()));
            }
        }
        Ok(())
    }
}

fn row(told: &v1::WatchedReceipt) -> [String; 8] {
    let receipt = told.receipt.clone().unwrap_or_default();
    let end = receipt.refusal.map_or_else(|| "done".to_string(), |r| format!("{}: {}", r.rule, r.message));
    [
        format!("{}.{}", receipt.height, receipt.index),
        show::time(told.time_ms),
        told.agent.clone(),
        told.commons.clone(),
        told.method.rsplit(['.', '/']).take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("."),
        show::fit(&end, CELLS),
        receipt.events.len().to_string(),
        receipt.fuel_used.to_string(),
    ]
}
