//! An income shared for many works, beside shares that are computed here, in whole numbers.

use crate::forge::Forge;
use std::collections::BTreeMap;
use value::proto::{GetDistributionRequest, RecomputeRequest, methods::*};

/// Every agent has its share to the cent, all of them together the income, and the rule run again says the same.
pub fn to_the_cent(forge: &mut Forge, id: &str, works: &[(String, String, u64)]) {
    let request = GetDistributionRequest { distribution: id.into(), page_size: 1000, page_token: String::new() };
    let (answer, _) = forge.asks(&GET_DISTRIBUTION, &request);
    assert_eq!(answer.next_page_token, "");
    let distribution = answer.distribution.expect("a distribution");
    let totals = distribution.totals.expect("totals");
    let net = totals.amount - totals.purchases;
    assert_eq!((distribution.contributions, totals.undistributed), (works.len() as u64, 0));
    let paid: BTreeMap<String, i64> = answer.payouts.into_iter().map(|p| (p.agent, p.amount)).collect();
    assert_eq!(paid.values().sum::<i64>(), net);
    let mut expected = shares(net - net / 10, works);
    expected.insert("fund".into(), net / 10);
    assert_eq!(paid, expected);

    let mut request = RecomputeRequest { distribution: id.into(), carry: Vec::new() };
    let (mut parts, mut dearest) = (0, 0);
    loop {
        let (answer, fuel) = forge.asks(&RECOMPUTE, &request);
        (parts, dearest) = (parts + 1, fuel.max(dearest));
        if answer.done {
            assert!(answer.equal && answer.contributions == works.len() as u64, "{}", answer.difference);
            break;
        }
        request.carry = answer.carry;
    }
    println!("recomputed in {parts} parts of at most {dearest} fuel");
}

/// By hours; what is left over goes to the largest fraction, then to who worked more, then by name.
fn shares(amount: i64, works: &[(String, String, u64)]) -> BTreeMap<String, i64> {
    let mut hours: BTreeMap<&str, i64> = BTreeMap::new();
    works.iter().for_each(|(_, agent, h)| *hours.entry(agent).or_default() += *h as i64);
    let all: i64 = hours.values().sum();
    let mut rows: Vec<(&str, i64, i64)> = hours.into_iter().map(|(agent, h)| (agent, h, amount * h)).collect();
    let left = amount - rows.iter().map(|(_, _, exact)| exact / all).sum::<i64>();
    rows.sort_by_key(|(agent, h, exact)| (-(exact % all), -h, *agent));
    let cent = |n: usize| i64::from((n as i64) < left);
    rows.iter().enumerate().map(|(n, (agent, _, exact))| (agent.to_string(), exact / all + cent(n))).collect()
}
