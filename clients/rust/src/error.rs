//! Why a call has no answer: refused, or not answered yet. There is no "unknown".

use crate::{
    keys::KeyError,
    wire::{metadata, refusal, status_of},
};
use prost::Message;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use stint_proto::{Code, Refusal, Transaction, TransactionError, v1};
use stint_verifier::Invalid;
use tonic::{Status, metadata::MetadataValue};

/// What a node that lags behind the others may say of a call that they would take.
const OF_ONE_NODE: [&str; 2] = ["unknown-key", "valid-until"];
/// The rule of a node that cannot read what it stores.
const DAMAGED: &str = "node";

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
    #[error(transparent)]
    Refused(Refused),
    /// No node answered for as long as the caller had patience. A command may be on its way.
    #[error("no node answered within {} s; the last word was: {last}", patience.as_secs_f32())]
    Unanswered {
        /// How long was waited.
        patience: Duration,
        /// What the last node said.
        last: String,
        /// Of a command: the call. Handed in again it is the same call, and is executed at most once.
        call: Option<Box<Transaction>>,
    },
    /// A node answers what no node of this ledger should.
    #[error("the node answers strangely: {0}")]
    Protocol(String),
    /// A name or a message that means nothing here, with what would be accepted.
    #[error("{0}")]
    Meaningless(String),
    /// A command has nobody who signs it.
    #[error("{0} is a command and must be signed: give the commons a key with signed_by")]
    Unsigned(String),
    /// The call cannot be built.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A node's proof is none.
    #[error("this proves nothing: {0}")]
    Proof(#[from] Invalid),
}

/// Why a node or a contract refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", told(self))]
pub struct Refused {
    /// The gRPC status.
    pub code: Code,
    /// The rule's name, for programs; empty when it was not a node that refused but the way to it.
    pub rule: String,
    /// For people: what was refused, why, and what would be accepted.
    pub message: String,
    /// The same facts for programs.
    pub details: BTreeMap<String, String>,
    /// Whose rule it is: the full name of a contract's service, or [`crate::wire::LEDGER`].
    pub domain: String,
    /// There when the call was ordered: the refusal is final, and the same id always leads to it. Without response and
    /// events.
    pub receipt: Option<Box<v1::Receipt>>,
}

/// `rule: message (Code)`; without a rule when the node named none.
fn told(refused: &Refused) -> String {
    let Refused { code, rule, message, .. } = refused;
    match rule.as_str() {
        "" => format!("{message} ({code:?})"),
        rule => format!("{rule}: {message} ({code:?})"),
    }
}

impl Refused {
    /// True when another node may take the same call, or the same one later.
    pub fn is_transient(&self) -> bool {
        if self.receipt.is_some() {
            return false;
        }
        let busy = matches!(self.code, Code::Unavailable | Code::ResourceExhausted);
        match self.rule.as_str() {
            // Not a node refused, but the way to it.
            "" => matches!(self.code, Code::Unavailable | Code::Unknown | Code::Internal | Code::DeadlineExceeded),
            DAMAGED => true,
            _ => busy,
        }
    }

    /// True when a node that is up to date might say otherwise.
    pub fn is_of_one_node(&self) -> bool {
        self.receipt.is_none() && OF_ONE_NODE.contains(&self.rule.as_str())
    }

    /// True when the ledger says that the call's last height is over: it was not executed and never will be. A contract
    /// may name a rule of its own so, but nothing that a contract does is free.
    pub fn is_expiry(&self) -> bool {
        self.rule == "expired" && self.receipt.as_ref().is_none_or(|r| r.fuel_used == 0)
    }
}

impl From<Refusal> for Refused {
    fn from(Refusal { code, rule, message, details }: Refusal) -> Refused {
        Refused { code, rule, message, details, domain: String::new(), receipt: None }
    }
}

impl From<Refused> for Refusal {
    fn from(Refused { code, rule, message, details, .. }: Refused) -> Refusal {
        Refusal { code, rule, message, details }
    }
}

impl From<&Status> for Refused {
    fn from(status: &Status) -> Refused {
        let (refusal, domain) = refusal(status);
        let receipt = metadata::receipt(status.metadata()).map(Box::new);
        Refused { domain, receipt, ..refusal.into() }
    }
}

