//! The contract on the SDK's host in memory.

use crate::{Contract, proto::*};
use proptest::prelude::*;
use std::collections::BTreeMap;
use stint_sdk::{
    Code, Refusal,
    testing::{Host, call, host},
};

/// A fresh ledger on 2026-11-22, called by a steward.
fn fresh() {
    host(|h| {
        *h = Host::default();
        h.context.commons = "forge".into();
        h.context.caller = "ana".into();
        h.context.time_ms = 1_795_341_600_000;
        h.roles = vec!["steward".into()];
    });
}

fn contribution(id: &str, author: &str, kind: &str, quantity: &str, date: &str) -> Contribution {
    Contribution {
        id: id.into(),
        author: author.into(),
        kind: kind.into(),
        quantity: quantity.into(),
        reference: String::new(),
        date: date.into(),
    }
}

fn record(c: Contribution) -> Result<bool, Refusal> {
    call(|| Contract::record(RecordRequest { contribution: Some(c) })).map(|r| r.known)
}

fn set_rule(from: &str, weights: &[(&str, &str)]) -> Result<u32, Refusal> {
    let weight = |(kind, weight): &(&str, &str)| KindWeight { kind: (*kind).into(), weight: (*weight).into() };
    let request =
        SetRuleRequest { from: from.into(), weights: weights.iter().map(weight).collect(), ..Default::default() };
    call(|| Contract::set_rule(request)).map(|r| r.version)
}

fn shares(from: &str, until: &str, amount: u64) -> GetSharesResponse {
    let period = Some(Period { from: from.into(), until: until.into() });
    Contract::get_shares(GetSharesRequest { period, amount, page_size: 1000, skip: 0 }).unwrap()
}

fn rule_of<T: std::fmt::Debug>(r: Result<T, Refusal>) -> (Code, String) {
    let refusal = r.unwrap_err();
    (refusal.code, refusal.rule)
}

#[test]
fn recording_again_changes_nothing_and_other_content_is_refused() {
    fresh();
    let c = contribution("c1", "ana@forge", "commit", "1", "2026-11-01");
    assert_eq!(record(c.clone()), Ok(false));
    let before = host(|h| h.clone());
    assert_eq!(record(c.clone()), Ok(true));
    assert_eq!(rule_of(record(Contribution { quantity: "2".into(), ..c.clone() })), (Code::AlreadyExists, "id".into()));
    assert_eq!(rule_of(record(Contribution { date: "2026-11-02".into(), ..c })), (Code::AlreadyExists, "id".into()));
    host(|h| {
        assert_eq!(h.state, before.state);
        assert_eq!(h.events.len(), 1);
        assert_eq!(h.events[0].0, "stint.contribute.v1.Recorded");
    });
}

#[test]
fn only_stewards_record_and_set_rules() {
    fresh();
    host(|h| h.roles = vec!["worker".into()]);
    let refused = (Code::PermissionDenied, "role".to_string());
    assert_eq!(rule_of(record(contribution("c1", "ana", "commit", "1", "2026-11-01"))), refused);
    assert_eq!(rule_of(set_rule("2026-01-01", &[])), refused);
    host(|h| assert!(h.state.is_empty() && h.events.is_empty()));
}

#[test]
fn malformed_contributions_are_refused_by_field() {
    fresh();
    let good = contribution("c1", "ana", "commit", "1", "2026-11-01");
    let refused = |change: &dyn Fn(&mut Contribution)| {
        let mut c = good.clone();
        change(&mut c);
        rule_of(record(c)).1
    };
    assert_eq!(refused(&|c| c.id = String::new()), "id");
    assert_eq!(refused(&|c| c.id = "a/b".into()), "id");
    assert_eq!(refused(&|c| c.id = "x".repeat(65)), "id");
    assert_eq!(refused(&|c| c.kind = "a b".into()), "kind");
    assert_eq!(refused(&|c| c.author = " ".into()), "author");
    assert_eq!(refused(&|c| c.author = "x".repeat(1001)), "author");
    assert_eq!(refused(&|c| c.reference = "x".repeat(1001)), "reference");
    for quantity in ["", "0", "1.0000001", "x", "-1", "1000000000000", "NaN"] {
        assert!(["quantity", "decimal"].contains(&refused(&|c| c.quantity = quantity.into()).as_str()), "{quantity}");
    }
    assert_eq!(refused(&|c| c.date = "22.11.2026".into()), "date");
    assert_eq!(refused(&|c| c.date = "2026-11-24".into()), "future");
    assert_eq!(rule_of(Contract::record(RecordRequest::default())).1, "contribution");
    assert_eq!(record(Contribution { date: "2026-11-23".into(), ..good }), Ok(false));
}

