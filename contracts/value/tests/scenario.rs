//! The sample commons forge, steps 3 to 5 of the scenario: two incomes to the cent, why, and what care at half as
//! much again would have done.

mod common;

use common::{
    FORGE, Forge,
    mocks::{self, Charter},
    paid, params, rule, with,
};
use prost::Message;
use stint_sdk::sha256;
use value::proto::*;

/// Both incomes distributed.
fn forge() -> Forge {
    let mut forge = Forge::new(params(&FORGE));
    forge.until("2026-02-20");
    forge.did("e18", "ana", "work", "120 h", &[]);
    forge.did("e19", "bo", "work", "80 h", &[]);
    forge.did("e20", "cy", "care", "40 h", &[]);
    forge.did("p1", "ana", "purchase", "1", &[("value", "180.00")]);
    forge.did("p2", "cy", "purchase", "1", &[("value", "100.00")]);
    forge.did("d1", "bo", "cite", "70", &[]);
    forge.did("d2", "dee", "cite", "30", &[]);
    forge.until("2026-03-01");
    forge.income("i1", 360_000, 14_400);
    forge.until("2026-05-20");
    forge.did("w1", "bo", "work", "10 h", &[]);
    forge.did("w2", "cy", "care", "10 h", &[]);
    forge.income("i2", 50_000, 0);
    forge
}

#[test]
fn both_incomes_to_the_cent() {
    let mut forge = forge();
    let first = [("ana", 152_980), ("bo", 101_103), ("cy", 54_993), ("dee", 4_764), ("fund", 31_760)];
    assert_eq!(forge.payouts("i1"), paid(&first));
    let totals = Totals { amount: 360_000, purchases: 14_400, shares: 313_840, fund: 31_760, undistributed: 0 };
    assert_eq!(forge.totals("i1"), totals);
    let pools: Vec<(String, i64, i64)> =
        forge.distribution("i1").pools.into_iter().map(|p| (p.name, p.base, p.paid)).collect();
    let pool = |name: &str, base, paid| (name.to_string(), base, paid);
    assert_eq!(
        pools,
        [
            pool("reimbursement", 345_600, 28_000),
            pool("fund", 317_600, 31_760),
            pool("design", 317_600, 15_880),
            pool("work", 269_960, 269_960)
        ]
    );
    assert_eq!(forge.payouts("i2"), paid(&[("bo", 22_500), ("cy", 22_500), ("fund", 5_000)]));
    assert_eq!((forge.open("ana"), forge.open("cy")), (0, 0));
}

#[test]
fn every_number_says_where_it_comes_from() {
    let mut forge = forge();
    let cy = forge.explain("i1", "cy");
    assert_eq!((cy.amount, cy.rule_version), (54_993, 1));
    assert_eq!(cy.rule_hash, forge.rule);
    assert_eq!(cy.height, forge.distribution("i1").height);
    let tree: Vec<(&str, i64, &str, &str, &str)> = cy
        .pools
        .iter()
        .map(|branch| {
            let (pool, share, leaf) = (branch.pool.as_ref().unwrap(), &branch.shares[0], &branch.contributions[0]);
            (
                pool.name.as_str(),
                share.amount,
                share.formula.as_str(),
                leaf.contribution.as_str(),
                leaf.formula.as_str(),
            )
        })
        .collect();
    assert_eq!(
        tree,
        [
            ("reimbursement", 10_000, "10000 is open and paid in full", "p2", "100.00 = 100"),
            ("work", 44_993, "269960 × 80000 / 480000 → 44993", "e20", "40 h × 20.00 × 1.0 = 800")
        ]
    );
    assert_eq!(cy.pools[1].pool.as_ref().unwrap().weight, "480000");
    let fund = forge.explain("i1", "fund");
    assert_eq!((fund.amount, fund.pools.len(), fund.pools[0].contributions.len()), (31_760, 1, 0));
    // Of a debt that was paid before, nothing stands under the second income.
    assert_eq!(forge.explain("i2", "cy").pools.len(), 1);
}

