//! Which weights count, and which contributions are done.
//!
//! A rule says what a contribution weighs each time it is asked, by its version of that day. So that nobody's past
//! is weighed anew, a weight that had its share never counts again, whatever later versions say:
//!
//! - `once`: it had its share when a pool paid its stream;
//! - `debt`: it is opened once, at its weight of that day, and stands in the agent's account from then on;
//! - `equity` and `none` count every time.
//!
//! A contribution all of whose weights had their share is done, and no later distribution reads it.

use crate::proto::Standing;
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use stint_rule::{
    Machine, Totals,
    proto::{Claim, Contribution, Param, WeighRequest, Weight},
};
use stint_sdk::{Code, Ratio, Refusal, sha256};

/// Contributions that a rule is asked about at once.
pub const PAGE: usize = 50;
/// Bytes that a rule may hand to itself. It is kept between two calls, and with parameters and contributions it
/// makes up a request, which has at most 128 kB.
const MOST_CARRIED: usize = 50_000;
/// Bytes of a formula that explains a weight.
const FORMULA_BYTES: usize = 4_000;

/// Bytes of contributions that a rule is asked about at once.
pub const PAGE_BYTES: usize = 40_000;

/// The name of a weight among all.
pub fn mark(contribution: &str, stream: &str, agent: &str) -> String {
    format!("{contribution}/{stream}/{agent}")
}

/// What one contribution weighed.
#[derive(Clone, Debug, Default)]
pub struct Weighed {
    /// Weights that count now.
    pub counts: Vec<Weight>,
    /// All of them.
    pub standings: Vec<Standing>,
}

/// A rule that is asked page by page.
pub struct Asking<'a, M> {
    pub rule: &'a M,
    pub params: &'a [Param],
    /// What it hands to itself.
    pub carry: Vec<u8>,
}

impl<M: Machine> Asking<'_, M> {
    /// What a page of contributions weighs, by their ids. `had` says whether a weight had its share before, by
    /// its mark.
    #[inline(never)]
    pub fn page(
        &mut self,
        contributions: Vec<Contribution>,
        last: bool,
        had: impl Fn(&Weight) -> bool,
    ) -> Result<BTreeMap<String, Weighed>, Refusal> {
        let carry = std::mem::take(&mut self.carry);
        let request = WeighRequest { params: self.params.to_vec(), contributions, carry, last };
        let answer = self.rule.weigh(request)?;
        if answer.carry.len() > MOST_CARRIED {
            let size = answer.carry.len();
            let message = format!("the rule carries {size} bytes from page to page; the limit is {MOST_CARRIED}");
            return Err(Refusal::new(Code::ResourceExhausted, "carry", message));
        }
        self.carry = answer.carry;
        let mut weighed: BTreeMap<String, Weighed> = BTreeMap::new();
        for weight in answer.weights {
            let claim = weight.claim();
            let had = [Claim::Debt, Claim::Once].contains(&claim) && had(&weight);
            let of = weighed.entry(weight.contribution.clone()).or_default();
            let (stream, agent) = (weight.stream.clone(), weight.agent.clone());
            of.standings.push(Standing { stream, agent, claim: claim.into(), had });
            if !had {
                of.counts.push(weight);
            }
        }
        Ok(weighed)
    }
}

/// What a rule is refused with that weighs what it was not asked about.
pub fn not_asked(id: &str) -> Refusal {
    let shown: String = id.chars().take(80).collect();
    let message = format!("the rule weighs {shown:?}, about which it was not asked");
    Refusal::new(Code::FailedPrecondition, "rule", message)
}

/// True when a weight needs not count again after a distribution that paid these streams.
pub fn settled(standing: &Standing, paid: &BTreeSet<String>) -> bool {
    use crate::proto::Claim;
    match standing.claim() {
        _ if standing.had => true,
        Claim::Debt => true,
        Claim::Once => paid.contains(&standing.stream),
        Claim::None | Claim::Equity => false,
    }
}

/// Names with a `/` would be taken for others in keys, and what is too long cannot be kept.
pub fn fits(weights: &[Weight]) -> Result<(), Refusal> {
    for w in weights {
        let size = w.formula.len();
        if size > FORMULA_BYTES {
            let message = format!("the formula of {} has {size} bytes; the limit is {FORMULA_BYTES}", w.contribution);
            return Err(Refusal::new(Code::ResourceExhausted, "rule", message));
        }
        for (what, name) in [("stream", &w.stream), ("agent", &w.agent)] {
            crate::fields::word(what, name)
                .map_err(|r| Refusal { message: format!("the weight of {}: {}", w.contribution, r.message), ..r })?;
        }
    }
    Ok(())
}

/// Streams whose single shares a distribution settled.
pub fn paid(distribution: &stint_rule::proto::Distribution) -> BTreeSet<String> {
    let once = distribution.settled.iter().filter(|s| s.claim() == Claim::Once);
    once.map(|s| s.stream.clone()).collect()
}

/// What is owed by one sum.
pub struct Debt {
    pub stream: String,
    pub agent: String,
    pub sum: Ratio,
}

/// The debts in these sums.
pub fn debts(totals: &Totals) -> Vec<Debt> {
    let debts = totals.iter().filter(|(key, _)| key.claim == Claim::Debt);
    debts.map(|(key, sum)| Debt { stream: key.stream.clone(), agent: key.agent.clone(), sum: sum.clone() }).collect()
}

/// Where the chain of contributions begins.
pub fn first_root() -> [u8; 32] {
    sha256(b"stint.value.v1 contributions")
}

/// The chain with one more contribution.
pub fn next_root(root: &[u8], contribution: &Contribution) -> [u8; 32] {
    sha256(&[root, &contribution.encode_to_vec()].concat())
}

/// Over payouts in the order of agents: length of the name (u16, big endian), name, amount (i64, big endian).
pub fn shares_root<'a>(payouts: impl Iterator<Item = (&'a str, i64)>) -> [u8; 32] {
    let mut bytes = b"stint.value.v1 shares".to_vec();
    for (agent, amount) in payouts {
        bytes.extend_from_slice(&(agent.len() as u16).to_be_bytes());
        bytes.extend_from_slice(agent.as_bytes());
        bytes.extend_from_slice(&amount.to_be_bytes());
    }
    sha256(&bytes)
}
