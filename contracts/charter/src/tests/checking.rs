//! Reports that one call does not hold (G4): the vote opens when all of one is checked.

use super::*;

fn check(world: &mut World, id: &str) -> Result<CheckReportResponse, Refusal> {
    world.call("forge", "anybody", &methods::CHECK_REPORT, &CheckReportRequest { proposal: id.into() })
}

/// A report of so many parts is cited.
fn long(parts: u8) -> (World, ProposeRequest) {
    let mut world = founded();
    world.deploy::<stubs::Value>("forge");
    stubs::long(&mut world, parts);
    let request = care(&mut world, "care", "1.5");
    (world, request)
}

fn announced(world: &World) -> bool {
    world.events().iter().any(|event| event.read::<Proposed>().is_some())
}

#[test]
fn a_vote_opens_when_all_of_its_report_is_checked() {
    let (mut world, request) = long(4);
    let answer = propose(&mut world, &request).unwrap();
    assert_eq!((answer.status(), answer.closes.as_str()), (proposal::Status::Checking, ""));
    assert!(!announced(&world));
    for refusal in [
        vote(&mut world, "ana", "care", Choice::Yes).map(|_| ()),
        close(&mut world, "care").map(|_| ()),
        execute(&mut world, "care").map(|_| ()),
        world.query("forge", &methods::TALLY, &TallyRequest { proposal: "care".into() }).map(|_| ()),
    ] {
        let refusal = refusal.unwrap_err();
        assert!(["G3", "status"].contains(&refusal.rule.as_str()), "{refusal}");
        assert!(refusal.message.contains("is not open yet"), "{refusal}");
    }
    assert!(propose(&mut world, &request).unwrap().known);
    world.days(3);
    for done in [2, 3] {
        let answer = check(&mut world, "care").unwrap();
        assert_eq!(answer.reason, format!("{done} of 4 distributions are checked"));
        assert_eq!(answer.status(), proposal::Status::Checking);
    }
    let answer = check(&mut world, "care").unwrap();
    assert_eq!((answer.status(), answer.reason.as_str()), (proposal::Status::Open, ""));
    assert!(announced(&world));
    // The time to vote begins here.
    let kept = get(&mut world, "care");
    assert_eq!((kept.opened, kept.closes), (world.now().to_string(), answer.closes));
    assert_eq!(kept.whatif[0].base_version, 1);
    assert_eq!(rule(check(&mut world, "care")), "status");
    all_yes(&mut world, "care");
    world.days(21);
    execute(&mut world, "care").unwrap();
}

#[test]
fn a_report_that_comes_to_another_hash_in_the_end_rejects_its_proposal() {
    let (mut world, mut request) = long(2);
    request.whatif[0].report_hash = vec![7; 32];
    // Nobody takes what its author says for checked.
    request.whatif[0].base_version = 1;
    assert_eq!(propose(&mut world, &request).unwrap().status(), proposal::Status::Checking);
    let answer = check(&mut world, "care").unwrap();
    assert_eq!(answer.status(), proposal::Status::Rejected);
    assert!(answer.reason.contains("ask WhatIf again"), "{}", answer.reason);
    let rejected: Rejected = world.events().iter().find_map(|event| event.read()).unwrap();
    assert_eq!(rejected.reason, answer.reason);
    assert_eq!(rule(check(&mut world, "care")), "status");
}

#[test]
fn what_changes_while_a_report_is_checked_is_seen_when_the_vote_opens() {
    let (mut world, request) = long(2);
    propose(&mut world, &request).unwrap();
    stubs::long(&mut world, 1);
    let other = ProposeRequest { id: "other".into(), ..care(&mut world, "care", "1.7") };
    carry(&mut world, &other).unwrap();
    assert_eq!(rule(check(&mut world, "care")), "G1");
    let request = WithdrawRequest { proposal: "care".into() };
    world.call("forge", "ana", &methods::WITHDRAW, &request).unwrap();
    assert_eq!(status(&mut world, "care"), proposal::Status::Withdrawn);
}

#[test]
fn a_report_may_be_over_blocks() {
    let mut world = founded();
    world.deploy::<stubs::Value>("forge");
    let patches = vec![patch(&mut world, stubs::CARE, "1.5")];
    let newest = world.height();
    let mut cite = |range: WhatIf| {
        let whatif = vec![stubs::over(&mut world, "valuation", &patches, range)];
        let request = ProposeRequest { whatif, ..proposal("care", "rules", patches.clone()) };
        propose(&mut world, &request)
    };
    let blocks = |from_height, to_height| WhatIf { from_height, to_height, ..WhatIf::default() };
    for odd in
        [blocks(0, newest), blocks(2, 1), blocks(1, newest + 100), WhatIf { to: "2026-01-01".into(), ..blocks(1, 2) }]
    {
        assert_eq!(rule(cite(odd)), "G4");
    }
    assert_eq!(cite(blocks(1, newest)).unwrap().status(), proposal::Status::Open);
}

#[test]
fn an_amended_proposal_cites_a_report_that_one_call_holds() {
    let (mut world, request) = long(1);
    let request = ProposeRequest { subject: "ecological".into(), ..request };
    propose(&mut world, &request).unwrap();
    let object = ObjectRequest { proposal: "care".into(), reason: "too much".into(), ..ObjectRequest::default() };
    world.call("forge", "affected-1", &methods::OBJECT, &object).unwrap();
    stubs::long(&mut world, 2);
    let ProposeRequest { patches: amended, whatif, .. } = care(&mut world, "less", "1.2");
    let offer = ResolveRequest { proposal: "care".into(), amended, whatif, ..ResolveRequest::default() };
    let refusal = world.call("forge", "ana", &methods::RESOLVE, &offer).unwrap_err();
    assert!(refusal.message.contains("too long to be checked in this call"), "{refusal}");
}
