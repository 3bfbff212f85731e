//! Step 4: two incomes, shared to the cent.

use crate::{
    extras,
    ledger::Ledger,
    player::{FORGE, Player, STEWARD},
    told::Failure,
};
use book::proto::{RecordRequest, methods as books};
use book_replay::Json;
use std::collections::{BTreeMap, BTreeSet};
use value::proto::{
    DistributeRequest, ExplainRequest, GetDistributionRequest, GetDistributionResponse, Income, RegisterIncomeRequest,
    WithdrawRequest, methods,
};

pub(crate) fn distribute<L: Ledger>(player: &mut Player<L>) -> Result<(), Failure> {
    player.step = 4;
    let taught = extras::taught(player.year.day("05-20"));
    for commons in [FORGE, "table"] {
        let what = format!("{commons} records w3, a workshop that forge gave to table");
        player.must(&what, (commons, STEWARD), &books::RECORD, &RecordRequest { events: vec![taught.clone()] })?;
    }
    for (n, line) in lines(player, "distribution_v1").iter().enumerate() {
        let income = income(player, n, line);
        one(player, &income)?;
        compare(player, &income, line)?;
    }
    let what = "i1, which is distributed, is to be withdrawn";
    let request = WithdrawRequest { income: "i1".into() };
    player.must_not(what, (FORGE, STEWARD), &methods::WITHDRAW, &request, "V3")?;
    let what = "i1 once more, with another amount";
    let line = Json::Map(Vec::new());
    let other = RegisterIncomeRequest { income: Some(Income { amount: 1, ..income(player, 0, &line) }) };
    player.must_not(what, (FORGE, STEWARD), &methods::REGISTER_INCOME, &other, "id")
}

/// The lines of a part of the file, one for each income.
pub(crate) fn lines<L: Ledger>(player: &Player<L>, part: &str) -> Vec<Json> {
    player.year.part(part).items().into_iter().cloned().collect()
}

pub(crate) fn id(n: usize) -> String {
    format!("i{}", n + 1)
}

/// What table paid, and what of it went to mend for the steel of the first income.
fn income<L: Ledger>(player: &Player<L>, n: usize, line: &Json) -> Income {
    let credit = player.year.part("mutual_credit");
    let paid = credit.get("steps").map(Json::items).unwrap_or_default();
    let cents = |n: usize| paid.get(n).map_or(0, |step| cents(step, "cents"));
    let (amount, purchases) = if n == 0 { (cents(1), cents(0)) } else { (cents(2), 0) };
    let sources = if n == 0 { (1..=10).map(|d| format!("e25.{d}")).collect() } else { vec!["w3".into()] };
    let (date, unit) = (line.text_of("date").into(), "EUR".into());
    Income { id: id(n), amount, purchases, date, sources, unit, ..Income::default() }
}

fn cents(json: &Json, name: &str) -> i64 {
    json.text_of(name).parse().unwrap_or_default()
}

fn one<L: Ledger>(player: &mut Player<L>, income: &Income) -> Result<(), Failure> {
    let what =
        format!("{} of {}: {} cents, less {} for steel", income.id, income.date, income.amount, income.purchases);
    let request = RegisterIncomeRequest { income: Some(income.clone()) };
    player.must(&what, (FORGE, STEWARD), &methods::REGISTER_INCOME, &request)?;
    let what = format!("ana has {} distributed", income.id);
    loop {
        let request = DistributeRequest { income: income.id.clone(), ..DistributeRequest::default() };
        if player.call(&what, (FORGE, "ana"), &methods::DISTRIBUTE, &request)?.done {
            player.tell(what);
            return Ok(());
        }
    }
}

/// Every number of a line.
fn compare<L: Ledger>(player: &mut Player<L>, income: &Income, line: &Json) -> Result<(), Failure> {
    let id = &income.id;
    let request = GetDistributionRequest { distribution: id.clone(), page_size: 1000, ..Default::default() };
    let GetDistributionResponse { distribution, payouts, .. } =
        player.ask(FORGE, &methods::GET_DISTRIBUTION, &request)?;
    let distribution = distribution.unwrap_or_default();
    let mut shares: BTreeMap<(String, String), i64> = BTreeMap::new();
    for payout in &payouts {
        let request =
            ExplainRequest { distribution: id.clone(), agent: payout.agent.clone(), ..ExplainRequest::default() };
        for branch in player.ask(FORGE, &methods::EXPLAIN, &request)?.pools {
            let pool = branch.pool.unwrap_or_default().name;
            *shares.entry((pool, payout.agent.clone())).or_default() +=
                branch.shares.iter().map(|s| s.amount).sum::<i64>();
        }
    }
    let pool = |name: &str| distribution.pools.iter().find(|p| p.name == name).cloned().unwrap_or_default();
    let totals = distribution.totals.unwrap_or_default();
    for (what, ours) in [
        ("distributable", totals.amount - totals.purchases),
        ("after_reimbursement", pool("fund").base),
        ("fund", pool("fund").paid),
        ("design_pool", pool("design").paid),
        ("work_pool", pool("work").paid),
    ] {
        player.compare(format!("{id} {}", what.replace('_', " ")), line.text_of(what), ours);
    }
    for (part, pool) in [("reimbursed", "reimbursement"), ("design", "design"), ("work", "work")] {
        let ours = shares.iter().filter(|((p, _), paid)| p == pool && **paid != 0);
        let ours: BTreeMap<String, i64> = ours.map(|((_, agent), paid)| (agent.clone(), *paid)).collect();
        by_agent(player, &format!("{id} {part}"), line.get(part), &ours);
    }
    let ours: BTreeMap<String, i64> = payouts.iter().map(|p| (p.agent.clone(), p.amount)).collect();
    by_agent(player, &format!("{id} total"), line.get("total"), &ours);
    let sum = totals.shares + totals.fund + totals.undistributed;
    player.compare(format!("{id} shares, fund and what is left"), line.text_of("distributable"), sum);
    Ok(())
}

/// A row for each agent that either side names.
pub(crate) fn by_agent<L: Ledger>(
    player: &mut Player<L>,
    what: &str,
    expected: Option<&Json>,
    ours: &BTreeMap<String, i64>,
) {
    let fields = expected.map(Json::fields).unwrap_or_default();
    let agents: BTreeSet<&String> = fields.iter().map(|(agent, _)| agent).chain(ours.keys()).collect();
    for agent in agents {
        let said = fields.iter().find(|(name, _)| name == agent).map_or("nothing", |(_, cents)| cents.text());
        let is = ours.get(agent).map_or("nothing".into(), i64::to_string);
        player.compare(format!("{what}, {agent}"), said, is);
    }
}
