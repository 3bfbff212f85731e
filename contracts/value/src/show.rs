//! Distributions as they are.

use crate::{
    fields::{no_token, number, rows, word},
    proto::{
        Distribution, GetDistributionRequest, GetDistributionResponse, ListDistributionsRequest,
        ListDistributionsResponse, Payout, ReceiptResponse,
    },
    state::{ADJUSTMENTS, DISTRIBUTIONS, NUMBER_OF, PAYOUTS},
};
use stint_sdk::{Code, Refusal};

/// A distribution that is done.
pub fn find(id: &str) -> Result<Distribution, Refusal> {
    let found = NUMBER_OF.get(&id.to_string()).and_then(|number| DISTRIBUTIONS.get(&number));
    let missing = || {
        let shown: String = id.chars().take(80).collect();
        Refusal::new(Code::NotFound, "distribution", format!("no distribution {shown:?} is done"))
    };
    found.ok_or_else(missing)
}

pub fn get(request: GetDistributionRequest) -> Result<GetDistributionResponse, Refusal> {
    let distribution = find(&request.distribution)?;
    let rows = rows(request.page_size, 100, 1000);
    let prefix = distribution.number.to_be_bytes();
    let mut from = prefix.to_vec();
    if !request.page_token.is_empty() {
        word("page-token", &request.page_token).map_err(|_| no_token())?;
        from.extend_from_slice(request.page_token.as_bytes());
    }
    // One more than asked: where the next page begins.
    let mut found = PAYOUTS.page(&prefix, &from, rows + 1);
    let next = if found.len() > rows { found.pop().map(|((_, agent), _)| agent) } else { None };
    let payout = |((number, agent), amount): ((u32, String), i64)| {
        let adjustment = ADJUSTMENTS.get(&(number, agent.clone())).map_or(0, |a| a.amount);
        Payout { agent, amount, adjustment }
    };
    let payouts = found.into_iter().map(payout).collect();
    Ok(GetDistributionResponse { distribution: Some(distribution), payouts, next_page_token: next.unwrap_or_default() })
}

pub fn list(request: ListDistributionsRequest) -> Result<ListDistributionsResponse, Refusal> {
    let rows = rows(request.page_size, 20, 100);
    let after: u32 = number(&request.page_token)?;
    let mut found = DISTRIBUTIONS.page(&[], &after.saturating_add(1).to_be_bytes(), rows + 1);
    let more = found.len() > rows;
    found.truncate(rows);
    let next = found.last().filter(|_| more).map(|(number, _)| number.to_string());
    let distributions = found.into_iter().map(|(_, d)| d).collect();
    Ok(ListDistributionsResponse { distributions, next_page_token: next.unwrap_or_default() })
}

pub fn receipt(id: &str) -> Result<ReceiptResponse, Refusal> {
    let d = find(id)?;
    let rule = d.rule.unwrap_or_default();
    Ok(ReceiptResponse {
        rule_hash: rule.module,
        params_hash: rule.params_hash,
        contributions_root: d.contributions_root,
        height: d.height,
        totals: d.totals,
        shares_root: d.shares_root,
    })
}
