//! Logs where a charter says who validates, and a book says what was done.

mod common;

use common::{
    mocks::{ACT, Book, Charter, Do, Recorded, Rule, Seat, Standing, TELL_BOOK, TELL_CHARTER, Tell, work},
    *,
};
use contribute::{Contract, proto::*};
use prost::Message;
use stint_sdk::{Code, testing::World};

const WORKER: i32 = 1;
const STEWARD: i32 = 4;

/// Forge with a charter, whose seats validate, and a book.
fn chartered(pairs: &[(&str, &str)]) -> World {
    let mut world = World::new();
    world.deploy::<Contract>("forge");
    world.deploy::<Charter>("forge");
    world.deploy::<Book>("forge");
    world.days(60);
    let param = |(path, value): &(&str, &str)| mocks::Param { path: (*path).into(), value: (*value).into() };
    let rule = Rule { params: pairs.iter().map(param).collect(), ..Rule::default() };
    tell(&mut world, "GetRule/contribution/2026-01-01", &rule);
    for (agent, class) in [("ana", WORKER), ("bo", WORKER), ("cy", WORKER), ("sue", STEWARD)] {
        seat(&mut world, agent, class, &[]);
    }
    world
}

fn tell(world: &mut World, what: &str, answer: &impl Message) {
    let request = Tell { what: what.into(), answer: answer.encode_to_vec() };
    world.call("forge", "test", &TELL_CHARTER, &request).unwrap();
}

fn seat(world: &mut World, agent: &str, class: i32, suspended: &[i32]) {
    let standing = Standing { seats: vec![Seat { id: "s".into(), class }], suspended: suspended.to_vec() };
    tell(world, &format!("GetStanding/{agent}"), &standing);
}

fn event(world: &mut World, id: &str, recorded: &Recorded) {
    let request = Tell { what: format!("GetEvent/{id}"), answer: recorded.encode_to_vec() };
    world.call("forge", "test", &TELL_BOOK, &request).unwrap();
}

fn of_event(id: &str) -> LogRequest {
    LogRequest { id: format!("l-{id}"), event: id.into(), stream: "work".into(), ..LogRequest::default() }
}

#[test]
fn a_log_takes_quantity_kind_and_days_from_the_book() {
    let mut world = chartered(&[("circle", "worker")]);
    event(&mut world, "e18", &work("e18", "ana", "130", "2026-02-01", "2026-02-20T17:00:00Z"));
    log(&mut world, "ana", &of_event("e18")).unwrap();
    let entry = get(&mut world, "l-e18");
    assert_eq!((entry.kind.as_str(), entry.from.as_str(), entry.date.as_str()), ("work", "2026-02-01", "2026-02-20"));
    assert_eq!(entry.logged, Some(Quantity { value: "130".into(), unit: "h".into() }));
    assert_eq!(entry.k, 2);
    say(&mut world, "bo", "l-e18", "120").unwrap();
    // The book is corrected: nobody accepts more than is left.
    event(&mut world, "e18", &work("e18", "ana", "110", "2026-02-01", "2026-02-20"));
    assert_eq!(rule(say(&mut world, "cy", "l-e18", "120")), refused(Code::FailedPrecondition, "C-3"));
    assert_eq!(say(&mut world, "cy", "l-e18", "110").unwrap().accepted, "110");
}

#[test]
fn the_charters_circle_validates_and_its_sanctions_hold() {
    let mut world = chartered(&[("circle", "worker"), ("k", "1")]);
    event(&mut world, "e1", &work("e1", "ana", "8", "2026-02-20", "2026-02-20"));
    // A suspended author claims nothing.
    seat(&mut world, "ana", WORKER, &[2]);
    assert_eq!(rule(log(&mut world, "ana", &of_event("e1"))), refused(Code::PermissionDenied, "standing"));
    seat(&mut world, "ana", WORKER, &[1]);
    log(&mut world, "ana", &of_event("e1")).unwrap();
    assert_eq!(rule(say(&mut world, "sue", "l-e1", "8")), refused(Code::PermissionDenied, "C-1"));
    assert_eq!(rule(say(&mut world, "nobody", "l-e1", "8")), refused(Code::PermissionDenied, "C-1"));
    seat(&mut world, "bo", WORKER, &[3]);
    assert_eq!(rule(say(&mut world, "bo", "l-e1", "8")), refused(Code::PermissionDenied, "standing"));
    let waiting = |world: &mut World, validator: &str| {
        let request = PendingRequest { validator: validator.into(), ..Default::default() };
        world.query("forge", &methods::PENDING, &request).unwrap().logs.len()
    };
    assert_eq!((waiting(&mut world, "bo"), waiting(&mut world, "sue"), waiting(&mut world, "cy")), (0, 0, 1));
    assert_eq!(say(&mut world, "cy", "l-e1", "8").unwrap().status(), Status::Validated);
    let shown = world.query("forge", &methods::GET_PARAMS, &GetParamsRequest {}).unwrap();
    assert!(shown.by_charter && shown.k == 1 && shown.circle == "worker" && shown.window_days == 30);
}

