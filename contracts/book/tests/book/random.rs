//! Random sequences over all 19 actions, valid and not: what must hold after each.

use crate::support::*;
use book::{
    actions::{ACTIONS, Flow},
    proto::*,
};
use proptest::{prelude::*, test_runner::TestRunner};
use stint_sdk::{Decimal, prost::Message, testing::host};

const AGENTS: [&str; 3] = ["ana", "bo", "cy"];
/// Stocks, lots and serialized things.
const RESOURCES: [(&str, &str); 7] = [
    ("S", "steel"),
    ("S2", "steel"),
    ("L", "batch"),
    ("L2", "batch"),
    ("M", "machine"),
    ("M2", "machine"),
    ("K", "machine"),
];
const PROCESSES: [&str; 3] = ["", "P", "Q"];

/// An event as numbers.
#[derive(Clone, Debug)]
struct Dice {
    action: usize,
    agents: (usize, usize),
    from: usize,
    to: Option<usize>,
    process: usize,
    amount: i8,
    /// All that there is, instead of the amount.
    whole: bool,
    /// Given by who answers for it, to a resource of the same kind: what a careful member would write.
    careful: bool,
    corrects: Option<usize>,
}

fn dice() -> impl Strategy<Value = Dice> {
    let which =
        (0..ACTIONS.len(), (0..3usize, 0..3usize), 0..RESOURCES.len(), prop::option::weighted(0.4, 0..RESOURCES.len()));
    let how = (0..3usize, -1i8..6, any::<bool>(), prop::bool::weighted(0.8), prop::option::weighted(0.15, 0..9usize));
    (which, how).prop_map(|((action, agents, from, to), (process, amount, whole, careful, corrects))| Dice {
        action,
        agents,
        from,
        to,
        process,
        amount,
        whole,
        careful,
        corrects,
    })
}

fn event(n: usize, dice: &Dice) -> Event {
    let action = &ACTIONS[dice.action];
    let (from, spec) = RESOURCES[dice.from];
    let there = current(from);
    let unit = if spec == "machine" { "one" } else { "kg" };
    let amount = match &there {
        Some(r) if dice.whole => r.accounting_quantity.clone().unwrap_or_default().value,
        _ if dice.whole => "1".into(),
        _ => dice.amount.to_string(),
    };
    let (mut provider, mut receiver) = (AGENTS[dice.agents.0].to_string(), AGENTS[dice.agents.1].to_string());
    let mut to = dice.to.map(|to| RESOURCES[to]);
    if dice.careful {
        let rights = action.passes_rights();
        let keeper = there.as_ref().map(|r| if rights { r.primary_accountable.clone() } else { r.custodian.clone() });
        provider = keeper.unwrap_or(provider);
        if action.keeps_agents() || to.is_none() && dice.process == 0 {
            receiver.clone_from(&provider);
        }
        to = to.and_then(|(id, _)| {
            RESOURCES.iter().find(|(other, s)| *other != from && (*s == spec || id == *other)).copied()
        });
        if action.is_transfer() && !action.takes() && to.is_none() {
            to = RESOURCES.iter().find(|(other, s)| *other != from && *s == spec).copied();
        }
    }
    let mut event = e(&format!("e{n}"), action.name, &format!("{amount} {unit}")).of(from).by(&provider, &receiver);
    event.to_resource_inventoried_as = to.map(|(id, _)| id.to_string()).unwrap_or_default();
    event.effort_quantity = q("1", "h");
    event.to_location = ["", "yard"][usize::from(action.keeps_agents()).max(dice.agents.1 % 2)].into();
    if action.is_input() {
        event.input_of = PROCESSES[dice.process].into();
    } else if action.flow == Flow::Output {
        event.output_of = PROCESSES[dice.process].into();
    }
    let missing = there.is_none() || to.is_some_and(|(id, _)| current(id).is_none());
    if missing && dice.careful {
        event = event.creating(spec);
    }
    match dice.corrects.and_then(|n| stored(&format!("e{n}"))) {
        // The same links, and all or some of it taken back.
        Some(of) => Event {
            id: event.id,
            corrects: of.id.clone(),
            resource_quantity: match of.resource_quantity.clone().filter(|_| dice.whole) {
                Some(q) => Some(Quantity { value: format!("-{}", q.value), ..q }),
                None => event.resource_quantity,
            },
            effort_quantity: None,
            new_resource: None,
            ..of
        },
        None => event,
    }
}

