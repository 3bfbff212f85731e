//! The next step after a failure, for whoever typed the command.

use super::Failure;
use stint_client::{ClientError, Refused};
use stint_proto::Code;

const SEE_WHO_ANSWERS: &str = "see which validators answer: stint status";

/// What to try next, where something is known to help.
pub fn next(failure: &Failure) -> Option<String> {
    let refused = match failure.downcast_ref::<ClientError>()? {
        ClientError::Refused(refused) => refused,
        ClientError::Unanswered { call: Some(call), .. } => {
            let (key, id) = (hex::encode(call.id().key), hex::encode(call.id().id));
            return Some(format!(
                "it may be executed yet; ask what became of it before you call again: stint prove receipt {key} {id}"
            ));
        }
        ClientError::Unanswered { .. } => return Some(SEE_WHO_ANSWERS.into()),
        _ => return None,
    };
    let Refused { code, rule, details, .. } = refused;
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
        ("", Code::Unavailable | Code::Unknown) => SEE_WHO_ANSWERS,
        _ => return None,
    };
    Some(said.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stint_proto::Refusal;

    #[test]
    fn some_refusals_say_what_to_try_next() {
        let next = |code, rule: &str, details: &[(&str, &str)]| {
            let mut refusal = Refusal::new(code, rule, "no");
            refusal.details = details.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
            next(&ClientError::Refused(refusal.into()).into())
        };
        assert_eq!(next(Code::OutOfRange, "watch-from", &[("oldest", "7")]), Some("begin with --from 7".into()));
        assert!(next(Code::Unauthenticated, "unknown-key", &[]).is_some_and(|s| s.contains("kernel.admit")));
        assert_eq!(next(Code::FailedPrecondition, "R7", &[]), None);
        assert_eq!(super::next(&"words".into()), None);
    }
}
