//! The distributions of a commons: the rule run again over what each took, and its payouts and roots beside those of
//! the event that validators certified.

use super::standing::{Answer, PAGES, Standing};
use crate::cli::{
    Failure,
    suite::value::{
        Distributed, Distribution, GetDistributionRequest, GetDistributionResponse, ListDistributionsRequest,
        ListDistributionsResponse, RecomputeRequest, RecomputeResponse,
    },
};
use prost::Message;
use std::collections::BTreeMap;
use stint_proto::{hash_parts, v1::Receipt};

pub const SERVICE: &str = "stint.value.v1.Value";
const DISTRIBUTED: &str = "stint.value.v1.Distributed";

/// What receipts said of distributions of one commons, by their ids.
#[derive(Default)]
pub struct Announced(BTreeMap<String, Vec<(u64, Distributed)>>);

impl Announced {
    /// How many distributions were announced.
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// What was first said of one.
    #[cfg(test)]
    pub fn of(&self, id: &str) -> Option<&Distributed> {
        self.0.get(id)?.first().map(|(_, said)| said)
    }

    /// Takes note of what the calls of a block announced.
    pub fn hear(&mut self, commons: &str, receipts: &[Receipt]) {
        for (receipt, event) in receipts.iter().flat_map(|r| r.events.iter().map(move |e| (r, e))) {
            let meant = event.commons == commons && event.service == SERVICE && event.r#type == DISTRIBUTED;
            if let Some(said) = Some(event).filter(|_| meant).and_then(|e| Distributed::decode(&e.body[..]).ok()) {
                self.0.entry(said.id.clone()).or_default().push((receipt.height, said));
            }
        }
    }
}

/// What became of one distribution.
pub struct Audited {
    pub id: String,
    /// Contributions that the rule weighed again.
    pub contributions: u64,
    pub agents: u64,
    /// Sum of what they get, minor units.
    pub paid: i64,
    /// The first difference, in words.
    pub different: Option<String>,
}

/// Runs every distribution again, in their order; `progress` hears of each.
pub fn audit(
    at: &Standing,
    commons: &str,
    announced: Announced,
    progress: &mut dyn FnMut(u64),
) -> Result<Answer<Vec<Audited>>, Failure> {
    let Announced(mut announced) = announced;
    let mut audited = Vec::new();
    let mut request = ListDistributionsRequest { page_size: 100, page_token: String::new() };
    let mut newest = 0;
    loop {
        let page: ListDistributionsResponse = match at.ask(commons, &method("ListDistributions"), &request)? {
            Ok(page) => page,
            Err(why) => return Ok(Err(why)),
        };
        for kept in page.distributions {
            if kept.number <= newest {
                return Ok(Err(format!("ListDistributions names number {} behind number {newest}", kept.number)));
            }
            newest = kept.number;
            let said = announced.remove(&kept.id).unwrap_or_default();
            audited.push(again(at, commons, &kept, &said)?);
            progress(audited.len() as u64);
        }
        if page.next_page_token.is_empty() {
            break;
        }
        if page.next_page_token == request.page_token {
            return Ok(Err("ListDistributions has no last page".into()));
        }
        request.page_token = page.next_page_token;
    }
    for (id, said) in announced {
        let height = said.first().map_or(0, |(height, _)| *height);
        let different = Some(format!("block {height} announced it, and the contract does not list it"));
        audited.push(Audited { id, contributions: 0, agents: 0, paid: 0, different });
    }
    Ok(Ok(audited))
}

fn method(name: &str) -> String {
    format!("/{SERVICE}/{name}")
}

fn again(at: &Standing, commons: &str, kept: &Distribution, said: &[(u64, Distributed)]) -> Result<Audited, Failure> {
    let mut audited = Audited { id: kept.id.clone(), contributions: 0, agents: 0, paid: 0, different: None };
    match recompute(at, commons, &kept.id)? {
        Err(why) => audited.different = Some(why),
        Ok(again) => {
            audited.contributions = again.contributions;
            audited.different = of_rule(&again).or_else(|| of_event(kept, &again, said));
        }
    }
    match payouts(at, commons, &kept.id)? {
        Err(why) => audited.different = audited.different.or(Some(why)),
        Ok(paid) => {
            (audited.agents, audited.paid) = (paid.agents, paid.sum.try_into().unwrap_or(i64::MAX));
            audited.different = audited.different.or_else(|| of_payouts(kept, &paid));
        }
    }
    Ok(audited)
}

