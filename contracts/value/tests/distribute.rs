//! How an income is distributed: once, by the rule of its date, in as many calls as it takes.

mod common;

use common::mocks::{Book, Charter, Rule, Seat, Standing, TELL_BOOK, TELL_CHARTER, Tell};
use common::{FORGE, Forge, paid, params, refused, rule, with};
use prost::Message;
use stint_sdk::{Code, Refusal};
use value::proto::*;

fn step(forge: &mut Forge, agent: &str, id: &str, at_most: u32) -> Result<DistributeResponse, Refusal> {
    let request = DistributeRequest { income: id.into(), at_most, ..Default::default() };
    forge.world.call("forge", agent, &methods::DISTRIBUTE, &request)
}

fn leave_out(forge: &mut Forge, agent: &str, id: &str, contribution: &str) -> Result<DistributeResponse, Refusal> {
    let request = DistributeRequest { income: id.into(), leave_out: vec![contribution.into()], ..Default::default() };
    forge.world.call("forge", agent, &methods::DISTRIBUTE, &request)
}

fn register(forge: &mut Forge, income: Income) -> Result<bool, Refusal> {
    let request = RegisterIncomeRequest { income: Some(income) };
    forge.world.call("forge", "steward", &methods::REGISTER_INCOME, &request).map(|r| r.known)
}

fn income(id: &str) -> Income {
    Income { id: id.into(), amount: 1000, date: "2026-02-01".into(), unit: "EUR".into(), ..Income::default() }
}

/// On 2026-02-01, with some work done by two.
fn working(contributions: usize) -> Forge {
    let mut forge = Forge::new(params(&FORGE));
    forge.until("2026-02-01");
    for n in 0..contributions {
        forge.did(&format!("w{n:02}"), if n % 3 == 0 { "ana" } else { "bo" }, "work", "2 h", &[]);
    }
    forge
}

#[test]
fn v3_an_income_is_distributed_once() {
    let mut forge = working(2);
    assert_eq!(forge.income("i1", 1000, 0), paid(&[("ana", 450), ("bo", 450), ("fund", 100)]));
    let again = forge.distribute("i1").unwrap();
    assert!(again.known && again.done && forge.world.events().is_empty());
    assert_eq!(rule(forge.distribute("i2")), refused(Code::NotFound, "income"));
}

#[test]
fn several_calls_give_the_same_as_one_and_nothing_is_seen_before_the_last() {
    let mut whole = working(20);
    let expected = (whole.income("i1", 100_000, 0), whole.distribution("i1"));
    // One ledger at a time.
    let mut forge = working(20);
    forge.register("i1", 100_000, 0);
    let mut left = Vec::new();
    loop {
        let answer = step(&mut forge, "steward", "i1", 3).unwrap();
        if answer.done {
            break;
        }
        left.push(answer.left);
        let shown = GetDistributionRequest { distribution: "i1".into(), ..Default::default() };
        assert_eq!(
            rule(forge.world.query("forge", &methods::GET_DISTRIBUTION, &shown)),
            refused(Code::NotFound, "distribution")
        );
        assert!(forge.world.events().is_empty());
        let incomes =
            forge.world.query("forge", &methods::LIST_INCOMES, &ListIncomesRequest::default()).unwrap().incomes;
        assert_eq!(incomes[0].status(), IncomeStatus::Distributing);
    }
    assert!(left.len() > 20 && left.is_sorted_by(|a, b| a > b), "{left:?}");
    assert_eq!(forge.payouts("i1"), expected.0);
    let distribution = forge.distribution("i1");
    assert_eq!(Distribution { height: expected.1.height, ..distribution }, expected.1);
    assert!(forge.recompute("i1").equal);
}

#[test]
fn a_steward_begins_and_anybody_goes_on() {
    let mut forge = working(5);
    forge.register("i1", 1000, 0);
    assert_eq!(rule(step(&mut forge, "bo", "i1", 2)), refused(Code::PermissionDenied, "role"));
    step(&mut forge, "steward", "i1", 2).unwrap();
    while !step(&mut forge, "bo", "i1", 2).unwrap().done {}
}

