//! R13 and R14: commitments, intents, claims, agreements, and the events connected with them.

use crate::support::*;
use book::proto::*;
use stint_sdk::Code;

fn commit(c: Commitment) -> Known {
    ok(&methods::COMMIT, CommitRequest { commitment: Some(c) })
}

fn commitment(id: &str) -> Commitment {
    Commitment {
        id: id.into(),
        action: "transfer".into(),
        provider: "ana".into(),
        receiver: "bo".into(),
        resource_conforms_to: "steel".into(),
        resource_quantity: q("10", "kg"),
        ..Commitment::default()
    }
}

fn claim() -> Claim {
    Claim {
        id: "claim".into(),
        provider: "bo".into(),
        receiver: "ana".into(),
        triggered_by: "work".into(),
        resource_quantity: q("140", "one"),
        resource_conforms_to: "credit".into(),
        ..Claim::default()
    }
}

fn work() {
    let mut work = e("work", "work", "").by("ana", "bo").into_process("P");
    work.effort_quantity = q("7", "h");
    yes(work);
}

fn give(id: &str, amount: &str) -> Event {
    Event { fulfills: "c".into(), ..e(id, "transfer", amount).of("S").by("ana", "bo") }
}

fn pay(id: &str, amount: &str) -> Event {
    Event {
        settles: "claim".into(),
        resource_conforms_to: "credit".into(),
        ..e(id, "transfer", amount).by("bo", "ana")
    }
}

fn progress(id: &str) -> Progress {
    let p = ok(&methods::PROMISE, PromiseRequest { id: id.into() });
    let intent = p.intent.and_then(|i| i.progress);
    p.commitment.and_then(|c| c.progress).or(intent).or(p.claim.and_then(|c| c.progress)).expect("progress")
}

fn done(id: &str) -> (String, bool, bool) {
    let p = progress(id);
    (p.done_quantity.or(p.done_effort).unwrap_or_default().value, p.finished, p.over)
}

#[test]
fn r13_fulfilled_is_the_sum_of_linked_events() {
    book();
    raise("S", "steel", "100 kg");
    assert_eq!(no(give("x", "4 kg")), "promise");
    commit(commitment("c"));
    yes(give("1", "4 kg"));
    assert_eq!(done("c"), ("4".into(), false, false));
    assert_eq!(yes(give("2", "6000 g")).over, "");
    assert_eq!(done("c"), ("10".into(), true, false));
    // More is allowed, and told.
    assert_eq!(yes(give("3", "1 kg")).over, "c");
    assert_eq!(done("c"), ("11".into(), true, true));
    yes(Event { corrects: "2".into(), ..give("4", "-6000 g") });
    assert_eq!(done("c"), ("5".into(), false, false));
    // Of another action, of another kind, in another measure.
    assert_eq!(no(Event { fulfills: "c".into(), ..e("x", "consume", "1 kg").of("S").by("ana", "ana") }), "R13");
    raise("B", "box", "5 one");
    assert_eq!(no(Event { fulfills: "c".into(), ..e("x", "transfer", "1 one").of("B").by("ana", "bo") }), "R13");
    commit(Commitment {
        id: "h".into(),
        action: "transfer".into(),
        provider: "ana".into(),
        effort_quantity: q("1", "h"),
        ..Default::default()
    });
    assert_eq!(no(Event { fulfills: "h".into(), ..give("x", "1 kg") }), "R13");
    ok(&methods::FINISH, FinishRequest { id: "c".into() });
    assert!(ok(&methods::FINISH, FinishRequest { id: "c".into() }).known);
    assert_eq!(done("c"), ("5".into(), true, false));
    caller("eve", &[]);
    assert_eq!(refused(&methods::FINISH, FinishRequest { id: "h".into() }).1, "R10");
}

#[test]
fn r14_a_claim_is_settled_by_its_agents_in_its_unit_and_never_over() {
    book();
    work();
    ok(&methods::CLAIM, ClaimRequest { claim: Some(claim()) });
    yes(pay("1", "70 one"));
    let half = progress("claim");
    assert_eq!((half.done_quantity, half.open_quantity, half.finished), (q("70", "one"), q("70", "one"), false));
    assert_eq!(no(pay("x", "71 one")), "R14");
    assert_eq!(no(Event { provider: "cy".into(), ..pay("x", "7 one") }), "R14");
    assert_eq!(no(Event { resource_conforms_to: "steel".into(), ..pay("x", "7 kg") }), "R14");
    let conversion = Some(Conversion { from: "cent".into(), to: "one".into(), num: 1, den: 100 });
    ok(&methods::DECLARE_CONVERSION, DeclareConversionRequest { conversion });
    assert_eq!(no(pay("x", "700 cent")), "R14");
    yes(pay("2", "70 one"));
    assert_eq!(done("claim"), ("140".into(), true, false));
    yes(Event { corrects: "2".into(), ..pay("3", "-10 one") });
    assert_eq!(done("claim"), ("130".into(), false, false));
}

