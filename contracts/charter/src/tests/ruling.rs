//! Rules: from when they hold (G5), and what a change would have done (G4).

use super::*;

const DIGITS: &str = "/rules/credit/params/digits";

fn versions(world: &mut World, slot: &str) -> Vec<(u32, String)> {
    let request = ListRulesRequest { slot: slot.into(), ..ListRulesRequest::default() };
    let rules = world.query("forge", &methods::LIST_RULES, &request).unwrap().rules;
    rules.into_iter().map(|rule| (rule.version, rule.from)).collect()
}

#[test]
fn no_rule_is_retroactive() {
    let mut world = founded();
    let digits = patch(&mut world, DIGITS, "3");
    let from = |world: &mut World, id: &str, from: &str| {
        let patches = vec![digits.clone(), patch(world, "/rules/credit/from", from)];
        propose(world, &proposal(id, "rules", patches))
    };
    // Open for 14 days, queued for 7: it cannot hold before 2026-01-22.
    for date in ["2025-06-01", "2026-01-01", "2026-01-21T23:59:59Z"] {
        let refusal = from(&mut world, "p", date).unwrap_err();
        assert_eq!((refusal.code, refusal.rule.as_str()), (Code::FailedPrecondition, "G5"), "{date}");
        assert_eq!(refusal.details["earliest"], "2026-01-22");
    }
    from(&mut world, "p", "2026-01-25").unwrap();
    all_yes(&mut world, "p");
    // Carried out too late, it would be retroactive after all.
    world.days(26);
    assert_eq!(rule(execute(&mut world, "p")), "G5");
    assert_eq!(versions(&mut world, "credit"), [(1, "2025-01-01".to_string())]);
}

#[test]
fn a_rule_holds_from_its_execution_unless_it_says_later() {
    let mut world = founded();
    let digits = patch(&mut world, DIGITS, "3");
    carry(&mut world, &proposal("now", "rules", vec![digits])).unwrap();
    let later = vec![patch(&mut world, DIGITS, "4"), patch(&mut world, "/rules/credit/from", "2026-06-01")];
    carry(&mut world, &proposal("later", "rules", later)).unwrap();
    let expected = [(1, "2025-01-01".into()), (2, "2026-01-22".into()), (3, "2026-06-01".to_string())];
    assert_eq!(versions(&mut world, "credit"), expected);
    let mut digits = |at: &str| {
        let request = GetRuleRequest { slot: "credit".into(), at: at.into() };
        let rule = world.query("forge", &methods::GET_RULE, &request).unwrap();
        assert_eq!(rule.params_hash.len(), 32);
        rule.params.into_iter().find(|p| p.path == "digits").unwrap().value
    };
    assert_eq!(
        [digits("2025-01-01"), digits("2026-01-22"), digits("2026-05-31"), digits("2027-01-01")],
        ["2", "3", "3", "4"]
    );
    let before = GetRuleRequest { slot: "credit".into(), at: "2024-12-31T23:59:59Z".into() };
    assert_eq!(refused(world.query("forge", &methods::GET_RULE, &before)), (Code::NotFound, "rule".into()));
    // Versions stay in order: what comes after the third holds from its date or later.
    let early = patch(&mut world, DIGITS, "5");
    let refusal = propose(&mut world, &proposal("early", "rules", vec![early.clone()])).unwrap_err();
    assert_eq!((refusal.rule.as_str(), refusal.details["earliest"].as_str()), ("G5", "2026-06-01"));
    let same = vec![early, patch(&mut world, "/rules/credit/from", "2026-06-01")];
    carry(&mut world, &proposal("same", "rules", same)).unwrap();
    let request = GetRuleRequest { slot: "credit".into(), at: "2026-06-01".into() };
    assert_eq!(world.query("forge", &methods::GET_RULE, &request).unwrap().version, 4);
}

#[test]
fn a_slot_begins_and_ends_by_patches() {
    let mut world = founded();
    let module = "07".repeat(32);
    let begins = patch(&mut world, "/rules/streams", &format!("module: {module}\nparams/livelihood: 7500"));
    carry(&mut world, &proposal("begin", "rules", vec![begins])).unwrap();
    let request = GetRuleRequest { slot: "streams".into(), at: String::new() };
    let rule_now = world.query("forge", &methods::GET_RULE, &request).unwrap();
    assert_eq!((rule_now.module, rule_now.version), (vec![7; 32], 1));
    let ends = patch(&mut world, "/rules/streams", "");
    carry(&mut world, &proposal("end", "rules", vec![ends])).unwrap();
    assert_eq!(rule(world.query("forge", &methods::GET_RULE, &request)), "rule");
    assert_eq!(versions(&mut world, "streams").len(), 2);
}

