//! Step 5: what more weight for care would have done, a vote that nearly passes, and one that does.

use crate::{
    incomes::{by_agent, id, lines},
    ledger::Ledger,
    player::{FORGE, Player},
    told::Failure,
    valuation::{CARE, with_care},
};
use ::value::proto::{self as shared, RecomputeRequest, WhatIfRequest, WhatIfResponse, methods as values};
use book_replay::Json;
use charter::proto::{
    self as said, CloseRequest, ExecuteRequest, GetFieldRequest, GetRuleRequest, Patch, ProposeRequest, TallyRequest,
    VoteRequest, ballot::Choice, methods, proposal::Status,
};
use std::collections::BTreeMap;

const SLOT: &str = "valuation";

/// Gives the height before the charter was amended.
pub(crate) fn amend<L: Ledger>(player: &mut Player<L>, rule: [u8; 32]) -> Result<u64, Failure> {
    player.step = 5;
    let report = what_if(player, rule)?;
    refused(player, &report)?;
    near_miss(player, &report)?;
    let before = adopted(player, &report)?;
    kept(player)?;
    Ok(before)
}

/// The range of the report: the whole year.
fn range<L: Ledger>(player: &Player<L>) -> (String, String) {
    (player.year.day("01-01"), format!("{}-01-01", player.year.year + 1))
}

fn what_if<L: Ledger>(player: &mut Player<L>, rule: [u8; 32]) -> Result<WhatIfResponse, Failure> {
    let (from, to) = range(player);
    let params = with_care("1.5").into_iter().map(|(path, value)| shared::Param { path, value }).collect();
    let mut request = WhatIfRequest { slot: SLOT.into(), module: rule.into(), params, from, to, ..Default::default() };
    let mut rows = Vec::new();
    let report = loop {
        let part = player.ask(FORGE, &values::WHAT_IF, &request)?;
        rows.extend(part.distributions.clone());
        if part.done {
            break WhatIfResponse { distributions: rows, ..part };
        }
        request.carry = part.carry;
    };
    player.tell("what if care had weighed 1.5");
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (n, line) in lines(player, "what_if_v2_care_x1.5").iter().enumerate() {
        let rows: Vec<_> = report.distributions.iter().filter(|d| d.id == id(n)).collect();
        let would_be = rows.iter().map(|d| (d.agent.clone(), d.new)).collect();
        by_agent(player, &format!("what if, {}", id(n)), line.get("total"), &would_be);
        rows.iter().for_each(|d| *sums.entry(d.agent.clone()).or_default() += d.diff);
    }
    by_agent(player, "what if, difference", Some(&player.year.part("what_if_difference_cents")), &sums);
    player.compare("what if, sum of differences", player.year.part("what_if_sum").text(), report.sum_diff);
    Ok(report)
}

/// The proposal, as its author would send it; the report is cited unless it is left out.
fn proposal<L: Ledger>(
    player: &mut Player<L>,
    id: &str,
    report: Option<&WhatIfResponse>,
) -> Result<ProposeRequest, Failure> {
    let patches = vec![patch(player, &format!("/rules/{SLOT}/params/{CARE}"), "1.5")?];
    let (from, to) = range(player);
    let cited = report.map(|r| said::WhatIf {
        slot: SLOT.into(),
        from,
        to,
        report_hash: r.report_hash.clone(),
        ..Default::default()
    });
    Ok(ProposeRequest {
        id: id.into(),
        subject: "rules".into(),
        text: "Care has been paid too little.".into(),
        patches,
        whatif: cited.into_iter().collect(),
        ..ProposeRequest::default()
    })
}

/// A patch of a field as it stands.
fn patch<L: Ledger>(player: &mut Player<L>, path: &str, new: &str) -> Result<Patch, Failure> {
    let field = player.ask(FORGE, &methods::GET_FIELD, &GetFieldRequest { path: path.into() })?;
    Ok(Patch { path: path.into(), expected_old: field.hash, new: new.into() })
}

fn refused<L: Ledger>(player: &mut Player<L>, report: &WhatIfResponse) -> Result<(), Failure> {
    let good = proposal(player, "care-no", Some(report))?;
    let mut back = good.clone();
    back.patches.push(patch(player, &format!("/rules/{SLOT}/from"), &player.year.day("01-01"))?);
    let mut stale = good.clone();
    stale.patches[0].expected_old = vec![7; 32];
    let mut other = good.clone();
    other.whatif[0].report_hash = vec![7; 32];
    let blind = proposal(player, "care-no", None)?;
    for (what, request, rule) in [
        ("cy proposes that the new weight holds from January on, back in time", &back, "G5"),
        ("cy proposes a change of a value that is another by now", &stale, "G1"),
        ("cy proposes it without a report", &blind, "G4"),
        ("cy proposes it with a report that does not come out", &other, "G4"),
    ] {
        player.must_not(what, (FORGE, "cy"), &methods::PROPOSE, request, rule)?;
    }
    Ok(())
}

