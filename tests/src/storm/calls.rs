use crate::{World, counter};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use prost::Message;
use stint_node::core::Outcome;
use stint_proto::{Transaction, v1};
use stint_simulation::Dice;

/// A client hands a call in again when it has heard nothing for so long, milliseconds.
const AGAIN_MS: u64 = 3_000;

/// A call on its way.
pub struct Sent {
    pub tx: Transaction,
    /// What the client was told.
    pub receipt: Option<Bytes>,
    handed_in_ms: u64,
    ends: Vec<BoxFuture<'static, Option<Outcome>>>,
}

/// What clients do: each call is handed to one validator, and to another one when no answer comes.
#[derive(Default)]
pub struct Clients {
    pub sent: Vec<Sent>,
    /// What no client may be told.
    pub broken: Vec<String>,
}

impl Clients {
    /// Sends a call.
    pub fn send(&mut self, tx: Transaction) {
        self.sent.push(Sent { tx, receipt: None, handed_in_ms: 0, ends: Vec::new() });
    }

    /// Sends a call that counts, of one of three clients.
    pub fn count(&mut self, world: &mut World, dice: &mut Dice) {
        let key = world.client(dice.below(3) as u8);
        let tx = world.sign_with(&key, "consortium", &format!("/{}/Add", counter::SERVICE), Vec::new());
        self.send(tx);
    }

    /// Hands in what is to be handed in, to one of these validators, and hears what became of the rest.
    pub fn turn(&mut self, world: &World, running: &[usize], dice: &mut Dice) {
        let now = world.now_ms();
        for (n, call) in self.sent.iter_mut().enumerate().filter(|(_, call)| call.receipt.is_none()) {
            let mut ended = Vec::new();
            call.ends.retain_mut(|end| match end.now_or_never() {
                Some(outcome) => {
                    ended.push(outcome);
                    false
                }
                None => true,
            });
            for outcome in ended.into_iter().flatten() {
                match outcome {
                    Outcome::Receipt(receipt) => call.receipt = Some(receipt),
                    other => self.broken.push(format!("call {n} is told {other:?}")),
                }
            }
            let due = call.ends.is_empty() || now >= call.handed_in_ms + AGAIN_MS;
            if call.receipt.is_some() || !due || running.is_empty() {
                continue;
            }
            call.handed_in_ms = now;
            match world.submit(*dice.pick(running), call.tx.clone()) {
                Ok(end) => call.ends.push(end.boxed()),
                Err(refusal) => self.broken.push(format!("call {n} is refused: {}", refusal.message)),
            }
        }
    }

    /// Calls that no client has heard the end of.
    pub fn open(&self) -> usize {
        self.sent.iter().filter(|call| call.receipt.is_none()).count()
    }

    /// What a call was answered with, once it is final.
    pub fn answer(&self, n: usize) -> Option<Result<Bytes, String>> {
        let receipt = v1::Receipt::decode(self.sent[n].receipt.clone()?).ok()?;
        Some(match receipt.refusal {
            None => Ok(receipt.response),
            Some(refusal) => Err(refusal.message),
        })
    }
}