#[test]
fn running_the_rule_again_gives_the_same() {
    let mut forge = forge();
    for id in ["i1", "i2"] {
        let (again, kept) = (forge.recompute(id), forge.distribution(id));
        assert!(again.equal, "{}", again.difference);
        assert_eq!(again.contributions, kept.contributions);
        assert_eq!((again.contributions_root, again.shares_root), (kept.contributions_root, kept.shares_root));
    }
}

#[test]
fn a_receipt_can_be_checked_by_hand() {
    let mut forge = forge();
    let receipt = forge.world.query("forge", &methods::RECEIPT, &ReceiptRequest { distribution: "i2".into() }).unwrap();
    assert_eq!(receipt.rule_hash, forge.rule);
    let given = FORGE.map(|(path, value)| (path, value));
    assert_eq!(receipt.params_hash, stint_sdk::Params::new(given).unwrap().hash());
    let mut shares = b"stint.value.v1 shares".to_vec();
    for (agent, amount) in forge.payouts("i2") {
        shares.extend_from_slice(&(agent.len() as u16).to_be_bytes());
        shares.extend_from_slice(agent.as_bytes());
        shares.extend_from_slice(&amount.to_be_bytes());
    }
    assert_eq!(receipt.shares_root, sha256(&shares));
    assert_eq!(receipt.totals.unwrap().fund, 5_000);
}

/// As README.md says that a report's hash begins.
#[derive(Clone, PartialEq, Message)]
struct Head {
    #[prost(string, tag = "1")]
    commons: String,
    #[prost(string, tag = "2")]
    slot: String,
    #[prost(bytes = "vec", tag = "3")]
    module: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    params_hash: Vec<u8>,
    #[prost(string, tag = "5")]
    from: String,
}

/// And goes on.
#[derive(Clone, PartialEq, Message)]
struct Line {
    #[prost(bytes = "vec", tag = "1")]
    shares_root: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    rows: Vec<Difference>,
}

#[test]
fn a_report_can_be_checked_by_hand() {
    let mut forge = forge();
    let report = forge.what_if(with(&[("care_weight", "1.5")]), "2026-01-01", "");
    let next = |chain: &[u8], message: Vec<u8>| sha256(&[chain, &message].concat());
    let params = with(&[("care_weight", "1.5")]);
    let head = Head {
        commons: "forge".into(),
        slot: "valuation".into(),
        module: forge.rule.into(),
        params_hash: stint_sdk::Params::new(params.iter().map(|p| (p.path.as_str(), p.value.as_str())))
            .unwrap()
            .hash()
            .into(),
        from: "2026-01-01".into(),
    };
    let mut chain = next(b"stint.value.v1 what-if", head.encode_to_vec());
    for id in ["i1", "i2"] {
        let rows = report.distributions.iter().filter(|d| d.id == id).cloned().collect();
        let line = Line { shares_root: forge.distribution(id).shares_root, rows };
        chain = next(&chain, line.encode_to_vec());
    }
    // No sum of differences, and nine contributions read.
    assert_eq!(report.report_hash, next(&chain, vec![0x10, 9]));
}

