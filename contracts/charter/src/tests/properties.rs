//! Whatever is called in whatever order: rules stay in order, a seat has one holder, and nothing is executed that did
//! not pass.

use super::*;
use crate::proto::proposal::Status as At;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const AGENTS: [&str; 5] = ["ana", "bo", "cy", "dee", "eve"];
const IDS: [&str; 12] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "pa", "pb"];
/// Fields and what may become of them; some of it never can.
const PATCHES: [(&str, &str); 12] = [
    ("/rules/credit/params/digits", "3"),
    ("/rules/credit/params/digits", "4"),
    ("/rules/credit/from", "2026-02-10"),
    ("/rules/credit/from", "2026-04-01"),
    ("/rules/new", "params/x: 1"),
    ("/purpose", "Other"),
    ("/purpose", ""),
    ("/seats/w2/weight", "3"),
    ("/seats/w2/holder", ""),
    ("/seats/w4", "class: worker\ninvited: eve"),
    ("/seats/w4", ""),
    ("/decisions/rules/quorum", "1000"),
];
const SEAT_IDS: [&str; 5] = ["w1", "w2", "w3", "w4", "d1"];

/// The example with short votes and a low quorum, so that much is decided.
fn lively() -> World {
    let mut request = example();
    for decision in &mut request.charter.as_mut().unwrap().decisions {
        (decision.open_for_s, decision.delay_s, decision.quorum) = (2 * 86_400, 86_400, 3000);
    }
    founded_as(request)
}

#[derive(Clone, Debug)]
enum Op {
    Propose {
        agent: usize,
        id: usize,
        strict: bool,
        patches: Vec<usize>,
    },
    /// A proposal with its ballots, up to its execution: what is decided in one go.
    Carry {
        agent: usize,
        strict: bool,
        patches: Vec<usize>,
        ballots: Vec<i32>,
    },
    Vote {
        agent: usize,
        id: usize,
        choice: i32,
    },
    Object {
        agent: usize,
        id: usize,
    },
    Resolve {
        agent: usize,
        id: usize,
        withdrawn: bool,
    },
    Close(usize),
    Execute(usize),
    Withdraw(usize, usize),
    Leave(usize),
    Invite {
        by: usize,
        seat: usize,
        agent: usize,
    },
    Accept {
        agent: usize,
        seat: usize,
    },
    Sanction {
        by: usize,
        agent: usize,
        step: u32,
    },
    Appeal {
        agent: usize,
        step: u32,
    },
    Days(u64),
}

/// A ballot: yes more often than not.
fn choice() -> impl Strategy<Value = i32> {
    prop::sample::select(vec![1, 1, 1, 1, 2, 3])
}

fn ops() -> impl Strategy<Value = Op> {
    let (agent, id) = (0..AGENTS.len(), 0..IDS.len());
    let patches = prop::collection::vec(0..PATCHES.len(), 1..3);
    let ballots = prop::collection::vec(choice(), AGENTS.len());
    prop_oneof![
        3 => (agent.clone(), id.clone(), any::<bool>(), patches.clone())
            .prop_map(|(agent, id, strict, patches)| Op::Propose { agent, id, strict, patches }),
        6 => (agent.clone(), any::<bool>(), patches, ballots)
            .prop_map(|(agent, strict, patches, ballots)| Op::Carry { agent, strict, patches, ballots }),
        6 => (agent.clone(), id.clone(), choice()).prop_map(|(agent, id, choice)| Op::Vote { agent, id, choice }),
        1 => (agent.clone(), id.clone()).prop_map(|(agent, id)| Op::Object { agent, id }),
        1 => (agent.clone(), id.clone(), any::<bool>()).prop_map(|(agent, id, withdrawn)| Op::Resolve { agent, id, withdrawn }),
        2 => id.clone().prop_map(Op::Close),
        4 => id.clone().prop_map(Op::Execute),
        1 => (agent.clone(), id).prop_map(|(agent, id)| Op::Withdraw(agent, id)),
        1 => agent.clone().prop_map(Op::Leave),
        2 => (agent.clone(), 0..5usize, agent.clone()).prop_map(|(by, seat, agent)| Op::Invite { by, seat, agent }),
        2 => (agent.clone(), 0..5usize).prop_map(|(agent, seat)| Op::Accept { agent, seat }),
        1 => (agent.clone(), agent.clone(), 1..4u32).prop_map(|(by, agent, step)| Op::Sanction { by, agent, step }),
        1 => (agent, 1..4u32).prop_map(|(agent, step)| Op::Appeal { agent, step }),
        4 => (1..3u64).prop_map(Op::Days),
    ]
}

