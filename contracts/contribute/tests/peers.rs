//! Logs and the peers who validate them, where stewards say how.

mod common;

use common::*;
use contribute::{Contract, proto::*};
use stint_sdk::{Code, testing::World};

#[test]
fn ana_logs_130_hours_and_her_peers_accept_120() {
    let mut world = forge();
    assert_eq!(log(&mut world, "ana", &hours("e18", "130", "2026-02-01", "2026-02-20")), Ok(LogResponse::default()));
    let first = say(&mut world, "bo", "e18", "120").unwrap();
    assert_eq!((first.status(), first.missing, first.accepted.as_str()), (Status::Claimed, 1, ""));
    assert!(validated(&mut world, Order::OldestFirst).is_empty());
    let second = say(&mut world, "cy", "e18", "120").unwrap();
    assert_eq!((second.status(), second.missing, second.accepted.as_str()), (Status::Validated, 0, "120"));
    let announced: Validated = world.events().iter().find_map(|e| e.read()).unwrap();
    assert_eq!((announced.logged.as_str(), announced.accepted.as_str()), ("130", "120"));
    // What was logged stays, and the difference is visible.
    let entry = get(&mut world, "e18");
    assert_eq!(entry.logged.unwrap().value, "130");
    assert_eq!(entry.validations.len(), 2);
    assert_eq!(validated(&mut world, Order::OldestFirst), [("e18".to_string(), "120".to_string())]);
    // Her days hold what was accepted.
    assert_eq!(day(&mut world, "forge", "ana", "2026-02-01"), 6 * HOUR);
}

#[test]
fn the_lower_median_of_an_even_number_is_accepted_and_later_peers_move_it() {
    let mut world = forge();
    log(&mut world, "ana", &hours("w", "20", "", "2026-02-20")).unwrap();
    say(&mut world, "bo", "w", "10").unwrap();
    assert_eq!(say(&mut world, "cy", "w", "16").unwrap().accepted, "10");
    assert_eq!(say(&mut world, "eve", "w", "20").unwrap().accepted, "16");
    // A peer may think again while the window is open.
    assert_eq!(say(&mut world, "cy", "w", "12").unwrap().accepted, "12");
    assert_eq!(get(&mut world, "w").validations.len(), 3);
    assert_eq!(validated(&mut world, Order::AsValidated), [("w".to_string(), "12".to_string())]);
}

#[test]
fn saying_the_same_again_changes_nothing() {
    let mut world = forge();
    let request = hours("w", "8", "", "2026-02-20");
    assert!(!log(&mut world, "ana", &request).unwrap().known);
    assert!(log(&mut world, "ana", &request).unwrap().known);
    assert!(world.events().is_empty());
    assert_eq!(day(&mut world, "forge", "ana", "2026-02-20"), 8 * HOUR);
    let other = LogRequest { note: "other".into(), ..request };
    assert_eq!(rule(log(&mut world, "ana", &other)), refused(Code::AlreadyExists, "id"));
    assert!(!say(&mut world, "bo", "w", "8").unwrap().known);
    assert!(say(&mut world, "bo", "w", "8").unwrap().known);
    assert!(world.events().is_empty());
}

#[test]
fn c1_nobody_validates_their_own_and_only_the_circle_validates() {
    let mut world = forge();
    log(&mut world, "ana", &hours("w", "8", "", "2026-02-20")).unwrap();
    assert_eq!(rule(say(&mut world, "ana", "w", "8")), refused(Code::PermissionDenied, "C-1"));
    assert_eq!(rule(say(&mut world, "stranger", "w", "8")), refused(Code::PermissionDenied, "C-1"));
    assert_eq!(rule(say(&mut world, "steward", "w", "8")), refused(Code::PermissionDenied, "C-1"));
    assert_eq!(rule(say(&mut world, "bo", "none", "8")), refused(Code::NotFound, "log"));
}

#[test]
fn c2_without_a_rule_nothing_is_logged() {
    let mut world = World::new();
    world.deploy::<Contract>("forge");
    world.member("forge", "steward", &["steward"]);
    let request = LogRequest { author: "ana".into(), ..hours("w", "8", "", "2026-01-01") };
    assert_eq!(rule(log(&mut world, "steward", &request)), refused(Code::FailedPrecondition, "C-2"));
    let shown = world.query("forge", &methods::GET_PARAMS, &GetParamsRequest {});
    assert_eq!(rule(shown), refused(Code::FailedPrecondition, "C-2"));
}