#[test]
fn care_at_half_as_much_again_moves_money_to_cy() {
    let mut forge = forge();
    let height = forge.world.height();
    let report = forge.what_if(with(&[("care_weight", "1.5")]), "2026-01-01", "2027-01-01");
    let diff = |agent: &str| report.distributions.iter().filter(|d| d.agent == agent).map(|d| d.diff).sum::<i64>();
    assert_eq!((diff("ana"), diff("bo"), diff("cy"), diff("dee"), diff("fund")), (-10_383, -11_422, 21_805, 0, 0));
    assert_eq!((report.sum_diff, report.rows_read, report.distributions.len()), (0, 9, 8));
    let second: Vec<(&str, i64, i64)> =
        report.distributions.iter().filter(|d| d.id == "i2").map(|d| (d.agent.as_str(), d.old, d.new)).collect();
    assert_eq!(second, [("bo", 22_500, 18_000), ("cy", 22_500, 27_000), ("fund", 5_000, 5_000)]);
    // The same on every node and at every time, whichever way a moment is written.
    let again = forge.what_if(with(&[("care_weight", "1.5")]), "2026-01-01T00:00:00Z", "2027-01-01");
    assert_eq!(again.report_hash, report.report_hash);
    assert_eq!(forge.world.height(), height);
    let other = forge.what_if(with(&[("care_weight", "1.6")]), "2026-01-01", "2027-01-01");
    assert_ne!(other.report_hash, report.report_hash);
}

#[test]
fn a_what_if_takes_the_incomes_of_its_time_and_no_others() {
    let mut forge = forge();
    let changed = || with(&[("care_weight", "1.5")]);
    let ids = |report: WhatIfResponse| report.distributions.into_iter().map(|d| d.id).collect::<Vec<_>>();
    assert_eq!(ids(forge.what_if(changed(), "", "2026-03-01")), [""; 0]);
    assert_eq!(ids(forge.what_if(changed(), "2026-03-01", "2026-05-20")), ["i1"; 5]);
    assert_eq!(ids(forge.what_if(changed(), "2026-03-02", "")), ["i2"; 3]);
    // The second one alone begins with what the first one really paid.
    let report = forge.what_if(changed(), "2026-03-02", "");
    assert_eq!(report.distributions.iter().map(|d| d.new).collect::<Vec<_>>(), [18_000, 27_000, 5_000]);
    // No distribution depends on how logs are validated.
    let request = WhatIfRequest { slot: "contribution".into(), ..Default::default() };
    let report = forge.world.query("forge", &methods::WHAT_IF, &request).unwrap();
    assert!(report.distributions.is_empty() && report.report_hash.len() == 32);
}

#[test]
fn a_what_if_takes_the_distributions_of_its_heights_and_their_report_stays() {
    let mut forge = forge();
    let height = |forge: &mut Forge, id: &str| forge.distribution(id).height;
    let (first, second) = (height(&mut forge, "i1"), height(&mut forge, "i2"));
    let mut ask = |from_height, to_height| {
        let (module, params) = (forge.rule.into(), with(&[("care_weight", "1.5")]));
        let slot = "valuation".into();
        let request = WhatIfRequest { slot, module, params, from_height, to_height, ..Default::default() };
        let report = forge.world.query("forge", &methods::WHAT_IF, &request).unwrap();
        let ids: Vec<String> = report.distributions.iter().map(|d| d.id.clone()).collect();
        assert_eq!(report.progress.unwrap().distributions, report.progress.unwrap().done);
        (ids, report.report_hash)
    };
    assert_eq!(ask(0, first - 1).0, [""; 0]);
    assert_eq!(ask(first, first).0, ["i1"; 5]);
    assert_eq!(ask(first + 1, second).0, ["i2"; 3]);
    assert_eq!(ask(0, second).0.len(), 8);
    let (_, hash) = ask(first, first);
    // Incomes of those days that are distributed later make no difference.
    forge.until("2026-06-01");
    forge.register("i3", 1_000, 0);
    forge.distribute("i3").unwrap();
    let (module, params) = (forge.rule.into(), with(&[("care_weight", "1.5")]));
    let (from_height, to_height) = (first, first);
    let request =
        WhatIfRequest { slot: "valuation".into(), module, params, from_height, to_height, ..Default::default() };
    assert_eq!(forge.world.query("forge", &methods::WHAT_IF, &request).unwrap().report_hash, hash);
}