fn propose_some(world: &mut World, agent: &str, id: &str, strict: bool, patches: &[usize]) {
    let patches = patches.iter().map(|n| patch(world, PATCHES[*n].0, PATCHES[*n].1)).collect();
    let subject = if strict { "decisions" } else { "rules" };
    let _ = world.call("forge", agent, &methods::PROPOSE, &proposal(id, subject, patches));
}

/// Does something that may well be refused.
fn run(world: &mut World, op: &Op) {
    let id = |n: &usize| IDS[*n].to_string();
    match op {
        Op::Propose { agent, id, strict, patches } => propose_some(world, AGENTS[*agent], IDS[*id], *strict, patches),
        Op::Carry { agent, strict, patches, ballots } => {
            let mut free = |id: &&&str| {
                let request = GetProposalRequest { proposal: id.to_string() };
                world.query("forge", &methods::GET_PROPOSAL, &request).is_err()
            };
            let Some(id) = IDS.iter().find(&mut free) else { return };
            propose_some(world, AGENTS[*agent], id, *strict, patches);
            for (agent, choice) in AGENTS.iter().zip(ballots) {
                let request = VoteRequest { proposal: id.to_string(), choice: *choice, ..VoteRequest::default() };
                let _ = world.call("forge", agent, &methods::VOTE, &request);
            }
            world.days(3);
            let _ = execute(world, id);
        }
        Op::Vote { agent, id: n, choice } => {
            let request = VoteRequest { proposal: id(n), choice: *choice, ..VoteRequest::default() };
            let _ = world.call("forge", AGENTS[*agent], &methods::VOTE, &request);
        }
        Op::Object { agent, id: n } => {
            let request = ObjectRequest { proposal: id(n), seat: String::new(), reason: "harm".into() };
            let _ = world.call("forge", AGENTS[*agent], &methods::OBJECT, &request);
        }
        Op::Resolve { agent, id: n, withdrawn } => {
            let request = ResolveRequest {
                proposal: id(n),
                note: "met".into(),
                withdrawn: *withdrawn,
                ..ResolveRequest::default()
            };
            let _ = world.call("forge", AGENTS[*agent], &methods::RESOLVE, &request);
        }
        Op::Close(n) => _ = close(world, IDS[*n]),
        Op::Execute(n) => _ = execute(world, IDS[*n]),
        Op::Withdraw(agent, n) => {
            let _ = world.call("forge", AGENTS[*agent], &methods::WITHDRAW, &WithdrawRequest { proposal: id(n) });
        }
        Op::Leave(agent) => _ = world.call("forge", AGENTS[*agent], &methods::LEAVE, &LeaveRequest::default()),
        Op::Invite { by, seat, agent } => {
            let request = InviteRequest { seat: SEAT_IDS[*seat].into(), agent: AGENTS[*agent].into() };
            let _ = world.call("forge", AGENTS[*by], &methods::INVITE, &request);
        }
        Op::Accept { agent, seat } => _ = accept(world, AGENTS[*agent], SEAT_IDS[*seat]),
        Op::Sanction { by, agent, step } => {
            let request = SanctionRequest {
                id: format!("{agent}-{step}"),
                agent: AGENTS[*agent].into(),
                step: *step,
                reason: "took twice".into(),
                ..SanctionRequest::default()
            };
            let _ = world.call("forge", AGENTS[*by], &methods::SANCTION, &request);
        }
        Op::Appeal { agent, step } => {
            let request = AppealRequest { case: format!("{agent}-{step}"), text: "no".into() };
            let _ = world.call("forge", AGENTS[*agent], &methods::APPEAL, &request);
        }
        Op::Days(days) => world.days(*days),
    }
}

