//! A commons, reached through any node of its ledger.

use crate::{
    Answer, Client, ClientError, Key,
    client::{VALID_FOR, random_id},
    descriptors::{is_query, path},
    json,
};
use bytes::Bytes;
use prost::Message;
use serde_json::Value;
use std::time::Duration;
use stint_proto::{Call, CallId};

/// One commons. It is a channel for generated stubs, too: their commands are signed, resent and waited for, and their
/// queries asked of any node. It is cheap to clone.
#[derive(Clone)]
pub struct Commons {
    pub(crate) client: Client,
    name: String,
    key: Option<Key>,
    valid_for: u64,
    fuel_limit: u64,
}

impl Commons {
    pub(crate) fn new(client: Client, name: &str) -> Commons {
        Commons { client, name: name.into(), key: None, valid_for: VALID_FOR, fuel_limit: 0 }
    }

    /// The same commons, with a key that signs commands.
    pub fn signed_by(self, key: impl Into<Key>) -> Commons {
        Commons { key: Some(key.into()), ..self }
    }

    /// The same, with commands that stay valid for so many heights, at most 36,000.
    pub fn valid_for(self, heights: u64) -> Commons {
        Commons { valid_for: heights, ..self }
    }

    /// The same, with commands that burn no more fuel than this; 0 for the ledger's limit.
    pub fn fuel_limit(self, fuel: u64) -> Commons {
        Commons { fuel_limit: fuel, ..self }
    }

    /// The same, waiting so long for an answer instead of a minute.
    pub fn with_patience(self, patience: Duration) -> Commons {
        Commons { client: self.client.with_patience(patience), ..self }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Calls a method by its short or full name, `contribute.record` or `package.Service/Method`, with its request and its
    /// response as JSON: asks a query, or signs a command and waits until it is final.
    pub async fn json(&self, method: &str, request: &str) -> Result<Value, ClientError> {
        let method = self.client.describe(method, Some(&self.name)).await?;
        let request = json::read(&method.input(), request)?.encode_to_vec();
        let answer = match is_query(&method) {
            true => self.query(&path(&method), request.into(), 0).await?,
            false => self.command(&path(&method), request.into()).await?,
        };
        json::value(&method.output(), answer.response)
    }

    /// Asks a query, `/package.Service/Method`, on the state after a block, 0 for the newest.
    pub async fn query(&self, method: &str, request: Bytes, height: u64) -> Result<Answer, ClientError> {
        let (response, height) = self.client.query_at(&self.name, method, request, height).await?;
        Ok(Answer { response, height, receipt: None })
    }

    /// Signs a command, `/package.Service/Method`, and waits until it is final. To find out later what became of one that
    /// nobody answered, [`Client::submit`] takes the call that the error holds.
    pub async fn command(&self, method: &str, request: Bytes) -> Result<Answer, ClientError> {
        let key = self.key.as_ref().ok_or_else(|| ClientError::Unsigned(method.into()))?;
        let call = Call {
            chain_id: self.client.chain_id,
            commons: self.name.clone(),
            method: method.into(),
            request,
            call_id: CallId { key: key.public(), id: random_id()? },
            valid_until: self.client.recent_height().await?.saturating_add(self.valid_for),
            fuel_limit: self.fuel_limit,
        };
        self.client.submit(&call.sign(key)?).await
    }
}
