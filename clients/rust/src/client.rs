//! A ledger behind one or more of its nodes.

use crate::{
    ClientError, Commons, Refused, Resumable,
    descriptors::Descriptors,
    nodes::{LARGEST_ANSWER, Nodes, PATIENCE, Question},
    resume,
    wire::metadata,
};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use futures::Stream;
use prost::Message;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use stint_proto::{
    Call, CallId, Code, Hash, Transaction, TransactionError,
    v1::{self, ledger_client::LedgerClient},
};
use stint_verifier::Trust;
use tonic::{metadata::MetadataValue, transport::Channel};

/// Heights for which a call stays valid: about ten minutes of a busy ledger.
pub const VALID_FOR: u64 = 6_000;
/// How old the height may be from which a call's last height is counted: less than a hundredth of its validity.
const HEIGHT_AGE: Duration = Duration::from_secs(5);

/// A client of a ledger. It is cheap to clone, and clones share their connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) nodes: Arc<Nodes>,
    /// How long an answer is waited for, over all nodes; without, one node is asked once.
    pub(crate) patience: Option<Duration>,
    pub(crate) descriptors: Arc<Descriptors>,
    /// Whom to believe, for proofs.
    pub(crate) trust: Option<Arc<Trust>>,
    pub(crate) height_asked: Arc<Mutex<Option<Instant>>>,
    /// The ledger it belongs to.
    pub chain_id: Hash,
}

/// What a method answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The contract's own message, encoded.
    pub response: Bytes,
    /// The block of a command; of a query the state that was read.
    pub height: u64,
    /// Of a command, without response and events; [`Client::receipt`] gives all of it.
    pub receipt: Option<v1::Receipt>,
}

impl Client {
    /// A client of one node alone: what that does not answer is not asked again.
    pub async fn connect(address: impl ToString) -> Result<Client, ClientError> {
        Client::greet(vec![address.to_string()], None).await
    }

    /// A client of a ledger by several of its nodes, host:port: any of them answers, and what one leaves open the others
    /// are asked, for a minute. The first that answers is believed which ledger it is, unless a genesis file says so
    /// ([`Client::trusting`]).
    pub async fn over(addresses: impl IntoIterator<Item: ToString>) -> Result<Client, ClientError> {
        Client::greet(addresses.into_iter().map(|a| a.to_string()).collect(), Some(PATIENCE)).await
    }

    /// The same client, waiting so long for an answer instead of a minute.
    pub fn with_patience(self, patience: Duration) -> Client {
        Client { patience: Some(patience), ..self }
    }

    /// Asks each node once which ledger it is, until one says.
    async fn greet(addresses: Vec<String>, patience: Option<Duration>) -> Result<Client, ClientError> {
        let nodes = Arc::new(Nodes::new(addresses)?);
        let (descriptors, height_asked) = (Arc::default(), Arc::default());
        let mut client = Client { nodes, patience: None, descriptors, trust: None, height_asked, chain_id: Hash::ZERO };
        let mut tries = client.nodes.addresses().len();
        let status = loop {
            let address = client.nodes.current().0.to_string();
            tries -= 1;
            match client.status().await {
                Ok(status) => break status,
                Err(e) if tries == 0 => return Err(unreachable(address, e)),
                Err(_) => client.nodes.leave(&address),
            }
        };
        client.chain_id = Hash::try_from(&status.chain_id[..]).map_err(|e| ClientError::Protocol(e.to_string()))?;
        Ok(Client { patience, ..client })
    }

    /// Addresses of the nodes.
    pub fn addresses(&self) -> Vec<String> {
        self.nodes.addresses()
    }

    /// The address of the node that is asked now.
    pub fn current(&self) -> String {
        self.nodes.current().0.into()
    }

    /// Asks the next node from now on.
    pub fn leave_current(&self) {
        let (address, _) = self.nodes.current();
        self.nodes.leave(address);
    }

    /// The connection to the node that is asked now.
    pub fn channel(&self) -> Channel {
        self.nodes.current().1
    }

    /// `stint.v1.Ledger` on it, for streams and whatever needs no second node.
    pub fn ledger(&self) -> LedgerClient<Channel> {
        LedgerClient::new(self.channel()).max_decoding_message_size(LARGEST_ANSWER)
    }

