//! `Ledger/WhatIf`: parts are asked one after the other as long as somebody listens.

use super::{places::Places, submit::blocking};
use crate::core::{Node, WhatIf};
use std::{sync::Arc, time::Duration};
use stint_client::wire::status;
use stint_proto::{Code, Refusal, v1};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// Messages that wait for a slow reader: those of one part.
const WAITING: usize = 4;

/// How long a slow reader is waited for with what ends the stream.
const LAST_WORD: Duration = Duration::from_secs(10);

/// What a client reads.
pub type Told = ReceiverStream<Result<v1::WhatIfResponse, Status>>;

type Teller = mpsc::Sender<Result<v1::WhatIfResponse, Status>>;

/// Places for what-ifs that may run at once; none is waited for.
pub fn places(most: usize) -> Places {
    Places::saying("what-ifs", most, "what-ifs run here already; ask again later, or another node: all answer alike")
}

/// Asks on its own until the report, for so long at most, and no further than one part after the reader left.
pub fn tell(
    node: Arc<Node>,
    queries: Arc<Semaphore>,
    place: OwnedSemaphorePermit,
    whatif: WhatIf,
    patience: Duration,
) -> Told {
    let (teller, told) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let asked = tokio::time::timeout(patience, ask(&node, &queries, whatif, &teller)).await;
        // Whoever has read the last word may ask the next question at once.
        drop(place);
        if let Err(refusal) = asked.unwrap_or_else(|_| Err(too_long(patience))) {
            // A reader that is not at hand by then sees the stream end without a report.
            let _ = tokio::time::timeout(LAST_WORD, teller.send(Err(status(refusal)))).await;
        }
    });
    ReceiverStream::new(told)
}

async fn ask(node: &Arc<Node>, queries: &Arc<Semaphore>, mut whatif: WhatIf, teller: &Teller) -> Result<(), Refusal> {
    loop {
        let part = part(node.clone(), queries.clone(), whatif);
        let answer = tokio::select! {
            biased;
            () = teller.closed() => return Ok(()),
            answer = part => answer?,
        };
        let messages;
        (whatif, messages) = answer;
        if messages.is_empty() {
            return Ok(());
        }
        for message in messages {
            if teller.send(Ok(message)).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// One part, as one of the queries that may run at once.
async fn part(
    node: Arc<Node>,
    queries: Arc<Semaphore>,
    mut whatif: WhatIf,
) -> Result<(WhatIf, Vec<v1::WhatIfResponse>), Refusal> {
    let stopping = |_| Refusal::new(Code::Unavailable, "node-stopped", "this node is stopping");
    let permit = queries.acquire_owned().await.map_err(stopping)?;
    blocking(move || {
        let _permit = permit;
        let messages = whatif.part(&node)?;
        Ok((whatif, messages))
    })
    .await
}

fn too_long(patience: Duration) -> Refusal {
    let message =
        format!("it took longer than {} s, the most that a what-if may; ask about fewer blocks", patience.as_secs());
    Refusal::new(Code::DeadlineExceeded, "what-if-time", message)
}