#[test]
fn v3_one_income_after_the_other() {
    let mut forge = working(5);
    forge.register("i1", 1000, 0);
    forge.register("i2", 1000, 0);
    step(&mut forge, "steward", "i1", 2).unwrap();
    assert_eq!(rule(forge.distribute("i2")), refused(Code::FailedPrecondition, "V3"));
    while !step(&mut forge, "steward", "i1", 2).unwrap().done {}
    assert!(forge.distribute("i2").unwrap().done);
}

#[test]
fn what_is_validated_while_a_distribution_goes_on_is_for_the_next() {
    let mut forge = working(4);
    forge.register("i1", 1000, 0);
    step(&mut forge, "steward", "i1", 2).unwrap();
    forge.did("late", "cy", "work", "2 h", &[]);
    while !step(&mut forge, "steward", "i1", 2).unwrap().done {}
    assert_eq!(forge.payouts("i1"), paid(&[("ana", 450), ("bo", 450), ("fund", 100)]));
    assert_eq!(forge.income("i2", 1000, 0), paid(&[("cy", 900), ("fund", 100)]));
}

#[test]
fn contributions_of_after_the_income_or_before_its_time_do_not_count() {
    let mut forge = working(3);
    forge.until("2026-02-10");
    forge.did("later", "cy", "work", "2 h", &[]);
    assert_eq!(register(&mut forge, income("i1")), Ok(false));
    forge.distribute("i1").unwrap();
    assert_eq!(forge.payouts("i1"), paid(&[("ana", 300), ("bo", 600), ("fund", 100)]));
    forge.did("old", "dee", "work", "2 h", &[]);
    forge.until("2026-02-20");
    let period = Income { date: "2026-02-20".into(), since: "2026-02-20".into(), ..income("i2") };
    register(&mut forge, period).unwrap();
    forge.did("new", "ana", "work", "2 h", &[]);
    forge.distribute("i2").unwrap();
    assert_eq!(forge.payouts("i2"), paid(&[("ana", 900), ("fund", 100)]));
    // What did not count stays open.
    assert_eq!(forge.income("i3", 1000, 0), paid(&[("cy", 450), ("dee", 450), ("fund", 100)]));
    for id in ["i1", "i2", "i3"] {
        assert!(forge.recompute(id).equal);
    }
}

#[test]
fn what_nobody_has_a_weight_for_is_undistributed() {
    let mut forge = working(0);
    assert_eq!(forge.income("i1", 1000, 100), paid(&[("fund", 90)]));
    let totals = Totals { amount: 1000, purchases: 100, shares: 0, fund: 90, undistributed: 810 };
    assert_eq!(forge.totals("i1"), totals);
    assert_eq!(
        rule(forge.world.query(
            "forge",
            &methods::EXPLAIN,
            &ExplainRequest { distribution: "i1".into(), agent: "ana".into(), ..Default::default() }
        )),
        refused(Code::NotFound, "agent")
    );
}

#[test]
fn what_no_pool_paid_for_keeps_its_share_for_later() {
    // Without a bucket for design, citations weigh in vain until there is one.
    let mut forge = working(0);
    let silent: Vec<(&str, &str)> = FORGE
        .into_iter()
        .filter(|(path, _)| !path.starts_with("buckets.3"))
        .map(|(path, value)| match path {
            "buckets.4.name" => ("buckets.3.name", value),
            _ => (path, value),
        })
        .collect();
    forge.set_rule(params(&silent), "2026-02-02").unwrap();
    forge.until("2026-02-02");
    forge.did("d1", "dee", "cite", "30", &[]);
    forge.did("w1", "ana", "work", "1 h", &[]);
    assert_eq!(forge.income("i1", 1000, 0), paid(&[("ana", 900), ("fund", 100)]));
    let dee = forge.explain("i1", "dee");
    assert_eq!((dee.amount, dee.pools[0].pool.is_none()), (0, true));
    assert_eq!(dee.pools[0].contributions[0].contribution, "d1");
    forge.set_rule(with(&[]), "2026-02-03").unwrap();
    forge.until("2026-02-03");
    forge.did("w2", "ana", "work", "1 h", &[]);
    assert_eq!(forge.income("i2", 1000, 0), paid(&[("ana", 850), ("dee", 50), ("fund", 100)]));
    assert_eq!(forge.income("i3", 1000, 0), paid(&[("fund", 100)]));
}