#[test]
fn c2_no_more_than_64_peers_speak_of_one_log() {
    let mut world = forge();
    log(&mut world, "ana", &hours("w", "8", "", "2026-02-20")).unwrap();
    for n in 0..65 {
        let peer = format!("p{n}");
        world.member("forge", &peer, &["worker"]);
        let said = say(&mut world, &peer, "w", "8");
        if n < 64 {
            said.unwrap();
        } else {
            assert_eq!(rule(said), refused(Code::ResourceExhausted, "C-2"));
        }
    }
}

#[test]
fn c3_nobody_accepts_more_than_was_logged() {
    let mut world = forge();
    log(&mut world, "ana", &hours("w", "8", "", "2026-02-20")).unwrap();
    assert_eq!(rule(say(&mut world, "bo", "w", "8.000001")), refused(Code::FailedPrecondition, "C-3"));
    assert_eq!(rule(say(&mut world, "bo", "w", "-1")), refused(Code::InvalidArgument, "accepted"));
    assert_eq!(rule(say(&mut world, "bo", "w", "much")), refused(Code::InvalidArgument, "decimal"));
    say(&mut world, "bo", "w", "8").unwrap();
}

#[test]
fn c4_a_day_has_24_hours_and_work_of_several_days_is_spread_over_them() {
    let mut world = forge();
    assert_eq!(
        rule(log(&mut world, "ana", &hours("a", "130", "", "2026-02-20"))),
        refused(Code::FailedPrecondition, "C-4")
    );
    log(&mut world, "ana", &hours("a", "48", "2026-02-17", "2026-02-20")).unwrap();
    assert_eq!(day(&mut world, "forge", "ana", "2026-02-18"), 12 * HOUR);
    // Twelve and twelve are a day, and more than the limit; no second is left.
    assert_eq!(log(&mut world, "ana", &hours("b", "12", "", "2026-02-18")).unwrap().flags, ["day-limit"]);
    let second = LogRequest {
        quantity: Some(Quantity { value: "1".into(), unit: "s".into() }),
        ..hours("c", "", "", "2026-02-18")
    };
    let refusal = log(&mut world, "ana", &second).unwrap_err();
    assert_eq!(refusal.rule, "C-4");
    assert!(refusal.message.contains("24 h"), "{refusal}");
    // Other units than those of time occupy no day.
    let kilos = LogRequest {
        quantity: Some(Quantity { value: "500".into(), unit: "kg".into() }),
        ..hours("d", "", "", "2026-02-18")
    };
    log(&mut world, "ana", &kilos).unwrap();
    // What peers do not accept is free again.
    say(&mut world, "bo", "b", "0").unwrap();
    assert_eq!(say(&mut world, "cy", "b", "0").unwrap().status(), Status::Rejected);
    log(&mut world, "ana", &second).unwrap();
}

#[test]
fn c4_peers_cannot_raise_a_day_above_24_hours() {
    let mut world = forge();
    log(&mut world, "ana", &hours("a", "24", "", "2026-02-18")).unwrap();
    say(&mut world, "bo", "a", "4").unwrap();
    say(&mut world, "cy", "a", "4").unwrap();
    log(&mut world, "ana", &hours("b", "20", "", "2026-02-18")).unwrap();
    assert_eq!(rule(say(&mut world, "bo", "a", "24").and_then(|_| say(&mut world, "cy", "a", "24"))).1, "C-4");
}

