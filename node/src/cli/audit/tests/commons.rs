//! What a commons recomputes, on states and events that do not go together. None of these comes out of blocks: there the
//! contract would have to contradict itself.

use super::{
    super::{
        Blocks, book,
        distributions::{self, Announced, Audited},
        execute,
    },
    forge::played,
    ledger::contracts,
};
use crate::{
    cli::{
        audit::again::Again,
        suite::{book::Resource, value::Distributed},
    },
    tests::genesis,
};
use prost::Message;
use std::sync::Arc;
use stint_proto::v1::{Event, Receipt};
use stint_store::genesis_block;

/// The ledger executed again, and what it announced of forge.
fn again() -> (Again, Announced) {
    let (genesis, chain_id) = genesis();
    let (file, first) = (played().0.exported(), genesis_block(&genesis, chain_id).header);
    let trust = genesis.trust(chain_id).expect("validators");
    let blocks = Blocks::open(vec![("file".into(), &file[..])], trust, first, genesis.epochs()).expect("a file");
    let mut again = Again::from_genesis(&genesis, chain_id, contracts());
    let announced = execute(blocks, &mut again, "forge").expect("equal");
    // Else every block would copy the state.
    assert_eq!(Arc::strong_count(&again.at.state), 1);
    (again, announced)
}

/// Changes the value of the one key that contains `part` and ends so.
fn tamper(again: &mut Again, part: &str, end: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let state = &mut Arc::make_mut(&mut again.at.state).0;
    let has = |key: &[u8]| key.windows(part.len()).any(|w| w == part.as_bytes()) && key.ends_with(end.as_bytes());
    let mut found: Vec<_> = state.iter_mut().filter(|(key, _)| has(key)).collect();
    assert_eq!(found.len(), 1, "{part} {end}");
    change(found.remove(0).1);
}

fn audited(again: &Again, announced: Announced) -> Vec<Audited> {
    let found = distributions::audit(&again.at, "forge", announced, &mut |_| ());
    found.expect("it runs").expect("it answers")
}

/// The first difference of the one distribution.
fn of_one(again: &Again, announced: Announced) -> String {
    let mut audited = audited(again, announced);
    assert_eq!(audited.len(), 1);
    audited.remove(0).different.unwrap_or_else(|| "equal".into())
}

#[test]
fn shares_that_the_rule_does_not_give_are_told() {
    let (mut again, announced) = again();
    tamper(&mut again, "/payout/", "ana", |value| *value = 1i64.encode_to_vec());
    assert_eq!(of_one(&again, announced), "ana got 1, and 42353 comes out");
}

#[test]
fn an_event_that_says_otherwise_is_told() {
    let (again, honest) = again();
    let event = honest.of("i1").expect("announced").clone();
    assert_eq!(of_one(&again, honest), "equal");
    let announce = |events: &[Distributed]| {
        let event = |said: &Distributed| Event {
            commons: "forge".into(),
            service: distributions::SERVICE.into(),
            r#type: "stint.value.v1.Distributed".into(),
            body: said.encode_to_vec().into(),
        };
        let mut announced = Announced::default();
        announced
            .hear("forge", &[Receipt { height: 7, events: events.iter().map(event).collect(), ..Default::default() }]);
        announced
    };
    let changed = |change: &dyn Fn(&mut Distributed)| {
        let mut said = event.clone();
        change(&mut said);
        of_one(&again, announce(&[said]))
    };
    assert_eq!(changed(&|_| ()), "equal");
    let totals = |said: &mut Distributed, by: i64| said.totals.as_mut().expect("totals").shares += by;
    assert_eq!(changed(&|said| totals(said, 5)), "its event in block 7 says shares 90005, and 90000 comes out");
    assert_eq!(changed(&|said| said.agents = 2), "its event in block 7 says agents 2, and 3 comes out");
    for (what, change) in [
        (
            "contributions_root",
            &(|said: &mut Distributed| said.contributions_root.clear()) as &dyn Fn(&mut Distributed),
        ),
        ("shares_root", &|said| said.shares_root.clear()),
        ("rule_hash", &|said| said.rule_hash.clear()),
        ("params_hash", &|said| said.params_hash.clear()),
    ] {
        let said = changed(change);
        assert!(said.starts_with(&format!("its event in block 7 says {what} , and ")), "{said}");
    }
    assert_eq!(of_one(&again, Announced::default()), "no receipt announces it");
    assert_eq!(
        of_one(&again, announce(&[event.clone(), event.clone()])),
        "block 7 announced it, and block 7 once more"
    );
    let other = Distributed { id: "i2".into(), ..event.clone() };
    let two = audited(&again, announce(&[event, other]));
    assert_eq!((two[0].different.clone(), two[1].id.as_str()), (None, "i2"));
    assert_eq!(two[1].different.as_deref(), Some("block 7 announced it, and the contract does not list it"));
}

#[test]
fn a_resource_that_its_events_do_not_make_is_told() {
    let (mut again, _) = again();
    let rebuilt = |again: &Again| book::audit(&again.at, "mend", &mut |_, _| ()).expect("it runs").map(|r| r.resources);
    assert_eq!(rebuilt(&again), Ok(1));
    tamper(&mut again, "stint.book.v1.Book/0/resource/", "rack", |value| {
        let mut resource = Resource::decode(&value[..]).expect("a resource");
        resource.accounting_quantity.as_mut().expect("a quantity").value = "70".into();
        *value = resource.encode_to_vec();
    });
    let expected = "resource rack: accounting_quantity.value is kept as 70, and its events make it 69.5";
    assert_eq!(rebuilt(&again), Err(expected.into()));
}
