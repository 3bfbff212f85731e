//! The next step after a failure, for whoever typed the command.

use super::Failure;
use crate::client::ClientError;
use stint_proto::{Code, Refusal};

/// What to try next, where something is known to help.
pub fn next(failure: &Failure) -> Option<String> {
    let ClientError::Refused(refusal) = failure.downcast_ref::<ClientError>()? else { return None };
    let Refusal { code, rule, details, .. } = refusal;
    let said = match (rule.as_str(), code) {
        ("unknown-key", _) => {
            "a steward admits who holds the key: stint call COMMONS kernel.admit --agent NAME --roles member --key KEY; \
             `stint key list` shows the keys that you have"
        }
        ("steward", Code::PermissionDenied) => {
            "see who is steward: stint query COMMONS kernel.get-commons; sign with another key: --key NAME"
        }
        ("charter", _) => "propose it to the commons: stint call COMMONS charter.propose --help",
        ("commons", Code::NotFound) => {
            "see which there are: stint query consortium kernel.list-commons; found one: stint found NAME"
        }
        ("commons", Code::InvalidArgument) => "name the commons in front of the method: stint query COMMONS METHOD",
        ("service", _) => "see what serves the commons: stint query COMMONS kernel.get-commons",
        ("command" | "unsigned", _) => "it is a command: stint call COMMONS METHOD",
        ("expired", _) => "give the same command again: it is signed anew",
        ("not-ready", _) => {
            return details.get("wait_ms").map(|ms| format!("validators compile it for {ms} ms more; then again"));
        }
        ("watch-from", _) => return details.get("oldest").map(|oldest| format!("begin with --from {oldest}")),
        ("height", Code::OutOfRange) => "leave --height out for the newest state",
        ("", Code::Unavailable | Code::Unknown) => "see which validators answer: stint status",
        _ => return None,
    };
    Some(said.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_refusals_say_what_to_try_next() {
        let next = |code, rule: &str, details: &[(&str, &str)]| {
            let mut refusal = Refusal::new(code, rule, "no");
            refusal.details = details.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
            next(&ClientError::Refused(refusal).into())
        };
        assert_eq!(next(Code::OutOfRange, "watch-from", &[("oldest", "7")]), Some("begin with --from 7".into()));
        assert!(next(Code::Unauthenticated, "unknown-key", &[]).is_some_and(|s| s.contains("kernel.admit")));
        assert_eq!(next(Code::FailedPrecondition, "R7", &[]), None);
        assert_eq!(super::next(&"words".into()), None);
    }
}