#[test]
fn c4_the_hours_of_sister_commons_count_towards_the_same_day() {
    let mut world = forge();
    world.deploy::<Contract>("mend");
    world.member("mend", "steward", &["steward"]);
    configured("mend", &mut world, &[("sisters.1", "forge")]);
    configured("forge", &mut world, &[("circle", "worker"), ("sisters.1", "mend"), ("sisters.2", "gone")]);
    let at_mend = LogRequest { author: "ana".into(), ..hours("m", "20", "", "2026-02-18") };
    world.call("mend", "steward", &methods::LOG, &at_mend).unwrap();
    let refusal = log(&mut world, "ana", &hours("a", "5", "", "2026-02-18")).unwrap_err();
    assert_eq!(refusal.rule, "C-4");
    assert!(refusal.message.contains("25 h on 2026-02-18") && refusal.message.contains("20 h in sister"), "{refusal}");
    // A sister that does not answer is named, so that peers look twice.
    assert_eq!(log(&mut world, "ana", &hours("a", "4", "", "2026-02-18")).unwrap().flags, ["day-limit", "unseen:gone"]);
    // The other way round the day is full, too.
    let more = LogRequest { id: "n".into(), ..at_mend.clone() };
    assert_eq!(rule(world.call("mend", "steward", &methods::LOG, &more)).1, "C-4");
}

#[test]
fn c5_the_window_closes_and_what_waited_expires() {
    let mut world = forge();
    log(&mut world, "ana", &hours("w", "8", "", "2026-02-20")).unwrap();
    say(&mut world, "bo", "w", "8").unwrap();
    assert_eq!(rule(expire(&mut world, "w")), refused(Code::FailedPrecondition, "C-5"));
    world.days(30);
    assert!(say(&mut world, "bo", "w", "7").is_ok());
    world.days(1);
    assert_eq!(rule(say(&mut world, "cy", "w", "8")), refused(Code::FailedPrecondition, "C-5"));
    assert_eq!(rule(dispute(&mut world, "ana", "w")), refused(Code::FailedPrecondition, "C-5"));
    expire(&mut world, "w").unwrap();
    assert_eq!(get(&mut world, "w").status(), Status::Expired);
    assert_eq!(day(&mut world, "forge", "ana", "2026-02-20"), 0);
    assert_eq!(rule(expire(&mut world, "w")), refused(Code::FailedPrecondition, "status"));
    assert_eq!(rule(say(&mut world, "cy", "w", "8")), refused(Code::FailedPrecondition, "status"));
}

#[test]
fn c6_pairs_who_mostly_validate_each_other_are_shown() {
    let mut world = forge();
    for (n, author) in ["ana", "ana", "bo", "bo", "cy"].into_iter().enumerate() {
        log(&mut world, author, &hours(&format!("w{n}"), "1", "", "2026-02-20")).unwrap();
    }
    for (peer, id) in [("bo", "w0"), ("bo", "w1"), ("ana", "w2"), ("ana", "w3"), ("ana", "w4"), ("cy", "w0")] {
        say(&mut world, peer, id, "1").unwrap();
    }
    let ask = |world: &mut World, above_basis_points, from: &str| {
        let period = Some(Period { from: from.into(), until: String::new() });
        world.query("forge", &methods::RECIPROCITY, &ReciprocityRequest { period, above_basis_points }).unwrap()
    };
    let report = ask(&mut world, 0, "");
    assert_eq!(report.validations, 6);
    let pair = Pair { a: "ana".into(), b: "bo".into(), a_for_b: 2, a_all: 3, b_for_a: 2, b_all: 2, basis_points: 6666 };
    assert_eq!(report.pairs, [pair]);
    assert!(ask(&mut world, 6666, "").pairs.is_empty());
    assert_eq!(ask(&mut world, 1, "").pairs.len(), 2);
    assert_eq!(ask(&mut world, 1, "2026-03-03").validations, 0);
}