#[test]
fn a_contribution_that_the_rule_refuses_is_left_out_by_name() {
    let mut forge = working(2);
    forge.did("odd", "cy", "work", "90 min", &[]);
    forge.register("i1", 1000, 0);
    assert_eq!(rule(forge.distribute("i1")), refused(Code::InvalidArgument, "R6"));
    step(&mut forge, "steward", "i1", 1).unwrap();
    assert_eq!(rule(leave_out(&mut forge, "bo", "i1", "odd")), refused(Code::PermissionDenied, "role"));
    assert_eq!(rule(leave_out(&mut forge, "steward", "i1", "a b")), refused(Code::InvalidArgument, "leave-out"));
    let many = (0..101).map(|n| n.to_string()).collect();
    let request = DistributeRequest { income: "i1".into(), leave_out: many, ..Default::default() };
    assert_eq!(
        rule(forge.world.call("forge", "steward", &methods::DISTRIBUTE, &request)),
        refused(Code::ResourceExhausted, "leave-out")
    );
    assert!(leave_out(&mut forge, "steward", "i1", "odd").unwrap().done);
    let kept = forge.distribution("i1");
    assert_eq!((kept.left_out, kept.contributions), (vec!["odd".to_string()], 2));
    assert!(forge.recompute("i1").equal);
}

#[test]
fn what_is_no_carry_is_refused() {
    let mut forge = working(2);
    forge.income("i1", 1000, 0);
    let request = RecomputeRequest { distribution: "i1".into(), carry: vec![1] };
    let answer = forge.world.query("forge", &methods::RECOMPUTE, &request);
    assert_eq!(rule(answer), refused(Code::InvalidArgument, "carry"));
    let missing = RecomputeRequest { distribution: "i2".into(), carry: Vec::new() };
    assert_eq!(
        rule(forge.world.query("forge", &methods::RECOMPUTE, &missing)),
        refused(Code::NotFound, "distribution")
    );
}

#[test]
fn nothing_is_left_out_of_what_is_weighed() {
    let mut forge = working(4);
    forge.register("i1", 1000, 0);
    while step(&mut forge, "steward", "i1", 1).unwrap().phase() != Phase::Closing {}
    assert_eq!(rule(leave_out(&mut forge, "steward", "i1", "w00")), refused(Code::FailedPrecondition, "V3"));
    let request = WithdrawRequest { income: "i1".into() };
    assert_eq!(
        rule(forge.world.call("forge", "steward", &methods::WITHDRAW, &request)),
        refused(Code::FailedPrecondition, "V3")
    );
}

#[test]
fn what_is_weighed_in_an_unfinished_distribution_cannot_be_left_out() {
    let mut forge = working(4);
    forge.register("i1", 1000, 0);
    while step(&mut forge, "steward", "i1", 1).unwrap().phase() != Phase::Weighing {}
    step(&mut forge, "steward", "i1", 1).unwrap();
    assert_eq!(rule(leave_out(&mut forge, "steward", "i1", "w00")), refused(Code::FailedPrecondition, "V3"));
    assert!(leave_out(&mut forge, "steward", "i1", "w03").unwrap().done);
    assert_eq!(forge.payouts("i1"), paid(&[("ana", 300), ("bo", 600), ("fund", 100)]));
    assert!(forge.recompute("i1").equal);
}