#[test]
fn who_changes_the_valuation_cites_what_it_would_have_done() {
    let mut world = founded();
    let patches = vec![patch(&mut world, stubs::CARE, "1.5")];
    let bare = proposal("care", "rules", patches.clone());
    let refusal = propose(&mut world, &bare).unwrap_err();
    assert_eq!((refusal.code, refusal.rule.as_str()), (Code::FailedPrecondition, "G4"));
    assert!(refusal.message.contains("give slot, range and its report_hash"), "{refusal}");
    let good = stubs::what_if(&mut world, "valuation", &patches, "2025-01-01", "2026-01-01");
    // Without a contract that answers it, no report can be true.
    let citing_it = ProposeRequest { whatif: vec![good.clone()], ..bare.clone() };
    let refusal = propose(&mut world, &citing_it).unwrap_err();
    assert_eq!(refusal.rule, "G4");
    assert!(refusal.message.contains("deploy one that answers WhatIf"), "{refusal}");
    world.deploy::<stubs::Value>("forge");
    let mut citing = |whatif: Vec<WhatIf>| propose(&mut world, &ProposeRequest { whatif, ..bare.clone() });
    let refusal = citing(vec![WhatIf { report_hash: vec![7; 32], ..good.clone() }]).unwrap_err();
    assert_eq!(
        (refusal.rule.as_str(), refusal.details["report_hash"].clone()),
        ("G4", crate::words::hex(&good.report_hash))
    );
    // The same report over another range, or of another change, is another report.
    assert_eq!(rule(citing(vec![WhatIf { to: "2025-12-31".into(), ..good.clone() }])), "G4");
    assert_eq!(rule(citing(vec![WhatIf { to: "2025-01-01".into(), ..good.clone() }])), "G4");
    assert_eq!(rule(citing(vec![WhatIf { report_hash: vec![7; 31], ..good.clone() }])), "report_hash");
    assert_eq!(rule(citing(vec![WhatIf { from: "ever".into(), ..good.clone() }])), "time");
    assert_eq!(rule(citing(vec![good.clone(), good.clone()])), "G4");
    assert_eq!(rule(citing(vec![good.clone(), WhatIf { slot: "eco".into(), ..good.clone() }])), "G4");
    citing(vec![good]).unwrap();
    let shown = get(&mut world, "care").whatif;
    assert_eq!((shown.len(), shown[0].base_version), (1, 1));
}

#[test]
fn contribution_and_ecology_are_changed_in_the_same_way_and_other_slots_without() {
    let mut world = founded();
    world.deploy::<stubs::Value>("forge");
    for (slot, path, subject) in [("contribution", "k", "rules"), ("eco", "factor_set", "ecological")] {
        let patches = vec![patch(&mut world, &format!("/rules/{slot}/params/{path}"), "3")];
        let bare = proposal(slot, subject, patches.clone());
        assert_eq!(rule(propose(&mut world, &bare)), "G4");
        let whatif = vec![stubs::what_if(&mut world, slot, &patches, "2025-01-01", "2026-01-01")];
        propose(&mut world, &ProposeRequest { whatif, ..bare }).unwrap();
    }
    let digits = patch(&mut world, DIGITS, "3");
    propose(&mut world, &proposal("credit", "rules", vec![digits])).unwrap();
}

#[test]
fn the_first_version_of_a_slot_replaces_nothing_and_needs_no_report() {
    let mut request = example();
    request.charter.as_mut().unwrap().rules.clear();
    let mut world = founded_as(request);
    let first = patch(&mut world, "/rules/valuation/params/rate", "20");
    carry(&mut world, &proposal("first", "rules", vec![first])).unwrap();
}

#[test]
fn a_vote_on_numbers_that_hold_no_longer_is_not_carried_out() {
    let mut world = founded();
    world.deploy::<stubs::Value>("forge");
    let first = care(&mut world, "first", "1.5");
    let rate = "/rules/valuation/params/buckets.4.rate_cents_per_h";
    let patches = vec![patch(&mut world, rate, "2100")];
    let whatif = vec![stubs::what_if(&mut world, "valuation", &patches, "2025-01-01", "2026-01-01")];
    let second = ProposeRequest { whatif, ..proposal("second", "rules", patches) };
    for request in [&first, &second] {
        propose(&mut world, request).unwrap();
        all_yes(&mut world, &request.id);
    }
    world.days(21);
    execute(&mut world, "first").unwrap();
    // Its own field is as it was, but the report compares with a rule that is gone.
    assert_eq!(rule(execute(&mut world, "second")), "G4");
    assert_eq!(versions(&mut world, "valuation").len(), 2);
}