/// The rule over the same contributions, in as many parts as it takes.
fn recompute(at: &Standing, commons: &str, id: &str) -> Result<Answer<RecomputeResponse>, Failure> {
    let mut request = RecomputeRequest { distribution: id.into(), carry: Vec::new() };
    let mut weighed = 0;
    loop {
        let part: RecomputeResponse = match at.ask(commons, &method("Recompute"), &request)? {
            Ok(part) => part,
            Err(why) => return Ok(Err(why)),
        };
        if part.done {
            return Ok(Ok(part));
        }
        if part.contributions <= weighed {
            return Ok(Err(format!("Recompute does not go on behind {weighed} contributions")));
        }
        (weighed, request.carry) = (part.contributions, part.carry);
    }
}

/// What the agents get, all together.
#[derive(Clone, Debug, Default)]
struct Paid {
    agents: u64,
    sum: i128,
    /// SHA-256 over what the contract's README names.
    root: [u8; 32],
}

fn payouts(at: &Standing, commons: &str, id: &str) -> Result<Answer<Paid>, Failure> {
    let mut paid = Paid::default();
    let mut hashed = b"stint.value.v1 shares".to_vec();
    let mut request = GetDistributionRequest { distribution: id.into(), page_size: 1000, page_token: String::new() };
    for _ in 0..PAGES {
        let page: GetDistributionResponse = match at.ask(commons, &method("GetDistribution"), &request)? {
            Ok(page) => page,
            Err(why) => return Ok(Err(why)),
        };
        for payout in &page.payouts {
            paid.agents += 1;
            paid.sum += i128::from(payout.amount);
            hashed.extend_from_slice(&(payout.agent.len() as u16).to_be_bytes());
            hashed.extend_from_slice(payout.agent.as_bytes());
            hashed.extend_from_slice(&payout.amount.to_be_bytes());
        }
        if page.next_page_token.is_empty() {
            paid.root = hash_parts(&[&hashed]).0;
            return Ok(Ok(paid));
        }
        request.page_token = page.next_page_token;
    }
    Ok(Err("GetDistribution has no last page".into()))
}

/// What the rule says that was run again.
fn of_rule(again: &RecomputeResponse) -> Option<String> {
    let said =
        || if again.difference.is_empty() { "something else comes out".into() } else { again.difference.clone() };
    (!again.equal).then(said)
}

/// The certified event beside what is kept, and what came out.
fn of_event(kept: &Distribution, again: &RecomputeResponse, said: &[(u64, Distributed)]) -> Option<String> {
    let (height, event) = match said {
        [] => return Some("no receipt announces it".into()),
        [one] => one,
        [(first, _), (second, _), ..] => {
            return Some(format!("block {first} announced it, and block {second} once more"));
        }
    };
    let rule = kept.rule.clone().unwrap_or_default();
    let roots = [
        ("contributions_root", &event.contributions_root, &again.contributions_root),
        ("shares_root", &event.shares_root, &again.shares_root),
        ("rule_hash", &event.rule_hash, &rule.module),
        ("params_hash", &event.params_hash, &rule.params_hash),
    ];
    let differs = |what: &str, said: &dyn ToString, ours: &dyn ToString| {
        Some(format!(
            "its event in block {height} says {what} {}, and {} comes out",
            said.to_string(),
            ours.to_string()
        ))
    };
    if let Some((what, said, ours)) = roots.into_iter().find(|(_, said, ours)| said != ours) {
        return differs(what, &hex::encode(said), &hex::encode(ours));
    }
    let (said, ours) = (event.totals.unwrap_or_default(), kept.totals.unwrap_or_default());
    let amounts = [
        ("amount", said.amount, ours.amount),
        ("purchases", said.purchases, ours.purchases),
        ("shares", said.shares, ours.shares),
        ("fund", said.fund, ours.fund),
        ("undistributed", said.undistributed, ours.undistributed),
        ("agents", event.agents.into(), kept.agents.into()),
    ];
    amounts.into_iter().find(|(_, said, ours)| said != ours).and_then(|(what, said, ours)| differs(what, &said, &ours))
}

/// What the agents get beside the totals and the root, all of which are the event's by then.
fn of_payouts(kept: &Distribution, paid: &Paid) -> Option<String> {
    let totals = kept.totals.unwrap_or_default();
    let (given, net) =
        (i128::from(totals.shares) + i128::from(totals.fund), i128::from(totals.amount) - i128::from(totals.purchases));
    if paid.sum != given {
        return Some(format!("the agents get {}, and its totals say {given}", paid.sum));
    }
    if given + i128::from(totals.undistributed) != net {
        return Some(format!("shares, fund and what is undistributed are not the {net} that came in"));
    }
    let differs = || "what the agents get has another root than the one it announced".into();
    (paid.root[..] != kept.shares_root).then(differs)
}