    /// Remembers that a height is final, as something else than this client heard: with several nodes, no query is answered
    /// from an older state from now on.
    pub fn saw(&self, height: u64) {
        self.nodes.saw(height);
    }

    /// One commons: its methods, and a channel for generated stubs.
    pub fn commons(&self, name: &str) -> Commons {
        Commons::new(self.clone(), name)
    }

    /// Asks `stint.v1.Ledger`, any node of it, by a method's name.
    pub async fn ask<A: Message + Default>(&self, method: &str, request: &impl Message) -> Result<A, ClientError> {
        let question = Question::new(&format!("/stint.v1.Ledger/{method}"), request.encode_to_vec().into())?;
        let reply = self.nodes.ask(&question, self.patience).await?;
        A::decode(reply.message).map_err(|e| ClientError::Protocol(format!("its answer to {method}: {e}")))
    }

    /// Where a node stands.
    pub async fn status(&self) -> Result<v1::GetStatusResponse, ClientError> {
        self.status_at(0).await
    }

    /// How the validators are, as a node sees them.
    pub async fn diagnose(&self) -> Result<v1::DiagnoseResponse, ClientError> {
        self.ask("Diagnose", &v1::DiagnoseRequest {}).await
    }

    /// What a block led to on the node; 0 asks for the newest.
    pub async fn status_at(&self, height: u64) -> Result<v1::GetStatusResponse, ClientError> {
        let status: v1::GetStatusResponse = self.ask("GetStatus", &v1::GetStatusRequest { height }).await?;
        if self.chain_id != Hash::ZERO && status.chain_id != self.chain_id.0[..] {
            let other = hex::encode(&status.chain_id);
            return Err(ClientError::Protocol(format!("it is of the ledger {other}; meant is {}", self.chain_id)));
        }
        self.nodes.saw(status.height);
        Ok(status)
    }

    /// Asks a query; an empty commons leaves it to the node which one offers the service.
    pub async fn query(&self, commons: &str, method: &str, request: Bytes) -> Result<Bytes, ClientError> {
        Ok(self.query_at(commons, method, request, 0).await?.0)
    }

    /// Asks a query on the state after a block, 0 for the newest; answers with the height that was read too.
    pub async fn query_at(
        &self,
        commons: &str,
        method: &str,
        request: Bytes,
        height: u64,
    ) -> Result<(Bytes, u64), ClientError> {
        let mut question = Question { fresh: height == 0, ..Question::new(method, request)? };
        if height > 0 {
            question.metadata.insert(metadata::HEIGHT, height.into());
        }
        if !commons.is_empty() {
            let shape = |_| ClientError::Meaningless(format!("{commons:?} cannot name a commons"));
            question.metadata.insert(metadata::COMMONS, MetadataValue::try_from(commons).map_err(shape)?);
        }
        let reply = self.nodes.ask(&question, self.patience).await?;
        let height = reply.height();
        Ok((reply.message, height))
    }

    /// Signs a command for this ledger, valid from now on for a while. Nothing is sent but a question for the height.
    pub async fn sign(
        &self,
        key: &SigningKey,
        commons: &str,
        method: &str,
        request: Bytes,
        id: [u8; 16],
    ) -> Result<Transaction, ClientError> {
        let valid_until = self.recent_height().await?.saturating_add(VALID_FOR);
        Ok(sign(self.chain_id, key, commons, method, request, id, valid_until)?)
    }

    pub(crate) async fn recent_height(&self) -> Result<u64, ClientError> {
        let asked = || self.height_asked.lock().unwrap_or_else(PoisonError::into_inner);
        let known = asked().is_some_and(|at| at.elapsed() < HEIGHT_AGE);
        if !known {
            self.status().await?;
            *asked() = Some(Instant::now());
        }
        Ok(self.nodes.newest())
    }