impl ClientError {
    /// True when another node may do better, or the same one later.
    pub fn is_transient(&self) -> bool {
        match self {
            ClientError::Unreachable { .. } | ClientError::Unanswered { .. } => true,
            ClientError::Refused(refused) => refused.is_transient(),
            _ => false,
        }
    }
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        ClientError::Refused((&status).into())
    }
}

/// As a generated stub tells it. The error itself is the status' source: there lies the call that nobody answered.
impl From<ClientError> for Status {
    fn from(error: ClientError) -> Status {
        use tonic::Code as Wire;
        let code = match &error {
            // Not a rule, but the way to the node.
            ClientError::Refused(refused) if refused.rule.is_empty() => Wire::from(refused.code as i32),
            ClientError::Refused(refused) => {
                let mut status = status_of(refused.clone().into(), &refused.domain);
                if let Some(receipt) = &refused.receipt {
                    let value = MetadataValue::from_bytes(&receipt.encode_to_vec());
                    status.metadata_mut().insert_bin(metadata::RECEIPT, value);
                }
                status.set_source(Arc::new(error));
                return status;
            }
            ClientError::Unreachable { .. } | ClientError::Unanswered { .. } => Wire::Unavailable,
            ClientError::Protocol(_) | ClientError::Proof(_) => Wire::DataLoss,
            ClientError::Unsigned(_) | ClientError::Key(_) => Wire::Unauthenticated,
            ClientError::Meaningless(_) | ClientError::Transaction(_) => Wire::InvalidArgument,
        };
        let mut status = Status::new(code, error.to_string());
        status.set_source(Arc::new(error));
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::status;

    /// Once, the rule that refused came as far as this client and was not printed.
    #[test]
    fn a_refusal_is_told_with_its_rule() {
        let refusal = Refusal::new(Code::FailedPrecondition, "R7", "5 were asked, and 3 are left");
        let error = ClientError::from(status(refusal));
        assert_eq!(error.to_string(), "R7: 5 were asked, and 3 are left (FailedPrecondition)");
        let nameless = ClientError::from(Status::internal("the node's own words"));
        assert_eq!(nameless.to_string(), "the node's own words (Internal)");
    }

    #[test]
    fn what_was_ordered_is_never_tried_again() {
        let refused = |code, rule: &str, receipt: Option<u64>| Refused {
            receipt: receipt.map(|fuel_used| Box::new(v1::Receipt { fuel_used, ..Default::default() })),
            ..Refusal::new(code, rule, "no").into()
        };
        for (transient, of_one_node, told) in [
            (true, false, refused(Code::Unavailable, "", None)),
            (true, false, refused(Code::DeadlineExceeded, "", None)),
            (false, false, refused(Code::Unimplemented, "", None)),
            (true, false, refused(Code::ResourceExhausted, "pool", None)),
            (true, false, refused(Code::Internal, "node", None)),
            (false, false, refused(Code::DeadlineExceeded, "expired", None)),
            (false, true, refused(Code::Unauthenticated, "unknown-key", None)),
            (false, false, refused(Code::Unavailable, "closed", Some(7))),
            (false, false, refused(Code::Unauthenticated, "unknown-key", Some(0))),
        ] {
            assert_eq!((told.is_transient(), told.is_of_one_node()), (transient, of_one_node), "{told:?}");
        }
        assert!(refused(Code::DeadlineExceeded, "expired", Some(0)).is_expiry());
        assert!(!refused(Code::DeadlineExceeded, "expired", Some(9)).is_expiry());
    }

    #[test]
    fn a_stub_tells_what_the_client_knows() {
        let refused = Refused {
            domain: "a.v1.A".into(),
            receipt: Some(Box::new(v1::Receipt { height: 7, ..Default::default() })),
            ..Refusal::new(Code::Aborted, "full", "no").into()
        };
        let status = Status::from(ClientError::Refused(refused.clone()));
        assert_eq!(Refused::from(&status), refused);
        let unanswered = ClientError::Unanswered { patience: Duration::from_secs(1), last: "no".into(), call: None };
        let status = Status::from(unanswered);
        assert_eq!(status.code(), tonic::Code::Unavailable);
        let source = std::error::Error::source(&status).and_then(|e| e.downcast_ref::<ClientError>());
        assert!(matches!(source, Some(ClientError::Unanswered { .. })));
    }
}