#[test]
fn weights_hold_from_their_date_on_and_never_before() {
    fresh();
    record(contribution("a", "ana", "care", "2", "2026-01-10")).unwrap();
    record(contribution("b", "bo", "design", "2", "2026-01-10")).unwrap();
    assert_eq!(set_rule("2026-01-01", &[("care", "1.5")]), Ok(1));
    let s = shares("", "", 350);
    let rows: Vec<_> = s.shares.iter().map(|s| (s.author.as_str(), s.points.as_str(), s.amount)).collect();
    assert_eq!(rows, [("ana", "3", 210), ("bo", "2", 140)]);
    // A second rule holds from today at the earliest.
    assert_eq!(rule_of(set_rule("2026-11-21", &[])), (Code::FailedPrecondition, "retroactive".into()));
    assert_eq!(set_rule("2026-11-22", &[("care", "3")]), Ok(2));
    assert_eq!(rule_of(set_rule("2026-11-22", &[])).1, "retroactive");
    assert_eq!(shares("", "", 350).shares, s.shares);
    record(contribution("c", "ana", "care", "1", "2026-11-22")).unwrap();
    assert_eq!(shares("2026-11-22", "", 0).points, "3");
    assert_eq!(Contract::list_rules(ListRulesRequest {}).unwrap().rules.len(), 2);
    assert_eq!(rule_of(set_rule("2027-01-01", &[("care", "1"), ("care", "2")])).1, "weights");
    assert_eq!(rule_of(set_rule("2027-01-01", &[("care", "-1")])).1, "weight");
}

#[test]
fn before_the_first_rule_every_kind_weighs_one() {
    fresh();
    record(contribution("a", "ana", "care", "2", "2026-01-10")).unwrap();
    set_rule("2026-02-01", &[("care", "9")]).unwrap();
    assert_eq!(shares("", "", 0).points, "2");
}

#[test]
fn a_share_explains_itself() {
    fresh();
    set_rule("2026-01-01", &[("work", "20"), ("care", "0.5")]).unwrap();
    for (id, author, kind, quantity) in
        [("1", "ana", "work", "120"), ("2", "bo", "work", "80"), ("3", "cy", "work", "40"), ("4", "cy", "care", "0.5")]
    {
        record(contribution(id, author, kind, quantity, "2026-03-01")).unwrap();
    }
    let ask = |author: &str| ExplainShareRequest { period: None, author: author.into(), amount: 269_960 };
    let cy = Contract::explain_share(ask("cy")).unwrap();
    assert_eq!((cy.points.as_str(), cy.total_points.as_str()), ("800.25", "4800.25"));
    let terms: Vec<_> = cy
        .terms
        .iter()
        .map(|t| (t.kind.as_str(), t.rule_version, t.weight.as_str(), t.quantity.as_str(), t.points.as_str()))
        .collect();
    assert_eq!(terms, [("care", 1, "0.5", "0.5", "0.25"), ("work", 1, "20", "40", "800")]);
    let s = shares("", "", 269_960);
    assert_eq!(s.shares[2].amount, cy.amount);
    assert_eq!(s.shares[2].basis_points, cy.basis_points);
    assert!(cy.formula.contains("40 work x 20") && cy.formula.contains("16.67 %"), "{}", cy.formula);
    assert_eq!(rule_of(Contract::explain_share(ask("dee"))).0, Code::NotFound);
}

