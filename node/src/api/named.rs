//! What the transport refuses by itself, told as all refusals are: by a rule, with what would be accepted.
//!
//! A message that cannot be decoded, or is larger than its service takes, never comes as far as a room of the node. tonic
//! answers `INTERNAL` or `OUT_OF_RANGE`, as if it were not the request that is wrong.

use axum::{extract::Request, middleware::Next, response::Response};
use stint_client::wire::{metadata::RULE, status};
use stint_proto::{Code, Refusal};
use tonic::Status;

/// Gives such an answer its rule.
pub async fn named(request: Request, next: Next) -> Response {
    let method = request.uri().path().to_string();
    let response = next.run(request).await;
    match response.extensions().get::<Status>().and_then(|told| rule(&method, told)) {
        Some(refusal) => status(refusal).into_http(),
        None => response,
    }
}

fn rule(method: &str, told: &Status) -> Option<Refusal> {
    if told.metadata().contains_key(RULE) {
        return None;
    }
    let why = told.message();
    let (rule, message) = match told.code() {
        // What fails inside a node has a rule; what is left is what came in.
        tonic::Code::Internal => {
            let accepted = "a message as the service's .proto has it is accepted, and reflection describes it";
            ("request", format!("the request of {method} cannot be read: {why}; {accepted}"))
        }
        tonic::Code::OutOfRange => ("request-size", format!("the request of {method} is too large: {why}")),
        _ => return None,
    };
    Some(Refusal::new(Code::InvalidArgument, rule, message))
}
