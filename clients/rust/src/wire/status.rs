//! Refusals as gRPC statuses: code and message for everybody; for programs, the rule's name in the
//! metadata `stint-rule`, and with the refusal's details in `google.rpc.ErrorInfo`. Its domain says whose rule it is: the
//! ledger's own, or that of the contract's service. Where a refusal says when to try again, so does `google.rpc.RetryInfo`.

use super::metadata::RULE;
use std::time::Duration;
use stint_proto::{Code, Refusal};
use tonic::{Status, metadata::MetadataValue};
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of the ledger's own rules.
pub const LEDGER: &str = "stint";
/// Details that say after how many milliseconds the same may be tried again.
const RETRY: [&str; 2] = ["retry_ms", "wait_ms"];

/// A refusal by the ledger as a client sees it.
pub fn status(refusal: Refusal) -> Status {
    status_of(refusal, LEDGER)
}

/// A refusal by a rule of `domain` as a client sees it.
pub fn status_of(refusal: Refusal, domain: &str) -> Status {
    let code = tonic::Code::from(refusal.code as i32);
    let rule = ("rule".to_string(), refusal.rule.clone());
    #[expect(clippy::disallowed_types, reason = "the library's type; no order of it decides anything")]
    let facts: std::collections::HashMap<_, _> = refusal.details.clone().into_iter().chain([rule]).collect();
    let mut details = ErrorDetails::with_error_info(&refusal.rule, domain, facts);
    if let Some(after) = advice(&refusal) {
        details.set_retry_info(Some(after));
    }
    let mut status = Status::with_error_details(code, refusal.to_string(), details);
    if let Ok(rule) = MetadataValue::try_from(refusal.rule.as_str()) {
        status.metadata_mut().insert(RULE, rule);
    }
    status
}

fn advice(refusal: &Refusal) -> Option<Duration> {
    let ms = RETRY.iter().find_map(|name| refusal.details.get(*name)?.parse().ok())?;
    Some(Duration::from_millis(ms))
}

/// When the same may be tried again, as `google.rpc.RetryInfo` of a status says.
pub fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

/// The refusal that a status carries, and whose rule it is; without a rule when the server named none.
pub fn refusal(status: &Status) -> (Refusal, String) {
    let rule = status.metadata().get(RULE).and_then(|r| r.to_str().ok()).unwrap_or("").to_string();
    let message = status.message().strip_prefix(&format!("{rule}: ")).unwrap_or(status.message()).to_string();
    let info = status.get_error_details().error_info().cloned();
    let (facts, domain) = info.map(|i| (i.metadata, i.domain)).unwrap_or_default();
    let details = facts.into_iter().filter(|(name, _)| name != "rule").collect();
    (Refusal { code: Code::from_number(status.code() as u32), rule, message, details }, domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_comes_back_as_it_was_given() {
        let mut given = Refusal::new(Code::ResourceExhausted, "pool", "many wait");
        given.details = [("retry_ms".to_string(), "1500".to_string()), ("waiting".into(), "7".into())].into();
        let status = status_of(given.clone(), "a.v1.A");
        assert_eq!(retry_after(&status), Some(Duration::from_millis(1500)));
        assert_eq!(refusal(&status), (given, "a.v1.A".into()));
        let (nameless, domain) = refusal(&Status::internal("pool: of another server"));
        assert_eq!((&nameless.rule[..], &nameless.message[..], &domain[..]), ("", "pool: of another server", ""));
    }
}