#[test]
fn the_holder_of_a_seat_begins_a_distribution() {
    let mut forge = working(2);
    forge.register("i1", 1000, 0);
    forge.world.deploy::<Charter>("forge");
    let given = with(&[]).into_iter().map(|p| common::mocks::Param { path: p.path, value: p.value }).collect();
    let rule_of = Rule { module: forge.rule.into(), params: given, from: "2026-01-01".into(), ..Rule::default() };
    let seat = Standing { seats: vec![Seat { id: "w1".into(), class: 1 }], ..Standing::default() };
    for (what, answer) in
        [("GetRule/valuation/2026-01-01", rule_of.encode_to_vec()), ("GetStanding/bo", seat.encode_to_vec())]
    {
        forge.world.call("forge", "test", &TELL_CHARTER, &Tell { what: what.into(), answer }).unwrap();
    }
    assert_eq!(rule(step(&mut forge, "eve", "i1", 0)), refused(Code::PermissionDenied, "role"));
    assert!(step(&mut forge, "bo", "i1", 0).unwrap().done);
}

#[test]
fn an_income_is_withdrawn_until_it_is_shared() {
    let mut forge = working(4);
    forge.register("i1", 1000, 0);
    step(&mut forge, "steward", "i1", 2).unwrap();
    step(&mut forge, "steward", "i1", 3).unwrap();
    let withdraw = |forge: &mut Forge, agent: &str| {
        forge.world.call("forge", agent, &methods::WITHDRAW, &WithdrawRequest { income: "i1".into() })
    };
    assert_eq!(rule(withdraw(&mut forge, "bo")), refused(Code::PermissionDenied, "role"));
    withdraw(&mut forge, "steward").unwrap();
    withdraw(&mut forge, "steward").unwrap();
    assert_eq!(rule(forge.distribute("i1")), refused(Code::FailedPrecondition, "V3"));
    assert_eq!(forge.income("i2", 1000, 0), paid(&[("ana", 450), ("bo", 450), ("fund", 100)]));
    assert!(forge.recompute("i2").equal);
    let request = WithdrawRequest { income: "i2".into() };
    assert_eq!(
        rule(forge.world.call("forge", "steward", &methods::WITHDRAW, &request)),
        refused(Code::FailedPrecondition, "V3")
    );
}

#[test]
fn v7_without_contributions_that_peers_validate_nothing_is_distributed() {
    let mut world = stint_sdk::testing::World::new();
    world.deploy::<value::Contract>("alone");
    world.member("alone", "steward", &["steward"]);
    let module = world.publish_rule::<hours::Hours>();
    let set = SetRuleRequest { module: module.into(), params: params(&FORGE), from: "2026-01-01".into() };
    world.call("alone", "steward", &methods::SET_RULE, &set).unwrap();
    let income = Income { date: "2026-01-01".into(), ..income("i1") };
    world.call("alone", "steward", &methods::REGISTER_INCOME, &RegisterIncomeRequest { income: Some(income) }).unwrap();
    let request = DistributeRequest { income: "i1".into(), ..Default::default() };
    assert_eq!(
        rule(world.call("alone", "steward", &methods::DISTRIBUTE, &request)),
        refused(Code::FailedPrecondition, "V7")
    );
}

