//! Refusals as gRPC statuses: code and message for everybody; for programs, the rule's name in the
//! metadata `stint-rule`, and with the refusal's details in `google.rpc.ErrorInfo`.

use stint_proto::{Code, Refusal};
use tonic::{Status, metadata::MetadataValue};
use tonic_types::{ErrorDetails, StatusExt};

/// Metadata key of the rule that refused.
pub const RULE: &str = "stint-rule";
const DOMAIN: &str = "stint";

/// A refusal as a client sees it.
pub fn status(refusal: Refusal) -> Status {
    let code = tonic::Code::from(refusal.code as i32);
    let rule = ("rule".to_string(), refusal.rule.clone());
    // The message is a map for whoever reads it; no order of it decides anything.
    #[allow(clippy::disallowed_types)]
    let facts: std::collections::HashMap<_, _> = refusal.details.clone().into_iter().chain([rule]).collect();
    let details = ErrorDetails::with_error_info(&refusal.rule, DOMAIN, facts);
    let mut status = Status::with_error_details(code, refusal.to_string(), details);
    if let Ok(rule) = MetadataValue::try_from(refusal.rule.as_str()) {
        status.metadata_mut().insert(RULE, rule);
    }
    status
}

/// The refusal that a status carries; without a rule when the server named none.
pub fn refusal(status: &Status) -> Refusal {
    let rule = status.metadata().get(RULE).and_then(|r| r.to_str().ok()).unwrap_or("").to_string();
    let message = status.message().strip_prefix(&format!("{rule}: ")).unwrap_or(status.message()).to_string();
    let facts = status.get_error_details().error_info().map(|i| i.metadata.clone()).unwrap_or_default();
    let details = facts.into_iter().filter(|(name, _)| name != "rule").collect();
    Refusal { code: Code::from_number(status.code() as u32), rule, message, details }
}