/// Proposes, and casts the ballots of the file. Gives the time at which the vote closes, and that of its execution.
fn put<L: Ledger>(
    player: &mut Player<L>,
    id: &str,
    report: &WhatIfResponse,
    ballots: &Json,
) -> Result<said::ProposeResponse, Failure> {
    let request = proposal(player, id, Some(report))?;
    let what = format!("cy proposes {id}, and cites the report {}", hex(&report.report_hash));
    let opened = player.must(&what, (FORGE, "cy"), &methods::PROPOSE, &request)?;
    for (agent, ballot) in ballots.fields() {
        let choice = Choice::from_str_name(&ballot.text().to_uppercase()).unwrap_or_default();
        let request = VoteRequest { proposal: id.into(), choice: choice.into(), ..VoteRequest::default() };
        let what = format!("{agent} votes {}", ballot.text());
        player.must(&what, (FORGE, agent), &methods::VOTE, &request)?;
    }
    Ok(opened)
}

fn near_miss<L: Ledger>(player: &mut Player<L>, report: &WhatIfResponse) -> Result<(), Failure> {
    let vote = player.year.part("vote");
    let expected = vote.get("near_miss").cloned().unwrap_or(Json::Null);
    let ballots = expected.get("ballots").cloned().unwrap_or(Json::Null);
    let opened = put(player, "care-1", report, &ballots)?;
    let (_, share) = tally(player, "care-1")?;
    player.compare("near miss, yes share", expected.text_of("yes_share"), share);
    player.on.wait_until(&opened.closes);
    let closed = close(player, "care-1")?;
    player.compare("near miss, adopted", adoption(&expected), closed.as_str_name());
    let what = "care-1 is to be executed all the same";
    let request = ExecuteRequest { proposal: "care-1".into() };
    player.must_not(what, (FORGE, "cy"), &methods::EXECUTE, &request, "G2")
}

/// Gives the height before it.
fn adopted<L: Ledger>(player: &mut Player<L>, report: &WhatIfResponse) -> Result<u64, Failure> {
    let vote = player.year.part("vote");
    let expected = vote.get("expect").cloned().unwrap_or(Json::Null);
    let ballots = vote.get("ballots").cloned().unwrap_or(Json::Null);
    let opened = put(player, "care-2", report, &ballots)?;
    let (turnout, share) = tally(player, "care-2")?;
    player.compare("vote, turnout", expected.text_of("turnout"), turnout);
    player.compare("vote, yes share", expected.text_of("yes_share"), share);
    player.on.wait_until(&opened.closes);
    close(player, "care-2")?;
    let execute = ExecuteRequest { proposal: "care-2".into() };
    let what = "care-2 is to be executed before its delay is over";
    player.must_not(what, (FORGE, "cy"), &methods::EXECUTE, &execute, "delay")?;
    let request = VoteRequest { proposal: "care-2".into(), choice: Choice::No.into(), ..VoteRequest::default() };
    player.must_not("bo votes once more, after the close", (FORGE, "bo"), &methods::VOTE, &request, "G3")?;
    player.on.wait_until(&opened.executable);
    let before = player.on.height();
    let done = player.must("care-2 is executed", (FORGE, "cy"), &methods::EXECUTE, &execute)?;
    let request = said::GetProposalRequest { proposal: "care-2".into() };
    let status = player.ask(FORGE, &methods::GET_PROPOSAL, &request)?.proposal.unwrap_or_default().status();
    player.compare("vote, adopted", adoption(&expected), status.as_str_name());
    player.compare("version of forge's charter", 2, done.version);
    Ok(before)
}

/// What a proposal becomes that is adopted, or not.
fn adoption(expected: &Json) -> &'static str {
    let adopted = expected.get("adopted").is_some_and(Json::is_true);
    if adopted { Status::Executed } else { Status::Rejected }.as_str_name()
}

/// Turnout and yes share, as the file writes them.
fn tally<L: Ledger>(player: &mut Player<L>, id: &str) -> Result<(String, String), Failure> {
    let tally = player.ask(FORGE, &methods::TALLY, &TallyRequest { proposal: id.into() })?;
    let sums = tally.sums.unwrap_or_default();
    let turnout = format!("{}/{}", sums.ballots, tally.electorate_seats);
    Ok((turnout, format!("{}/{}", sums.yes, sums.yes + sums.no)))
}

fn close<L: Ledger>(player: &mut Player<L>, id: &str) -> Result<Status, Failure> {
    let request = CloseRequest { proposal: id.into() };
    let closed = player.call(&format!("closing {id}"), (FORGE, "cy"), &methods::CLOSE, &request)?;
    player.tell(format!("the vote on {id} closes as {}: {}", closed.status().as_str_name(), closed.reason));
    Ok(closed.status())
}

/// Incomes of before keep version 1, and come out as they did.
fn kept<L: Ledger>(player: &mut Player<L>) -> Result<(), Failure> {
    for (n, line) in lines(player, "distribution_v1").iter().enumerate() {
        let date = line.text_of("date");
        let request = GetRuleRequest { slot: SLOT.into(), at: date.into() };
        let rule = player.ask(FORGE, &methods::GET_RULE, &request)?;
        player.compare(format!("version of the rule for incomes of {date}"), 1, rule.version);
        let request = RecomputeRequest { distribution: id(n), carry: Vec::new() };
        let again = player.ask(FORGE, &values::RECOMPUTE, &request)?;
        let ours = if again.equal { "equal".to_string() } else { again.difference };
        player.compare(format!("{} recomputed", id(n)), "equal", ours);
    }
    let now = player.ask(FORGE, &methods::GET_RULE, &GetRuleRequest { slot: SLOT.into(), at: String::new() })?;
    player.compare("version of the rule for incomes from now on", 2, now.version);
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(6).map(|b| format!("{b:02x}")).collect::<String>() + "…"
}
