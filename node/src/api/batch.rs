//! `Ledger/SubmitBatch`: a few calls in one message, all on their way at once.

use super::submit::Ended;
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

/// Answers a batch.
pub async fn answer(node: &Arc<Node>, asked: v1::SubmitBatchRequest) -> Result<v1::SubmitBatchResponse, Refusal> {
    let calls = asked.transactions.len();
    if calls > BATCH_CALLS {
        let message =
            format!("{calls} calls in one batch; the limit is {BATCH_CALLS}, and SubmitStream takes any number");
        return Err(Refusal::new(Code::InvalidArgument, "batch", message));
    }
    let each = asked.transactions.into_iter().map(|tx| Ended::of(node, v1::SubmitRequest { transaction: Some(tx) }));
    let ended = join_all(each).await;
    let answers = ended.into_iter().map(|ended| ended.answer(node));
    let (answers, cut) = fit(answers, BATCH_ANSWER_BYTES);
    Ok(v1::SubmitBatchResponse { answers, cut })
}

/// Takes response and events from the receipts behind so many bytes, one after the other; true when any lost some.
fn fit(answers: impl Iterator<Item = v1::SubmitResponse>, room: usize) -> (Vec<v1::SubmitResponse>, bool) {
    let (mut bytes, mut cut) = (0, false);
    let fitting = answers.map(|mut answer| {
        bytes += answer.encoded_len();
        if let Some(Outcome::Receipt(receipt)) = &mut answer.outcome
            && bytes > room
            && !(receipt.response.is_empty() && receipt.events.is_empty())
        {
            (receipt.response, receipt.events, cut) = (Bytes::new(), Vec::new(), true);
        }
        answer
    });
    (fitting.collect(), cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_behind_the_bound_keep_their_end_and_lose_their_size() {
        let receipt = |n: u32| v1::Receipt { index: n, response: vec![7; 1000].into(), ..Default::default() };
        let answer = |n| v1::SubmitResponse { outcome: Some(Outcome::Receipt(receipt(n))), ..Default::default() };
        assert!(!fit((0..4).map(answer), 10_000).1);
        let (answers, cut) = fit((0..4).map(answer), 2_500);
        assert!(cut);
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