#[test]
fn a_dispute_is_resolved_by_somebody_who_is_no_party_to_it() {
    let mut world = forge();
    log(&mut world, "ana", &hours("w", "8", "", "2026-02-20")).unwrap();
    assert_eq!(rule(resolve(&mut world, "steward", "w", "4")), refused(Code::FailedPrecondition, "status"));
    assert_eq!(rule(dispute(&mut world, "stranger", "w")), refused(Code::PermissionDenied, "C-1"));
    let silent = DisputeRequest { log: "w".into(), reason: " ".into() };
    assert_eq!(rule(world.call("forge", "bo", &methods::DISPUTE, &silent)), refused(Code::InvalidArgument, "reason"));
    say(&mut world, "bo", "w", "8").unwrap();
    say(&mut world, "cy", "w", "8").unwrap();
    dispute(&mut world, "eve", "w").unwrap();
    assert!(validated(&mut world, Order::OldestFirst).is_empty());
    assert_eq!(rule(dispute(&mut world, "ana", "w")), refused(Code::FailedPrecondition, "status"));
    assert_eq!(rule(say(&mut world, "bo", "w", "7")), refused(Code::FailedPrecondition, "status"));
    for party in ["ana", "eve", "bo"] {
        world.member("forge", party, &["worker", if party == "bo" { "worker" } else { "steward" }]);
        assert_eq!(rule(resolve(&mut world, party, "w", "4")), refused(Code::PermissionDenied, "resolver"), "{party}");
    }
    assert_eq!(rule(resolve(&mut world, "steward", "w", "9")), refused(Code::FailedPrecondition, "C-3"));
    assert_eq!(resolve(&mut world, "steward", "w", "4").unwrap().status(), Status::Validated);
    assert_eq!(validated(&mut world, Order::OldestFirst), [("w".to_string(), "4".to_string())]);
    // For good.
    assert_eq!(rule(dispute(&mut world, "ana", "w")), refused(Code::FailedPrecondition, "status"));
    assert_eq!(rule(say(&mut world, "bo", "w", "8")), refused(Code::FailedPrecondition, "status"));
}

#[test]
fn an_author_disputes_a_rejection_and_a_resolution_may_uphold_it() {
    let mut world = forge();
    log(&mut world, "ana", &hours("w", "8", "", "2026-02-20")).unwrap();
    say(&mut world, "bo", "w", "0").unwrap();
    say(&mut world, "cy", "w", "0").unwrap();
    dispute(&mut world, "ana", "w").unwrap();
    assert_eq!(resolve(&mut world, "steward", "w", "0").unwrap().status(), Status::Rejected);
}

#[test]
fn who_may_log_for_whom() {
    let mut world = forge();
    let for_dee = LogRequest { author: "dee".into(), ..hours("w", "8", "", "2026-02-20") };
    assert_eq!(rule(log(&mut world, "ana", &for_dee)), refused(Code::PermissionDenied, "author"));
    assert_eq!(rule(log(&mut world, "dee", &for_dee)), refused(Code::PermissionDenied, "author"));
    log(&mut world, "steward", &for_dee).unwrap();
    let entry = get(&mut world, "w");
    assert_eq!((entry.author.as_str(), entry.logged_by.as_str()), ("dee", "steward"));
}

#[test]
fn malformed_logs_are_refused_by_field() {
    let mut world = forge();
    let good = hours("w", "8", "", "2026-02-20");
    let mut refused = |change: &dyn Fn(&mut LogRequest)| {
        let mut request = good.clone();
        change(&mut request);
        rule(log(&mut world, "ana", &request)).1
    };
    let quantity = |value: &str, unit: &str| Some(Quantity { value: value.into(), unit: unit.into() });
    assert_eq!(refused(&|r| r.id = "a/b".into()), "id");
    assert_eq!(refused(&|r| r.author = "a b".into()), "author");
    assert_eq!(refused(&|r| r.stream = String::new()), "stream");
    assert_eq!(refused(&|r| r.kind = "a b".into()), "kind");
    assert_eq!(refused(&|r| r.to = "a b".into()), "to");
    assert_eq!(refused(&|r| r.event = "a b".into()), "event");
    assert_eq!(refused(&|r| r.event = "e18".into()), "event");
    assert_eq!(refused(&|r| r.claim_type = 4), "claim-type");
    assert_eq!(refused(&|r| r.note = "x".repeat(4097)), "note");
    assert_eq!(refused(&|r| r.quantity = None), "quantity");
    assert_eq!(refused(&|r| r.quantity = quantity("0", "h")), "quantity");
    assert_eq!(refused(&|r| r.quantity = quantity("1000000000000", "kg")), "quantity");
    assert_eq!(refused(&|r| r.quantity = quantity("1", "")), "unit");
    assert_eq!(refused(&|r| r.quantity = quantity("1", "k g")), "unit");
    assert_eq!(refused(&|r| r.date = "soon".into()), "date");
    assert_eq!(refused(&|r| r.date = "2026-03-04".into()), "future");
    assert_eq!(refused(&|r| r.from = "2026-02-21".into()), "date");
    assert_eq!(refused(&|r| r.from = "2025-11-20".into()), "date");
    assert_eq!(refused(&|r| r.attributes = (0..17).map(|n| (n.to_string(), "1".to_string())).collect()), "attributes");
    assert_eq!(refused(&|r| r.attributes = [("rate".to_string(), "x".repeat(65))].into()), "attributes");
    let cite = |id: &str, weight: &str| Citation { id: id.into(), weight: weight.into() };
    assert_eq!(refused(&|r| r.cites = vec![cite("later", "1")]), "cites");
    assert_eq!(refused(&|r| r.cites = vec![cite("w", "1")]), "cites");
    assert_eq!(refused(&|r| r.cites = vec![cite("x", "0")]), "weight");
    assert_eq!(refused(&|r| r.cites = vec![cite("x", "1"), cite("x", "1")]), "cites");
    assert_eq!(refused(&|r| r.cites = (0..17).map(|n| cite(&n.to_string(), "1")).collect()), "cites");
    log(&mut world, "ana", &good).unwrap();
    let citing = LogRequest { cites: vec![cite("w", "0.5")], ..hours("v", "1", "", "2026-02-21") };
    log(&mut world, "ana", &citing).unwrap();
}