fn current(id: &str) -> Option<Resource> {
    ask(&methods::RESOURCE, ResourceRequest { id: id.into(), at: String::new() }).ok()?.resource
}

fn stored(id: &str) -> Option<Event> {
    ask(&methods::GET_EVENT, GetEventRequest { id: id.into() }).ok()?.event
}

/// Invariants 1 and 2, for every resource; `ask` checks 3.
fn holds() {
    for (id, _) in RESOURCES {
        let Ok(answer) = ask(&methods::RESOURCE, ResourceRequest { id: id.into(), at: String::new() }) else {
            continue;
        };
        let r = answer.resource.unwrap();
        let kept: Resource =
            host(|h| Resource::decode(h.state[format!("resource/{id}").as_bytes()].as_slice())).unwrap();
        let amount = |q: &Option<Quantity>| Decimal::parse(&q.as_ref().unwrap().value, 18).unwrap();
        let (accounting, onhand) = (amount(&kept.accounting_quantity), amount(&kept.onhand_quantity));
        assert!(accounting >= Decimal::ZERO && onhand >= Decimal::ZERO, "{kept:?}");
        if r.identification() == Identification::Serialized {
            assert!(accounting <= Decimal::ONE && onhand <= Decimal::ONE, "{kept:?}");
        }
        assert!(rebuilt(id), "{id}");
        // The days' sums say the same as the resource.
        let at = ask(&methods::RESOURCE, ResourceRequest { id: id.into(), at: "2027-01-01".into() })
            .map(|a| a.resource.unwrap());
        if let Ok(at) = at {
            let same = Resource { events: kept.events, ..at };
            assert_eq!(same, kept);
        }
    }
}

fn start() -> std::collections::BTreeMap<Vec<u8>, Vec<u8>> {
    book();
    raise("S", "steel", "5 kg");
    raise("L", "batch", "5 kg");
    raise("M", "machine", "1 one");
    raise("K", "machine", "1 one");
    host(|h| h.state.clone())
}

/// Ten thousand sequences, or `PROPTEST_CASES` of them.
#[test]
fn whatever_is_tried_the_book_is_what_its_events_make_it() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|c| c.parse().ok()).unwrap_or(10_000);
    let begin = start();
    let (mut taken, mut tried) = ([0u32; 19], 0u32);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    let taken_by = std::cell::RefCell::new((&mut taken, &mut tried));
    let result = runner.run(&prop::collection::vec(dice(), 1..8), |sequence| {
        host(|h| {
            h.state.clone_from(&begin);
            h.events.clear();
        });
        for (n, dice) in sequence.into_iter().enumerate() {
            let event = event(n, &dice);
            let action = ACTIONS.iter().position(|a| a.name == event.action).expect("an action");
            *taken_by.borrow_mut().1 += 1;
            match record(event) {
                Ok(_) => taken_by.borrow_mut().0[action] += 1,
                Err(refusal) => prop_assert!(!refusal.rule.is_empty() && !refusal.message.is_empty()),
            }
        }
        holds();
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    let sum: u32 = taken.iter().sum();
    println!("{sum} of {tried} events taken: {taken:?}");
    // The dice are worth something: every action is taken, and many are refused.
    assert!(taken.iter().all(|n| *n > cases / 1000), "{taken:?}");
    assert!(sum < tried);
}