#[test]
fn a_patch_of_the_newest_version_is_the_rule_that_it_comes_to() {
    let mut forge = forge();
    let patch = |set: &[(&str, &str)], unset: &[&str]| WhatIfRequest {
        slot: "valuation".into(),
        patch: true,
        params: params(set),
        unset: unset.iter().map(|path| path.to_string()).collect(),
        ..Default::default()
    };
    let mut ask = |request: WhatIfRequest| forge.world.query("forge", &methods::WHAT_IF, &request);
    let patched = ask(patch(&[("care_weight", "1.5")], &[])).unwrap();
    let other = ask(patch(&[("rate", "20")], &["rate"])).unwrap();
    assert!(other.distributions.iter().all(|d| d.diff == 0));
    assert_eq!(rule(ask(patch(&[], &["rates"]))).1, "unset");
    assert_eq!(rule(ask(WhatIfRequest { patch: false, ..patch(&[], &["rate"]) })).1, "unset");
    assert_eq!(rule(ask(WhatIfRequest { slot: "contribution".into(), ..patch(&[], &[]) })).1, "V1");
    let whole = forge.what_if(with(&[("care_weight", "1.5")]), "", "");
    assert_eq!((patched.version, whole.version), (1, 0));
    assert_eq!((&patched.module, &patched.params_hash), (&whole.module, &whole.params_hash));
    assert_eq!((patched.report_hash, patched.distributions), (whole.report_hash, whole.distributions));
    // With a charter its newest version counts, whether it holds already or not.
    forge.world.deploy::<Charter>("forge");
    let param = |(path, value): &(&str, &str)| mocks::Param { path: (*path).into(), value: (*value).into() };
    let params: Vec<_> = FORGE.iter().map(param).collect();
    let version = mocks::Rule { module: forge.rule.into(), params, version: 7, ..Default::default() };
    let tell = mocks::Tell { what: "GetRule/valuation/2030-01-01".into(), answer: version.encode_to_vec() };
    forge.world.call("forge", "test", &mocks::TELL_CHARTER, &tell).unwrap();
    let request = patch(&[("care_weight", "1.5")], &[]);
    let chartered = forge.world.query("forge", &methods::WHAT_IF, &request).unwrap();
    assert_eq!((chartered.version, chartered.params_hash), (7, whole.params_hash));
}

#[test]
fn a_rule_holds_from_its_date_and_what_had_its_share_is_not_weighed_anew() {
    let mut forge = forge();
    forge.set_rule(with(&[("care_weight", "1.5")]), "2026-05-21").unwrap();
    // An income of before keeps version 1, whenever it is distributed.
    forge.until("2026-06-01");
    forge.did("w3", "bo", "work", "10 h", &[]);
    forge.did("w4", "cy", "care", "10 h", &[]);
    assert_eq!(forge.income("i3", 50_000, 0), paid(&[("bo", 18_000), ("cy", 27_000), ("fund", 5_000)]));
    let version = |forge: &mut Forge, id: &str| forge.distribution(id).rule.unwrap().version;
    assert_eq!((version(&mut forge, "i2"), version(&mut forge, "i3")), (1, 2));
    for id in ["i1", "i2", "i3"] {
        assert!(forge.recompute(id).equal);
    }
}

#[test]
fn what_would_be_shared_now() {
    let mut forge = forge();
    let ask = |forge: &mut Forge, bucket: &str| {
        let request = SharesNowRequest { bucket: bucket.into() };
        let now = forge.world.query("forge", &methods::SHARES_NOW, &request).unwrap();
        now.shares.into_iter().map(|s| (s.agent, s.weight, s.basis_points)).collect::<Vec<_>>()
    };
    assert!(ask(&mut forge, "work").is_empty());
    forge.did("w3", "bo", "work", "20 h", &[]);
    forge.did("w4", "cy", "care", "10 h", &[]);
    let row = |agent: &str, weight: &str, part| (agent.to_string(), weight.to_string(), part);
    assert_eq!(ask(&mut forge, "work"), [row("bo", "40000", 6_667), row("cy", "20000", 3_333)]);
    assert!(ask(&mut forge, "design").is_empty());
}