#[test]
fn words_beside_a_log_have_their_bounds() {
    let mut world = forge();
    log(&mut world, "ana", &hours("w", "8", "", "2026-02-20")).unwrap();
    let note = ValidateRequest { log: "w".into(), accepted: "8".into(), note: "x".repeat(501) };
    assert_eq!(rule(world.call("forge", "bo", &methods::VALIDATE, &note)), refused(Code::InvalidArgument, "note"));
    let reason = DisputeRequest { log: "w".into(), reason: "x".repeat(1001) };
    assert_eq!(rule(world.call("forge", "bo", &methods::DISPUTE, &reason)), refused(Code::InvalidArgument, "reason"));
    dispute(&mut world, "bo", "w").unwrap();
    let note = ResolveRequest { log: "w".into(), accepted: "8".into(), note: "x".repeat(1001) };
    let answer = world.call("forge", "steward", &methods::RESOLVE, &note);
    assert_eq!(rule(answer), refused(Code::InvalidArgument, "note"));
    let ask = |world: &mut World, from: &str, to: &str| {
        let request = GetHoursRequest { agent: "ana".into(), from: from.into(), to: to.into() };
        world.query("forge", &methods::GET_HOURS, &request)
    };
    for (from, to) in [("", ""), ("2026-01-02", "2026-01-01"), ("2026-01-01", "2026-06-01")] {
        assert_eq!(rule(ask(&mut world, from, to)), refused(Code::InvalidArgument, "date"));
    }
    let missing = world.query("forge", &methods::GET_LOG, &GetLogRequest { log: "none".into() });
    assert_eq!(rule(missing), refused(Code::NotFound, "log"));
}

#[test]
fn malformed_params_are_refused() {
    let mut world = forge();
    let mut refused = |agent: &str, pairs: &[(&str, &str)]| {
        rule(world.call("forge", agent, &methods::CONFIGURE, &ConfigureRequest { params: params(pairs) })).1
    };
    assert_eq!(refused("ana", &[]), "role");
    for wrong in [
        ("k", "0"),
        ("k", "65"),
        ("k", "two"),
        ("window_days", "0"),
        ("window", "3"),
        ("day_limit_h", "25"),
        ("day_limit_h", "-1"),
    ] {
        assert_eq!(refused("steward", &[wrong]), "params", "{wrong:?}");
    }
    assert_eq!(refused("steward", &[("circle", "a b")]), "circle");
    assert_eq!(refused("steward", &[("sisters.1", "a b")]), "sisters");
    let many: Vec<(String, &str)> = (1..10).map(|n| (format!("sisters.{n}"), "mend")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(p, v)| (p.as_str(), *v)).collect();
    assert_eq!(refused("steward", &many), "params");
}

