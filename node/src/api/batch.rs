//! `Ledger/SubmitBatch`: a few calls in one message, all on their way at once.

use super::ledger::submitted;
use crate::core::Node;
use bytes::Bytes;
use futures::future::join_all;
use prost::Message;
use std::sync::Arc;
use stint_proto::{
    Code, Refusal,
    limits::{BATCH_ANSWER_BYTES, BATCH_CALLS},
    v1::{self, submit_response::Outcome},
};

/// Hands all of them in and waits until each is final, refused or expired.
pub async fn submitted_all(node: &Arc<Node>, transactions: Vec<v1::Transaction>) -> Vec<v1::SubmitResponse> {
    let each = transactions.into_iter().map(|tx| submitted(node, v1::SubmitRequest { transaction: Some(tx) }));
    join_all(each).await
}

/// Answers a batch.
pub async fn answer(node: &Arc<Node>, asked: v1::SubmitBatchRequest) -> Result<v1::SubmitBatchResponse, Refusal> {
    let calls = asked.transactions.len();
    if calls > BATCH_CALLS {
        let message =
            format!("{calls} calls in one batch; the limit is {BATCH_CALLS}, and SubmitStream takes any number");
        return Err(Refusal::new(Code::InvalidArgument, "batch", message));
    }
    let mut answers = submitted_all(node, asked.transactions).await;
    let cut = fit(&mut answers, BATCH_ANSWER_BYTES);
    Ok(v1::SubmitBatchResponse { answers, cut })
}

/// Takes response and events from the receipts behind so many bytes; true when any lost some.
fn fit(answers: &mut [v1::SubmitResponse], room: usize) -> bool {
    let (mut bytes, mut cut) = (0, false);
    for answer in answers {
        bytes += answer.encoded_len();
        if let Some(Outcome::Receipt(receipt)) = &mut answer.outcome
            && bytes > room
            && !(receipt.response.is_empty() && receipt.events.is_empty())
        {
            (receipt.response, receipt.events, cut) = (Bytes::new(), Vec::new(), true);
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_behind_the_bound_keep_their_end_and_lose_their_size() {
        let receipt = |n: u32| v1::Receipt { index: n, response: vec![7; 1000].into(), ..Default::default() };
        let answer = |n| v1::SubmitResponse { outcome: Some(Outcome::Receipt(receipt(n))), ..Default::default() };
        let mut answers: Vec<_> = (0..4).map(answer).collect();
        assert!(!fit(&mut answers, 10_000));
        assert!(fit(&mut answers, 2_500));
        let sizes: Vec<_> = answers
            .iter()
            .map(|a| match &a.outcome {
                Some(Outcome::Receipt(r)) => (r.index, r.response.len()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(sizes, [(0, 1000), (1, 1000), (2, 0), (3, 0)]);
    }
}
