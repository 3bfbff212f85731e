//! Why an agent got what it got: the amount, the pools it came from, the contributions it was for.

use crate::{
    fields::{no_token, rows, word},
    proto::{Branch, Claim, Distribution, ExplainRequest, ExplainResponse, Leaf, Share},
    show::find,
    state::{ADJUSTMENTS, PAYOUTS, ROWS, SHARES},
};
use stint_sdk::{Code, Refusal};

/// Shares of one agent in one distribution: 100 pools with 4 kinds of claims at most.
const MOST_SHARES: usize = 400;
/// Rows that one page looks at: debts that were opened later than a distribution stand among those that it paid.
const LOOKED_AT: usize = 2000;

pub fn explain(request: ExplainRequest) -> Result<ExplainResponse, Refusal> {
    let kept = find(&request.distribution)?;
    word("agent", &request.agent)?;
    let amount = PAYOUTS.get(&(kept.number, request.agent.clone()));
    let shares = shares(&kept, &request.agent);
    let (leaves, next_page_token) = leaves(&kept, &shares, &request)?;
    let nothing = leaves.is_empty() && next_page_token.is_empty();
    if amount.is_none() && nothing && request.page_token.is_empty() {
        let message = format!("{} has no part in the distribution {}", request.agent, kept.id);
        return Err(Refusal::new(Code::NotFound, "agent", message));
    }
    let rule = kept.rule.clone().unwrap_or_default();
    Ok(ExplainResponse {
        amount: amount.unwrap_or(0),
        totals: kept.totals,
        pools: branches(&kept, shares, leaves),
        adjustment: ADJUSTMENTS.get(&(kept.number, request.agent)),
        rule_hash: rule.module,
        params_hash: rule.params_hash,
        rule_version: rule.version,
        height: kept.height,
        next_page_token,
    })
}

fn shares(kept: &Distribution, agent: &str) -> Vec<Share> {
    let prefix = [&kept.number.to_be_bytes()[..], agent.as_bytes(), b"/"].concat();
    SHARES.page(&prefix, &prefix, MOST_SHARES).into_iter().map(|(_, share)| share).collect()
}

/// A branch for each pool that the agent has a part in. Where several pools share one stream, its contributions
/// stand under the first; those of streams that nobody paid stand apart, at the end.
#[inline(never)]
fn branches(kept: &Distribution, mut shares: Vec<Share>, mut leaves: Vec<Leaf>) -> Vec<Branch> {
    let mut branches = Vec::new();
    for pool in &kept.pools {
        let (of_pool, other): (Vec<Share>, Vec<Share>) = shares.into_iter().partition(|s| s.pool == pool.name);
        shares = other;
        if of_pool.is_empty() {
            continue;
        }
        let (of_stream, other): (Vec<Leaf>, Vec<Leaf>) =
            leaves.into_iter().partition(|l| !pool.stream.is_empty() && l.stream == pool.stream);
        leaves = other;
        branches.push(Branch { pool: Some(pool.clone()), shares: of_pool, contributions: of_stream });
    }
    if !leaves.is_empty() {
        branches.push(Branch { contributions: leaves, ..Branch::default() });
    }
    branches
}

/// A page of what the agent's contributions weighed: first what was weighed in this distribution, then the debts
/// that it paid, whenever they were opened.
#[inline(never)]
fn leaves(kept: &Distribution, shares: &[Share], request: &ExplainRequest) -> Result<(Vec<Leaf>, String), Refusal> {
    let rows = rows(request.page_size, 100, 1000);
    let (part, start) = match request.page_token.as_str() {
        "" => (0, ""),
        token => {
            token.split_once('/').and_then(|(p, start)| Some((p.parse::<usize>().ok()?, start))).ok_or_else(no_token)?
        }
    };
    let owed = |stream: &str| shares.iter().any(|s| s.claim() == Claim::Debt && s.stream == stream);
    let (mut found, mut looked_at) = (Vec::new(), 0);
    for (n, number) in [kept.number, 0].into_iter().enumerate().skip(part) {
        let prefix = [&number.to_be_bytes()[..], request.agent.as_bytes(), b"/"].concat();
        let from = if n == part && !start.is_empty() { [&prefix, start.as_bytes()].concat() } else { prefix.clone() };
        let until = [&number.to_be_bytes()[..], request.agent.as_bytes(), b"0"].concat();
        for ((_, key), leaf) in ROWS.range(&from, &until) {
            if found.len() == rows || looked_at == LOOKED_AT {
                let place = key.get(request.agent.len() + 1..).unwrap_or_default();
                return Ok((found, format!("{n}/{place}")));
            }
            looked_at += 1;
            if number != 0 || (leaf.opened <= kept.number && owed(&leaf.stream)) {
                found.push(leaf);
            }
        }
    }
    Ok((found, String::new()))
}