#[test]
fn v1_rules_are_never_retroactive() {
    let mut forge = working(0);
    assert_eq!(rule(forge.set_rule(params(&FORGE), "2026-01-31")), refused(Code::FailedPrecondition, "V1"));
    assert_eq!(forge.set_rule(params(&FORGE), "2026-02-01T12:00:00Z"), Ok(2));
    assert_eq!(rule(forge.set_rule(params(&FORGE), "2026-02-01T12:00:00Z")), refused(Code::FailedPrecondition, "V1"));
    // An income of before the first rule has none.
    register(&mut forge, Income { date: "2025-12-31".into(), ..income("i0") }).unwrap();
    assert_eq!(rule(forge.distribute("i0")), refused(Code::FailedPrecondition, "V1"));
    let set = |forge: &mut Forge, agent: &str, module: Vec<u8>, pairs: &[(&str, &str)], from: &str| {
        let request = SetRuleRequest { module, params: params(pairs), from: from.into() };
        rule(forge.world.call("forge", agent, &methods::SET_RULE, &request)).1
    };
    let module = forge.rule.to_vec();
    assert_eq!(set(&mut forge, "bo", module.clone(), &[], "2027-01-01"), "role");
    assert_eq!(set(&mut forge, "steward", vec![1], &[], "2027-01-01"), "module");
    assert_eq!(set(&mut forge, "steward", module.clone(), &[("a", "1"), ("a", "1")], "2027-01-01"), "params");
    assert_eq!(set(&mut forge, "steward", module.clone(), &[], "soon"), "time");
    let long: Vec<(String, String)> = (0..40).map(|n| (format!("p{n}"), "x".repeat(1000))).collect();
    let long: Vec<(&str, &str)> = long.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
    assert_eq!(set(&mut forge, "steward", module, &long, "2027-01-01"), "params");
}

#[test]
fn v1_the_charters_rule_of_the_incomes_date_counts() {
    let mut forge = working(3);
    forge.world.deploy::<Charter>("forge");
    let tell = |forge: &mut Forge, what: &str, answer: Vec<u8>| {
        forge.world.call("forge", "test", &TELL_CHARTER, &Tell { what: what.into(), answer }).unwrap();
    };
    register(&mut forge, income("i1")).unwrap();
    assert_eq!(rule(forge.distribute("i1")), refused(Code::FailedPrecondition, "V1"));
    for (version, from, fund) in [(1, "2026-01-01", "1000"), (2, "2026-02-02", "2000")] {
        let given = with(&[("buckets.2.pct", fund)]);
        let params = given.into_iter().map(|p| common::mocks::Param { path: p.path, value: p.value }).collect();
        let rule = Rule { module: forge.rule.into(), params, from: from.into(), version, ..Rule::default() };
        tell(&mut forge, &format!("GetRule/valuation/{from}"), rule.encode_to_vec());
    }
    forge.until("2026-02-05");
    forge.distribute("i1").unwrap();
    assert_eq!(forge.payouts("i1")[2], ("fund".to_string(), 100));
    assert_eq!(forge.income("i2", 1000, 0), paid(&[("fund", 200)]));
    assert_eq!(forge.distribution("i2").rule.unwrap().version, 2);
    // With a charter a steward's word is none.
    assert_eq!(rule(forge.set_rule(params(&FORGE), "2027-01-01")), refused(Code::FailedPrecondition, "charter"));
}

#[test]
fn malformed_incomes_are_refused_by_field() {
    let mut forge = working(0);
    let mut refused_by = |change: &dyn Fn(&mut Income)| {
        let mut income = income("i1");
        change(&mut income);
        rule(register(&mut forge, income)).1
    };
    assert_eq!(refused_by(&|i| i.id = "a/b".into()), "id");
    assert_eq!(refused_by(&|i| i.amount = 0), "amount");
    assert_eq!(refused_by(&|i| i.amount = -5), "amount");
    assert_eq!(refused_by(&|i| i.purchases = -1), "purchases");
    assert_eq!(refused_by(&|i| i.purchases = 1001), "purchases");
    assert_eq!(refused_by(&|i| i.date = "2026-02-02".into()), "date");
    assert_eq!(refused_by(&|i| i.date = "today".into()), "time");
    assert_eq!(refused_by(&|i| i.since = "2026-02-02".into()), "since");
    assert_eq!(refused_by(&|i| i.since = "x".into()), "date");
    assert_eq!(refused_by(&|i| i.unit = "E U R".into()), "unit");
    assert_eq!(refused_by(&|i| i.sources = vec!["e".into(); 17]), "sources");
    assert_eq!(refused_by(&|i| i.sources = vec!["a b".into()]), "sources");
    assert_eq!(
        rule(forge.world.call("forge", "steward", &methods::REGISTER_INCOME, &RegisterIncomeRequest::default())).1,
        "income"
    );
    assert_eq!(register(&mut forge, income("i1")), Ok(false));
    assert_eq!(register(&mut forge, income("i1")), Ok(true));
    assert_eq!(rule(register(&mut forge, Income { amount: 7, ..income("i1") })), refused(Code::AlreadyExists, "id"));
    assert_eq!(
        rule(register(&mut forge, Income { unit: "USD".into(), ..income("i2") })),
        refused(Code::FailedPrecondition, "R6")
    );
    let request = RegisterIncomeRequest { income: Some(income("i2")) };
    assert_eq!(
        rule(forge.world.call("forge", "bo", &methods::REGISTER_INCOME, &request)),
        refused(Code::PermissionDenied, "role")
    );
}