#[test]
fn pages_follow_one_another_without_gap_or_repetition() {
    fresh();
    for i in 0..25 {
        let author = if i % 3 == 0 { "ana" } else { "bo" };
        record(contribution(&format!("c{i:02}"), author, "commit", "1", &format!("2026-01-{:02}", 1 + i / 10)))
            .unwrap();
    }
    let walk = |author: &str, from: &str, until: &str| {
        let mut ids = Vec::new();
        let mut page_token = String::new();
        loop {
            let period = Some(Period { from: from.into(), until: until.into() });
            let request = ListContributionsRequest { period, author: author.into(), page_size: 4, page_token };
            let page = Contract::list_contributions(request).unwrap();
            assert!(page.contributions.len() <= 4);
            ids.extend(page.contributions.into_iter().map(|c| c.id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return ids;
            }
        }
    };
    let all: Vec<String> = (0..25).map(|i| format!("c{i:02}")).collect();
    assert_eq!(walk("", "", ""), all);
    assert_eq!(walk("", "2026-01-02", "2026-01-03"), all[10..20]);
    assert_eq!(walk("ana", "", ""), all.iter().step_by(3).cloned().collect::<Vec<_>>());
    assert_eq!(walk("ana", "2026-01-02", ""), ["c12", "c15", "c18", "c21", "c24"]);
    assert!(walk("nobody", "", "").is_empty());
    let broken = ListContributionsRequest { page_token: "x".into(), ..Default::default() };
    assert_eq!(rule_of(Contract::list_contributions(broken)).1, "page-token");
}

#[test]
fn authors_with_long_and_foreign_names_stay_apart() {
    fresh();
    let long = "ш".repeat(300);
    let names =
        [format!("{long}a"), format!("{long}b"), "李 <li@x>".into(), "李 <li@y>".into(), "Ana".into(), "ana".into()];
    for (i, name) in names.iter().enumerate() {
        record(contribution(&format!("c{i}"), name, "commit", "1", "2026-01-01")).unwrap();
        record(contribution(&format!("d{i}"), name, "commit", "1", "2026-01-02")).unwrap();
    }
    let s = shares("", "", 0);
    assert_eq!(s.contributors, 6);
    assert!(s.shares.iter().all(|s| s.contributions == 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Shares against a plain model: points are sums of products, percents sum to 100 %.
    #[test]
    fn shares_follow_the_points(rows in prop::collection::vec((0usize..6, 0usize..3, 1u32..500, 1u32..28), 1..60),
                                weights in prop::array::uniform3(0u32..40), amount in 0u64..1_000_000) {
        fresh();
        let kinds = ["work", "care", "design"];
        let named: Vec<(String, String)> = kinds.iter().zip(weights).map(|(k, w)| (k.to_string(), format!("{}.{}", w / 10, w % 10))).collect();
        let named: Vec<(&str, &str)> = named.iter().map(|(k, w)| (k.as_str(), w.as_str())).collect();
        set_rule("2020-01-01", &named).unwrap();
        let mut model: BTreeMap<String, u64> = BTreeMap::new();
        for (i, (author, kind, quantity, day)) in rows.iter().enumerate() {
            let author = format!("a{author}");
            let c = contribution(&format!("c{i}"), &author, kinds[*kind], &format!("{}.{:02}", quantity / 100, quantity % 100), &format!("2026-02-{day:02}"));
            record(c).unwrap();
            *model.entry(author).or_default() += u64::from(*quantity) * u64::from(weights[*kind]);
        }
        let total: u64 = model.values().sum();
        let s = shares("", "", amount);
        let whole = if total == 0 { 0 } else { 10_000 };
        prop_assert_eq!(s.shares.iter().map(|s| u64::from(s.basis_points)).sum::<u64>(), whole);
        prop_assert_eq!(s.shares.iter().map(|s| s.amount).sum::<u64>(), if total == 0 { 0 } else { amount });
        prop_assert_eq!(s.contributions, rows.len() as u64);
        for share in &s.shares {
            let points = model[&share.author];
            prop_assert_eq!(stint_sdk::Decimal::parse(&share.points, 18).unwrap().at(3), Some(i128::from(points)));
            if let Some(floor) = (points * 10_000).checked_div(total) {
                prop_assert!(u64::from(share.basis_points) == floor || u64::from(share.basis_points) == floor + 1);
            }
        }
    }
}
