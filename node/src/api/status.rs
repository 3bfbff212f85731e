//! Refusals as gRPC statuses: code and message for everybody, and the rule's name in
//! `google.rpc.ErrorInfo` and in the metadata `stint-rule` for programs.

use stint_proto::{Code, Refusal};
use tonic::{Status, metadata::MetadataValue};
use tonic_types::{ErrorDetails, StatusExt};

/// Metadata key of the rule that refused.
pub const RULE: &str = "stint-rule";
const DOMAIN: &str = "stint";

/// A refusal as a client sees it.
pub fn status(refusal: Refusal) -> Status {
    let code = tonic::Code::from(refusal.code as i32);
    let details = ErrorDetails::with_error_info(&refusal.rule, DOMAIN, [("rule".to_string(), refusal.rule.clone())]);
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
    Refusal { code: Code::from_number(status.code() as u32), rule, message }
}