#[test]
fn an_incomes_sources_stand_in_the_book_where_there_is_one() {
    let mut forge = working(0);
    forge.world.deploy::<Book>("forge");
    let income = Income { sources: vec!["e1".into()], ..income("i1") };
    assert_eq!(rule(register(&mut forge, income.clone())).0, Code::NotFound);
    forge.world.call("forge", "test", &TELL_BOOK, &Tell { what: "GetEvent/e1".into(), answer: Vec::new() }).unwrap();
    assert_eq!(register(&mut forge, income), Ok(false));
}

#[test]
fn incomes_and_distributions_are_listed_in_pages() {
    let mut forge = working(0);
    for n in 0..5 {
        forge.income(&format!("i{n}"), 1000, 0);
    }
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let request = ListDistributionsRequest { page_size: 2, page_token: token };
        let page = forge.world.query("forge", &methods::LIST_DISTRIBUTIONS, &request).unwrap();
        ids.extend(page.distributions.into_iter().map(|d| d.id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(ids, ["i0", "i1", "i2", "i3", "i4"]);
    let request = ListIncomesRequest { page_size: 2, page_token: "2".into() };
    let page = forge.world.query("forge", &methods::LIST_INCOMES, &request).unwrap();
    let statuses: Vec<_> = page.incomes.iter().map(|i| (i.income.as_ref().unwrap().id.as_str(), i.status())).collect();
    assert_eq!(statuses, [("i2", IncomeStatus::Distributed), ("i3", IncomeStatus::Distributed)]);
    let broken = ListIncomesRequest { page_token: "x".into(), ..Default::default() };
    assert_eq!(rule(forge.world.query("forge", &methods::LIST_INCOMES, &broken)).1, "page-token");
}

#[test]
fn payouts_and_explanations_come_in_pages() {
    let mut forge = working(9);
    forge.income("i1", 100_000, 0);
    let request = GetDistributionRequest { distribution: "i1".into(), page_size: 2, page_token: String::new() };
    let page = forge.world.query("forge", &methods::GET_DISTRIBUTION, &request).unwrap();
    assert_eq!((page.payouts.len(), page.next_page_token.as_str()), (2, "fund"));
    let rest = GetDistributionRequest { page_token: page.next_page_token, ..request };
    assert_eq!(forge.world.query("forge", &methods::GET_DISTRIBUTION, &rest).unwrap().payouts.len(), 1);
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let request = ExplainRequest { distribution: "i1".into(), agent: "bo".into(), page_size: 4, page_token: token };
        let page = forge.world.query("forge", &methods::EXPLAIN, &request).unwrap();
        ids.extend(page.pools.into_iter().flat_map(|b| b.contributions).map(|l| l.contribution));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(ids, ["w01", "w02", "w04", "w05", "w07", "w08"]);
    let broken =
        ExplainRequest { distribution: "i1".into(), agent: "bo".into(), page_token: "x".into(), ..Default::default() };
    assert_eq!(rule(forge.world.query("forge", &methods::EXPLAIN, &broken)).1, "page-token");
}