#[test]
fn logs_are_listed_by_author_status_and_stream() {
    let mut world = forge();
    for n in 0..7 {
        let author = if n % 2 == 0 { "ana" } else { "bo" };
        let stream = if n % 3 == 0 { "care" } else { "work" };
        log(
            &mut world,
            author,
            &LogRequest { stream: stream.into(), ..hours(&format!("w{n}"), "1", "", "2026-02-20") },
        )
        .unwrap();
    }
    for peer in ["cy", "eve"] {
        say(&mut world, peer, "w1", "1").unwrap();
    }
    let walk = |world: &mut World, request: ListLogsRequest| {
        let (mut ids, mut request) = (Vec::new(), ListLogsRequest { page_size: 2, ..request });
        loop {
            let page = world.query("forge", &methods::LIST_LOGS, &request).unwrap();
            assert!(page.logs.len() <= 2);
            ids.extend(page.logs.into_iter().map(|l| l.id));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return ids;
            }
        }
    };
    assert_eq!(walk(&mut world, ListLogsRequest::default()).len(), 7);
    assert_eq!(
        walk(&mut world, ListLogsRequest { author: "ana".into(), ..Default::default() }),
        ["w0", "w2", "w4", "w6"]
    );
    assert_eq!(walk(&mut world, ListLogsRequest { stream: "care".into(), ..Default::default() }), ["w0", "w3", "w6"]);
    let by = |status: Status| ListLogsRequest { status: status.into(), ..Default::default() };
    assert_eq!(walk(&mut world, by(Status::Validated)), ["w1"]);
    assert_eq!(walk(&mut world, by(Status::Claimed)).len(), 6);
    let two = ListLogsRequest { author: "ana".into(), stream: "care".into(), ..Default::default() };
    assert_eq!(rule(world.query("forge", &methods::LIST_LOGS, &two)).1, "list");
    let broken = ListLogsRequest { page_token: "x".into(), ..Default::default() };
    assert_eq!(rule(world.query("forge", &methods::LIST_LOGS, &broken)).1, "page-token");
    // What waits for bo: not his own, and not what he has spoken of.
    say(&mut world, "bo", "w2", "1").unwrap();
    let mut ids = Vec::new();
    let mut request = PendingRequest { validator: "bo".into(), page_size: 1, page_token: String::new() };
    loop {
        let page = world.query("forge", &methods::PENDING, &request).unwrap();
        ids.extend(page.logs.into_iter().map(|l| l.id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(ids, ["w0", "w4", "w6"]);
}

#[test]
fn what_is_validated_is_paged_by_date_both_ways_and_as_it_was_validated() {
    let mut world = forge();
    let dates = ["2026-02-03", "2026-02-01", "2026-02-02", "2026-02-02", "2026-02-05"];
    for (n, date) in dates.iter().enumerate() {
        log(&mut world, "ana", &hours(&format!("w{n}"), "1", "", date)).unwrap();
        say(&mut world, "bo", &format!("w{n}"), "1").unwrap();
        say(&mut world, "cy", &format!("w{n}"), "1").unwrap();
    }
    let walk = |world: &mut World, order: Order, from: &str, until: &str| {
        let period = Some(Period { from: from.into(), until: until.into() });
        let mut request = ListValidatedRequest { period, order: order.into(), page_size: 2, ..Default::default() };
        let mut ids = Vec::new();
        loop {
            let page = world.query("forge", &methods::LIST_VALIDATED, &request).unwrap();
            assert!(page.contributions.len() <= 2 && page.newest == 5);
            ids.extend(page.contributions.into_iter().map(|c| c.id));
            request.page_token = page.next_page_token;
            request.after = page.last;
            let done = if order == Order::AsValidated { page.last == 5 } else { request.page_token.is_empty() };
            if done {
                return ids;
            }
        }
    };
    assert_eq!(walk(&mut world, Order::OldestFirst, "", ""), ["w1", "w2", "w3", "w0", "w4"]);
    assert_eq!(walk(&mut world, Order::NewestFirst, "", ""), ["w4", "w0", "w3", "w2", "w1"]);
    assert_eq!(walk(&mut world, Order::AsValidated, "", ""), ["w0", "w1", "w2", "w3", "w4"]);
    assert_eq!(walk(&mut world, Order::OldestFirst, "2026-02-02", "2026-02-05"), ["w2", "w3", "w0"]);
    assert_eq!(walk(&mut world, Order::NewestFirst, "2026-02-02", "2026-02-05"), ["w0", "w3", "w2"]);
    let broken = ListValidatedRequest { page_token: "x".into(), ..Default::default() };
    assert_eq!(rule(world.query("forge", &methods::LIST_VALIDATED, &broken)).1, "page-token");
}