/// Rules by slot: versions count from 1 and their dates never go back.
fn rules_are_in_order(world: &mut World) {
    let request = ListRulesRequest { page_size: 100, ..ListRulesRequest::default() };
    let mut last: BTreeMap<String, (u32, String)> = BTreeMap::new();
    for rule in world.query("forge", &methods::LIST_RULES, &request).unwrap().rules {
        let (version, from) = last.get(&rule.slot).cloned().unwrap_or_default();
        assert_eq!(rule.version, version + 1);
        assert!(stint_sdk::Time::parse(&rule.from).unwrap() >= stint_sdk::Time::parse(&from).unwrap_or_default());
        last.insert(rule.slot, (rule.version, rule.from));
    }
}

/// Seats as the charter has them and as its agents hold them are the same.
fn a_seat_has_one_holder(world: &mut World) {
    let seats = charter(world).charter.unwrap().seats;
    let ids: BTreeSet<&String> = seats.iter().map(|seat| &seat.id).collect();
    assert_eq!(ids.len(), seats.len());
    let mut held: Vec<Seat> = Vec::new();
    for (_, agent) in SEATS.iter().chain([("", "eve")].iter()) {
        let standing =
            world.query("forge", &methods::GET_STANDING, &GetStandingRequest { agent: (*agent).into() }).unwrap();
        assert!(standing.seats.iter().all(|seat| seat.holder == *agent));
        held.extend(standing.seats);
    }
    held.sort_by(|a, b| a.id.cmp(&b.id));
    let expected: Vec<Seat> = seats.into_iter().filter(|seat| !seat.holder.is_empty()).collect();
    assert_eq!(held, expected);
}

/// Counts the votes of what was executed again, from the ballots.
fn executed_has_passed(world: &mut World) {
    for id in IDS {
        let request = GetProposalRequest { proposal: id.into() };
        let Ok(answer) = world.query("forge", &methods::GET_PROPOSAL, &request) else { continue };
        let proposal = answer.proposal.unwrap();
        let ballots = world.query("forge", &methods::TALLY, &TallyRequest { proposal: id.into() }).unwrap().ballots;
        let weight =
            |choice: Choice| ballots.iter().filter(|b| b.choice() == choice).map(|b| u64::from(b.weight)).sum::<u64>();
        let (yes, no, abstain) = (weight(Choice::Yes), weight(Choice::No), weight(Choice::Abstain));
        let sums = Sums { yes, no, abstain, ballots: ballots.len() as u32 };
        assert_eq!(proposal.sums, Some(sums));
        assert!(yes + no + abstain <= proposal.electorate_weight);
        let decision = proposal.decision.clone().unwrap();
        let quorum = (yes + no + abstain) * 10_000 >= u64::from(decision.quorum) * proposal.electorate_weight;
        let threshold =
            yes > 0 && yes * u64::from(decision.threshold_den) >= (yes + no) * u64::from(decision.threshold_num);
        if matches!(proposal.status(), At::Executed | At::Passed | At::Queued | At::Blocked | At::Expired) {
            assert!(quorum && threshold, "{proposal:?}");
        }
        if proposal.status() == At::Rejected {
            assert!(!(quorum && threshold), "{proposal:?}");
        }
        if proposal.status() == At::Executed {
            assert!(proposal.objections.iter().all(|objection| objection.resolved));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(stint_sdk::testing::cases(64)))]

    #[test]
    fn no_sequence_of_calls_breaks_a_charter(ops in prop::collection::vec(ops(), 1..120)) {
        let mut world = lively();
        for op in &ops {
            run(&mut world, op);
        }
        rules_are_in_order(&mut world);
        a_seat_has_one_holder(&mut world);
        executed_has_passed(&mut world);
        // The running totals are those of the seats: a new vote counts on them.
        let seats = charter(&mut world).charter.unwrap().seats;
        let held: Vec<&Seat> = seats.iter().filter(|seat| !seat.holder.is_empty()).collect();
        if let Some(voter) = held.first() {
            let purpose = patch(&mut world, "/purpose", "Something new");
            world.call("forge", &voter.holder, &methods::PROPOSE, &proposal("last", "decisions", vec![purpose])).unwrap();
            let last = get(&mut world, "last");
            prop_assert_eq!(last.electorate_seats as usize, held.len());
            prop_assert_eq!(last.electorate_weight, held.iter().map(|seat| u64::from(seat.weight())).sum::<u64>());
        }
    }
}
