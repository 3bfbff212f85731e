//! What the command line, the importer and the tests use to talk to a node: any node's gRPC edge,
//! and nothing of its inside.

mod resume;

pub use resume::{Resumable, resume};

use crate::api::{metadata, raw::RawCodec, status::refusal};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use http::uri::PathAndQuery;
use prost::Message;
use std::{net::SocketAddr, time::Duration};
use stint_proto::{
    Call, CallId, Code, Hash, Refusal, Transaction, TransactionError,
    limits::MODULE_BYTES,
    v1::{self, ledger_client::LedgerClient},
};
use tonic::{
    Request, Status,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};

/// Heights for which a call stays valid: about ten minutes of a busy ledger.
pub const VALID_FOR: u64 = 6_000;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const LARGEST_ANSWER: usize = 80 << 20;

/// A node that answers.
#[derive(Clone)]
pub struct Client {
    channel: Channel,
    /// The ledger it belongs to.
    pub chain_id: Hash,
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The node is not reached.
    #[error("no node answers at {address}: {error}")]
    Unreachable {
        /// What was tried.
        address: String,
        /// What the transport says.
        error: String,
    },
    /// The call was refused.
    #[error("{}", told(.0))]
    Refused(Refusal),
    /// The node answers strangely.
    #[error("the node answers strangely: {0}")]
    Protocol(String),
    /// The call cannot be built.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
}

/// `rule: message (Code)`; without a rule when the node named none.
fn told(refusal: &Refusal) -> String {
    let Refusal { code, rule, message, .. } = refusal;
    match rule.as_str() {
        "" => format!("{message} ({code:?})"),
        rule => format!("{rule}: {message} ({code:?})"),
    }
}

impl ClientError {
    /// True when another node may do better, or the same one later.
    pub fn is_transient(&self) -> bool {
        match self {
            ClientError::Unreachable { .. } => true,
            ClientError::Refused(r) => matches!(r.code, Code::Unavailable | Code::ResourceExhausted | Code::Unknown),
            _ => false,
        }
    }
}

impl From<Status> for ClientError {
    fn from(s: Status) -> Self {
        ClientError::Refused(refusal(&s))
    }
}

impl Client {
    /// Connects and asks which ledger it is.
    pub async fn connect(address: SocketAddr) -> Result<Client, ClientError> {
        let unreachable = |error: String| ClientError::Unreachable { address: address.to_string(), error };
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|e| unreachable(e.to_string()))?;
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(10));
        let channel = endpoint.connect().await.map_err(|e| unreachable(root_cause(&e)))?;
        let mut client = Client { channel, chain_id: Hash::ZERO };
        let status = client.status().await?;
        client.chain_id = Hash::try_from(&status.chain_id[..]).map_err(|e| ClientError::Protocol(e.to_string()))?;
        Ok(client)
    }

    /// The connection.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// `stint.v1.Ledger` on it.
    pub fn ledger(&self) -> LedgerClient<Channel> {
        LedgerClient::new(self.channel.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    /// Where the node stands.
    pub async fn status(&self) -> Result<v1::GetStatusResponse, ClientError> {
        self.status_at(0).await
    }

    /// How the validators are, as the node sees them.
    pub async fn diagnose(&self) -> Result<v1::DiagnoseResponse, ClientError> {
        Ok(self.ledger().diagnose(v1::DiagnoseRequest {}).await?.into_inner())
    }

    /// What a block led to on the node; 0 asks for the newest.
    pub async fn status_at(&self, height: u64) -> Result<v1::GetStatusResponse, ClientError> {
        Ok(self.ledger().get_status(v1::GetStatusRequest { height }).await?.into_inner())
    }

    /// Asks a query.
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
        let mut request = Request::new(request);
        if height > 0 {
            request.metadata_mut().insert(metadata::HEIGHT, height.into());
        }
        let name = MetadataValue::try_from(commons).map_err(|e| ClientError::Protocol(e.to_string()))?;
        request.metadata_mut().insert(metadata::COMMONS, name);
        self.unary(method, request).await
    }

    /// Signs a command for this ledger, valid from now on for a while.
    pub async fn sign(
        &self,
        key: &SigningKey,
        commons: &str,
        method: &str,
        request: Bytes,
        id: [u8; 16],
    ) -> Result<Transaction, ClientError> {
        let valid_until = self.status().await?.height + VALID_FOR;
        Ok(sign(self.chain_id, key, commons, method, request, id, valid_until)?)
    }

    /// Calls a command under its own name; answers with its response and its receipt's height.
    pub async fn call(&self, tx: &Transaction) -> Result<(Bytes, u64), ClientError> {
        let mut request = Request::new(tx.call().request.clone());
        *request.metadata_mut() = metadata::of_transaction(tx);
        self.unary(&tx.call().method, request).await
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

    async fn unary(&self, method: &str, request: Request<Bytes>) -> Result<(Bytes, u64), ClientError> {
        let path =
            PathAndQuery::try_from(method).map_err(|_| ClientError::Protocol(format!("{method:?} is no method")))?;
        let mut grpc = tonic::client::Grpc::new(self.channel.clone())
            .max_decoding_message_size(LARGEST_ANSWER)
            .max_encoding_message_size(2 * MODULE_BYTES);
        grpc.ready()
            .await
            .map_err(|e| ClientError::Unreachable { address: "the node".into(), error: root_cause(&e) })?;
        let response = grpc.unary(request, path, RawCodec).await?;
        let height =
            response.metadata().get(metadata::HEIGHT).and_then(|h| h.to_str().ok()).and_then(|h| h.parse().ok());
        Ok((response.into_inner(), height.unwrap_or(0)))
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

fn root_cause(e: &dyn std::error::Error) -> String {
    let mut cause = e;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::status::status;

    /// Once, the rule that refused came as far as this client and was not printed.
    #[test]
    fn a_refusal_is_told_with_its_rule() {
        let refusal = Refusal::new(Code::FailedPrecondition, "R7", "5 were asked, and 3 are left");
        let error = ClientError::from(status(refusal));
        assert_eq!(error.to_string(), "R7: 5 were asked, and 3 are left (FailedPrecondition)");
        let nameless = ClientError::from(Status::internal("the node's own words"));
        assert_eq!(nameless.to_string(), "the node's own words (Internal)");
    }
}