    /// Hands a signed call in until it is final; the same call again leads to the first receipt.
    pub async fn submit(&self, tx: &Transaction) -> Result<Answer, ClientError> {
        let call = tx.call();
        let question =
            Question { metadata: metadata::of_transaction(tx), ..Question::new(&call.method, call.request.clone())? };
        let reply = self.nodes.ask(&question, self.patience).await.map_err(|e| match e {
            ClientError::Unanswered { patience, last, .. } => {
                ClientError::Unanswered { patience, last, call: Some(Box::new(tx.clone())) }
            }
            e => e,
        })?;
        let missing = || ClientError::Protocol("it answered a command without its receipt".into());
        let receipt = Some(metadata::receipt(&reply.metadata).ok_or_else(missing)?);
        let height = reply.height();
        Ok(Answer { response: reply.message, height, receipt })
    }

    /// The same; answers with the response and the height alone.
    pub async fn call(&self, tx: &Transaction) -> Result<(Bytes, u64), ClientError> {
        self.submit(tx).await.map(|answer| (answer.response, answer.height))
    }

    /// Signs a command under a new id and calls it.
    pub async fn command(
        &self,
        key: &SigningKey,
        commons: &str,
        method: &str,
        request: Bytes,
    ) -> Result<(Bytes, u64), ClientError> {
        let tx = self.sign(key, commons, method, request, random_id()?).await?;
        self.call(&tx).await
    }

    /// The receipt of a call by its key and id, with response and events; `None` while it is not final.
    pub async fn receipt(&self, id: CallId) -> Result<Option<v1::Receipt>, ClientError> {
        let asked = v1::GetReceiptRequest { key: id.key.to_vec().into(), id: id.id.to_vec().into() };
        match self.ask::<v1::GetReceiptResponse>("GetReceipt", &asked).await {
            Ok(found) => Ok(found.receipt),
            Err(ClientError::Refused(Refused { code: Code::NotFound, .. })) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// What happens on the ledger, from a cursor on, for ever: events, receipts or blocks, read from any node.
    pub fn watch<M: Resumable>(&self, asked: v1::WatchRequest) -> impl Stream<Item = Result<M, ClientError>> + Send {
        resume(self.addresses(), asked)
    }

    /// Publishes a module; the same again changes nothing. Answers with its name.
    pub async fn publish(
        &self,
        key: &SigningKey,
        commons: &str,
        module: &[u8],
    ) -> Result<v1::PublishResponse, ClientError> {
        let request = v1::PublishRequest { module: Bytes::copy_from_slice(module) };
        let (answer, _) =
            self.command(key, commons, "/stint.v1.Kernel/Publish", request.encode_to_vec().into()).await?;
        v1::PublishResponse::decode(answer).map_err(|e| ClientError::Protocol(e.to_string()))
    }

    /// Calls a command that needs published code, and waits while validators still compile it.
    pub async fn command_when_ready(
        &self,
        key: &SigningKey,
        commons: &str,
        method: &str,
        request: Bytes,
    ) -> Result<(Bytes, u64), ClientError> {
        loop {
            match self.command(key, commons, method, request.clone()).await {
                Err(ClientError::Refused(r)) if r.rule == "not-ready" => {
                    let wait: u64 = r.details.get("wait_ms").and_then(|ms| ms.parse().ok()).unwrap_or(100);
                    tokio::time::sleep(Duration::from_millis(wait.clamp(10, 10_000))).await;
                }
                other => return other,
            }
        }
    }
}

/// What a failure to greet is for whoever named the address.
fn unreachable(address: String, e: ClientError) -> ClientError {
    match e {
        ClientError::Refused(r) if r.rule.is_empty() && r.code == Code::Unavailable => {
            ClientError::Unreachable { address, error: r.message }
        }
        e => e,
    }
}

/// Signs a command.
pub fn sign(
    chain_id: Hash,
    key: &SigningKey,
    commons: &str,
    method: &str,
    request: Bytes,
    id: [u8; 16],
    valid_until: u64,
) -> Result<Transaction, TransactionError> {
    let call_id = CallId { key: key.verifying_key().to_bytes(), id };
    Call { chain_id, commons: commons.into(), method: method.into(), request, call_id, valid_until, fuel_limit: 0 }
        .sign(key)
}

/// An id that no other call has.
pub fn random_id() -> Result<[u8; 16], ClientError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|e| ClientError::Protocol(format!("no randomness: {e}")))?;
    Ok(id)
}
