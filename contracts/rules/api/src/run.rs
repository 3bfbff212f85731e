//! Asking a rule, from contributions to payouts.
//!
//! Weighing may take many calls: what stands between two pages is a [`Weighing`], which can be kept.

use crate::{
    distribute::fill,
    open::Open,
    proto::{
        Contribution, Distribution, Income, ManifestRequest, ManifestResponse, Order, Param, PoolsRequest,
        PoolsResponse, Rule, SettleRequest, SettleResponse, WeighRequest, WeighResponse, Weight, methods,
    },
    settle::settle,
    totals::Totals,
};
use std::marker::PhantomData;
use stint_sdk::Refusal;

/// A rule that can be asked.
pub trait Machine {
    /// What it is.
    fn manifest(&self) -> Result<ManifestResponse, Refusal>;
    /// What contributions weigh.
    fn weigh(&self, request: WeighRequest) -> Result<WeighResponse, Refusal>;
    /// Where an income goes.
    fn pools(&self, request: PoolsRequest) -> Result<PoolsResponse, Refusal>;
    /// What agents give one another.
    fn settle(&self, request: SettleRequest) -> Result<SettleResponse, Refusal>;
}

/// A rule in the same program.
pub struct Native<R>(PhantomData<R>);

impl<R> Default for Native<R> {
    fn default() -> Native<R> {
        Native(PhantomData)
    }
}

impl<R: Rule> Machine for Native<R> {
    fn manifest(&self) -> Result<ManifestResponse, Refusal> {
        R::manifest(ManifestRequest {})
    }
    fn weigh(&self, request: WeighRequest) -> Result<WeighResponse, Refusal> {
        R::weigh(request)
    }
    fn pools(&self, request: PoolsRequest) -> Result<PoolsResponse, Refusal> {
        R::pools(request)
    }
    fn settle(&self, request: SettleRequest) -> Result<SettleResponse, Refusal> {
        R::settle(request)
    }
}

/// A rule published on the ledger, by the hash of its module: for contracts.
pub struct Published(pub [u8; 32]);

impl Machine for Published {
    fn manifest(&self) -> Result<ManifestResponse, Refusal> {
        methods::MANIFEST.rule(&self.0, &ManifestRequest {})
    }
    fn weigh(&self, request: WeighRequest) -> Result<WeighResponse, Refusal> {
        methods::WEIGH.rule(&self.0, &request)
    }
    fn pools(&self, request: PoolsRequest) -> Result<PoolsResponse, Refusal> {
        methods::POOLS.rule(&self.0, &request)
    }
    fn settle(&self, request: SettleRequest) -> Result<SettleResponse, Refusal> {
        methods::SETTLE.rule(&self.0, &request)
    }
}

/// A weighing between two pages.
#[derive(Clone, Debug, Default)]
pub struct Weighing {
    /// What the rule hands to itself.
    pub carry: Vec<u8>,
    /// The sums so far.
    pub totals: Totals,
}

impl Weighing {
    /// Weighs the next page, in the order that the rule's manifest asks for; `last` says that it is the last one.
    /// Gives what each contribution of it weighs.
    pub fn page(
        &mut self,
        rule: &impl Machine,
        params: &[Param],
        contributions: Vec<Contribution>,
        last: bool,
    ) -> Result<Vec<Weight>, Refusal> {
        let carry = std::mem::take(&mut self.carry);
        let answer = rule.weigh(WeighRequest { params: params.to_vec(), contributions, carry, last })?;
        self.totals.add(&answer.weights)?;
        self.carry = answer.carry;
        Ok(answer.weights)
    }
}

/// Distributes an income when everything is weighed.
pub fn finish(
    rule: &impl Machine,
    params: &[Param],
    income: &Income,
    totals: &Totals,
    settled: Totals,
) -> Result<Distribution, Refusal> {
    let mut open = Open::new(totals, settled)?;
    let before = open.totals();
    let request = PoolsRequest { params: params.to_vec(), income: Some(income.clone()), streams: open.streams()? };
    let mut distribution = fill(income, &rule.pools(request)?.pools, &mut open)?;
    if rule.manifest()?.settles {
        let request = SettleRequest {
            params: params.to_vec(),
            income: Some(income.clone()),
            totals: before,
            shares: distribution.shares.clone(),
        };
        let answer = rule.settle(request)?;
        settle(&mut distribution, answer.adjustments)?;
        answer.closes.iter().for_each(|stream| open.close(stream));
        distribution.settled = open.settled()?;
    }
    Ok(distribution)
}

/// The whole way at once, for a what-if, an audit and tests. Contributions are in the order in which they were
/// recorded; they are handed over in pages of `page` and in the order that the rule wants.
pub fn whole(
    rule: &impl Machine,
    params: &[Param],
    income: &Income,
    contributions: &[Contribution],
    settled: Totals,
    page: usize,
) -> Result<(Distribution, Vec<Weight>), Refusal> {
    let mut ordered: Vec<Contribution> = contributions.to_vec();
    if rule.manifest()?.order() == Order::NewestFirst {
        ordered.reverse();
    }
    let (mut weighing, mut weights) = (Weighing::default(), Vec::new());
    let mut rest = ordered.as_slice();
    // Also an empty list has a last page.
    loop {
        let (now, later) = rest.split_at(page.max(1).min(rest.len()));
        weights.extend(weighing.page(rule, params, now.to_vec(), later.is_empty())?);
        if later.is_empty() {
            break;
        }
        rest = later;
    }
    Ok((finish(rule, params, income, &weighing.totals, settled)?, weights))
}