#[test]
fn promises_are_made_once_by_those_concerned() {
    book();
    work();
    caller("eve", &[]);
    assert_eq!(refused(&methods::COMMIT, CommitRequest { commitment: Some(commitment("c")) }).1, "R10");
    assert_eq!(refused(&methods::CLAIM, ClaimRequest { claim: Some(claim()) }).1, "R10");
    caller("ana", &[]);
    assert!(!commit(commitment("c")).known);
    assert!(commit(commitment("c")).known);
    let other = Commitment { note: "other".into(), ..commitment("c") };
    assert_eq!(refused(&methods::COMMIT, CommitRequest { commitment: Some(other) }).0, Code::AlreadyExists);
    // One space of ids.
    let intent =
        Some(Intent { id: "c".into(), action: "transfer".into(), provider: "ana".into(), ..Intent::default() });
    assert_eq!(refused(&methods::INTEND, IntendRequest { intent }).0, Code::AlreadyExists);
    let zero = Commitment { resource_quantity: q("0", "kg"), ..commitment("z") };
    assert_eq!(refused(&methods::COMMIT, CommitRequest { commitment: Some(zero) }).1, "R5");
    let unknown = Commitment { action: "give".into(), ..commitment("z") };
    assert_eq!(refused(&methods::COMMIT, CommitRequest { commitment: Some(unknown) }).1, "action");
    let nowhere = Commitment { clause_of: "nothing".into(), ..commitment("z") };
    assert_eq!(refused(&methods::COMMIT, CommitRequest { commitment: Some(nowhere) }).1, "promise");
    let unfounded = Claim { triggered_by: "nothing".into(), ..claim() };
    assert_eq!(refused(&methods::CLAIM, ClaimRequest { claim: Some(unfounded) }).1, "event");
    let nothing = Claim { resource_quantity: None, ..claim() };
    assert_eq!(refused(&methods::CLAIM, ClaimRequest { claim: Some(nothing) }).1, "quantity");
    assert_eq!(refused(&methods::PROMISE, PromiseRequest { id: "z".into() }).0, Code::NotFound);
    for refused in [
        refused(&methods::COMMIT, CommitRequest::default()).1,
        refused(&methods::INTEND, IntendRequest::default()).1,
        refused(&methods::CLAIM, ClaimRequest::default()).1,
        refused(&methods::AGREE, AgreeRequest::default()).1,
    ] {
        assert!(["commitment", "intent", "claim", "agreement"].contains(&refused.as_str()));
    }
}

#[test]
fn intents_are_satisfied_directly_and_through_commitments() {
    book();
    raise("S", "steel", "100 kg");
    let intent = Some(Intent {
        id: "i".into(),
        action: "transfer".into(),
        provider: "ana".into(),
        resource_quantity: q("10", "kg"),
        input_of: String::new(),
        ..Intent::default()
    });
    ok(&methods::INTEND, IntendRequest { intent });
    commit(Commitment { satisfies: "i".into(), resource_quantity: q("8000", "g"), ..commitment("c") });
    yes(give("1", "8 kg"));
    yes(Event { satisfies: "i".into(), ..e("2", "transfer", "2 kg").of("S").by("ana", "bo") });
    assert_eq!(done("i"), ("10".into(), true, false));
    let shown = ok(&methods::PROMISE, PromiseRequest { id: "i".into() }).intent.unwrap();
    assert_eq!(shown.committed_quantity, q("8", "kg"));
    let linked = ok(&methods::EVENTS, EventsRequest { promise: "i".into(), ..Default::default() }).events;
    assert_eq!(linked.len(), 2);
}

#[test]
fn an_agreement_shows_what_is_connected_with_it() {
    book();
    raise("S", "steel", "100 kg");
    work();
    let agreement = Some(Agreement {
        id: "g".into(),
        name: "steel for credit".into(),
        parties: vec!["ana".into(), "bo".into()],
        ..Default::default()
    });
    caller("eve", &[]);
    assert_eq!(refused(&methods::AGREE, AgreeRequest { agreement: agreement.clone() }).1, "R10");
    caller("ana", &[]);
    ok(&methods::AGREE, AgreeRequest { agreement });
    steward();
    commit(Commitment { clause_of: "g".into(), ..commitment("c") });
    commit(Commitment {
        reciprocal_clause_of: "g".into(),
        provider: "bo".into(),
        receiver: "ana".into(),
        resource_conforms_to: "credit".into(),
        resource_quantity: q("50", "one"),
        ..commitment("back")
    });
    let ask = || ok(&methods::AGREEMENT, AgreementRequest { id: "g".into(), ..Default::default() });
    assert!(!ask().fulfilled && ask().settled);
    yes(give("1", "10 kg"));
    let mut named = e("2", "transfer", "50 one").by("bo", "ana");
    named.resource_conforms_to = "credit".into();
    named.fulfills = "back".into();
    named.reciprocal_realization_of = "g".into();
    yes(named);
    let found = ask();
    assert!(found.fulfilled);
    assert_eq!((found.stipulates.len(), found.stipulates_reciprocal.len(), found.events.len()), (1, 1, 2));
    // A claim for an event of the agreement, and its settlement, belong to it too.
    ok(&methods::CLAIM, ClaimRequest { claim: Some(Claim { triggered_by: "1".into(), ..claim() }) });
    assert!(!ask().settled);
    yes(pay("3", "140 one"));
    assert!(ask().settled && ask().claims.len() == 1 && ask().events.len() == 3);
    assert_eq!(
        no(Event { realization_of: "c".into(), ..e("x", "transfer", "1 kg").of("S").by("ana", "bo") }),
        "promise"
    );
    assert_eq!(
        refused(&methods::AGREEMENT, AgreementRequest { id: "c".into(), ..Default::default() }).0,
        Code::NotFound
    );
}

#[test]
fn a_process_shows_events_that_were_planned_for_it() {
    book();
    raise("S", "steel", "100 kg");
    commit(Commitment { input_of: "P".into(), action: "consume".into(), ..commitment("c") });
    yes(Event { fulfills: "c".into(), ..e("1", "consume", "10 kg").of("S").by("ana", "ana") });
    let p = ok(&methods::PROCESS, ProcessRequest { id: "P".into(), ..Default::default() });
    assert_eq!((p.inputs.len(), p.connected.len()), (0, 1));
}