#[test]
fn what_the_book_does_not_hold_for_good_is_not_logged() {
    let mut world = chartered(&[]);
    let good = work("e", "ana", "8", "2026-02-20", "2026-02-20");
    let changed = |change: &dyn Fn(&mut Recorded)| {
        let mut event = good.clone();
        change(&mut event);
        event
    };
    let wrong: [&dyn Fn(&mut Recorded); 4] = [
        &|e| e.pending = true,
        &|e| e.event.as_mut().unwrap().corrects = "e0".into(),
        &|e| e.net_effort = None,
        &|e| e.net_effort.as_mut().unwrap().value = "0".into(),
    ];
    for change in wrong {
        event(&mut world, "e", &changed(change));
        let refusal = rule(log(&mut world, "ana", &of_event("e")));
        assert_eq!(refusal, refused(Code::FailedPrecondition, "event"));
    }
    assert_eq!(rule(log(&mut world, "ana", &of_event("missing"))).0, Code::NotFound);
    event(&mut world, "e", &good);
    // Somebody else's event, and one's own words beside the book's.
    assert_eq!(rule(log(&mut world, "bo", &of_event("e"))), refused(Code::PermissionDenied, "author"));
    let own = LogRequest { date: "2026-02-20".into(), ..of_event("e") };
    assert_eq!(rule(log(&mut world, "ana", &own)), refused(Code::InvalidArgument, "event"));
    assert_eq!(
        rule(log(&mut world, "ana", &hours("w", "8", "", "2026-02-20"))),
        refused(Code::FailedPrecondition, "event")
    );
    log(&mut world, "ana", &of_event("e")).unwrap();
    // An event is claimed once.
    let again = LogRequest { id: "again".into(), ..of_event("e") };
    assert_eq!(rule(log(&mut world, "ana", &again)), refused(Code::AlreadyExists, "event"));
}

#[test]
fn an_event_whose_log_expired_can_be_logged_again() {
    let mut world = chartered(&[("window_days", "1")]);
    event(&mut world, "e", &work("e", "ana", "8", "2026-02-20", "2026-02-20"));
    log(&mut world, "ana", &of_event("e")).unwrap();
    world.days(2);
    expire(&mut world, "l-e").unwrap();
    log(&mut world, "ana", &LogRequest { id: "again".into(), ..of_event("e") }).unwrap();
}

#[test]
fn the_provider_of_an_event_logs_it_without_a_seat() {
    let mut world = chartered(&[]);
    event(&mut world, "e", &work("e", "dee", "8", "2026-02-20", "2026-02-20"));
    log(&mut world, "dee", &of_event("e")).unwrap();
    assert_eq!(get(&mut world, "l-e").author, "dee");
}

#[test]
fn with_a_charter_the_commons_itself_resolves_or_the_body_it_names() {
    let mut world = chartered(&[("k", "1")]);
    for id in ["e", "f"] {
        event(&mut world, id, &work(id, "ana", "8", "2026-02-20", "2026-02-20"));
        log(&mut world, "ana", &of_event(id)).unwrap();
        dispute(&mut world, "bo", &format!("l-{id}")).unwrap();
    }
    assert_eq!(rule(resolve(&mut world, "sue", "l-e", "4")), refused(Code::PermissionDenied, "resolver"));
    let request = ResolveRequest { log: "l-e".into(), accepted: "4".into(), note: "proposal 7".into() };
    let call = Do { method: "/stint.contribute.v1.Contribute/Resolve".into(), request: request.encode_to_vec() };
    world.call("forge", "anybody", &ACT, &call).unwrap();
    assert_eq!(get(&mut world, "l-e").decided.unwrap().by, "forge/stint.charter.v1.Charter");
    let stewards =
        Rule { params: vec![mocks::Param { path: "resolver".into(), value: "steward".into() }], ..Rule::default() };
    tell(&mut world, "GetRule/contribution/2026-02-01", &stewards);
    assert_eq!(rule(resolve(&mut world, "cy", "l-f", "4")), refused(Code::PermissionDenied, "resolver"));
    assert_eq!(resolve(&mut world, "sue", "l-f", "4").unwrap().status(), Status::Validated);
}

#[test]
fn a_charter_says_how_logs_are_validated_and_nobody_else() {
    let mut world = chartered(&[]);
    world.member("forge", "steward", &["steward"]);
    let request = ConfigureRequest { params: params(&[("k", "1")]) };
    assert_eq!(
        rule(world.call("forge", "steward", &methods::CONFIGURE, &request)),
        refused(Code::FailedPrecondition, "charter")
    );
    let mut silent = World::new();
    silent.deploy::<Contract>("forge");
    silent.deploy::<Charter>("forge");
    let shown = silent.query("forge", &methods::GET_PARAMS, &GetParamsRequest {});
    assert_eq!(rule(shown), refused(Code::FailedPrecondition, "C-2"));
}
