//! Patches: what they name, what they compare with (G1), and who decides on them (G7).

use super::*;
use crate::proto::proposal::Status as At;

fn constitutional(world: &mut World, id: &str, path: &str, new: &str) -> Result<ExecuteResponse, Refusal> {
    let patches = vec![patch(world, path, new)];
    carry(world, &proposal(id, "decisions", patches))
}

#[test]
fn parallel_proposals_cannot_overwrite_each_other() {
    let mut world = founded();
    let first = patch(&mut world, "/purpose", "First");
    let second = patch(&mut world, "/purpose", "Second");
    let other = patch(&mut world, "/review_by", "2030-01-01");
    for (id, patches) in [("first", vec![first]), ("second", vec![second]), ("other", vec![other])] {
        propose(&mut world, &proposal(id, "decisions", patches)).unwrap();
        all_yes(&mut world, id);
    }
    world.days(42);
    execute(&mut world, "first").unwrap();
    // The second was decided against another text: it is not carried out, and says what stands.
    let refusal = execute(&mut world, "second").unwrap_err();
    assert_eq!((refusal.code, refusal.rule.as_str()), (Code::FailedPrecondition, "G1"));
    assert_eq!(refusal.details["value"], "First");
    // Another field is another matter.
    execute(&mut world, "other").unwrap();
    assert_eq!((field(&mut world, "/purpose"), field(&mut world, "/review_by")), ("First".into(), "2030-01-01".into()));
    assert_eq!(status(&mut world, "second"), At::Open);
}

#[test]
fn a_patch_expects_what_stands_when_it_is_proposed_too() {
    let mut world = founded();
    let good = patch(&mut world, "/purpose", "Other");
    let mut propose = |patch: Patch| rule(propose(&mut world, &proposal("p", "decisions", vec![patch])));
    assert_eq!(propose(Patch { expected_old: value_hash("else"), ..good.clone() }), "G1");
    assert_eq!(propose(Patch { expected_old: Vec::new(), ..good.clone() }), "G1");
    // What is not there is expected as nothing.
    assert_eq!(propose(Patch { path: "/seats/w9/class".into(), ..good.clone() }), "G1");
    assert_eq!(propose(Patch { new: String::new(), ..good.clone() }), "purpose");
    assert_eq!(propose(Patch { path: "/budget".into(), ..good }), "path");
}

#[test]
fn seats_are_added_offered_weighed_and_removed_by_patches() {
    let mut world = founded();
    constitutional(&mut world, "add", "/seats/w4", "class: worker\ninvited: eve").unwrap();
    accept(&mut world, "eve", "w4").unwrap();
    constitutional(&mut world, "weigh", "/seats/w4/weight", "2").unwrap();
    assert_eq!(field(&mut world, "/seats/w4"), "class: worker\nholder: eve\nweight: 2");
    let removes = patch(&mut world, "/seats/w4", "");
    carry(&mut world, &proposal("remove", "decisions", vec![removes])).unwrap();
    assert_eq!(field(&mut world, "/seats/w4"), "");
    assert_eq!(rule(world.call("forge", "eve", &methods::LEAVE, &LeaveRequest::default())), "seat");
    let standing = world.query("forge", &methods::GET_STANDING, &GetStandingRequest { agent: "eve".into() }).unwrap();
    assert!(standing.seats.is_empty());
    assert_eq!(charter(&mut world).charter.unwrap().seats.len(), 6);
}

#[test]
fn a_decision_recalls_a_holder_and_gives_a_seat_to_nobody() {
    let mut world = founded();
    constitutional(&mut world, "recall", "/seats/w2/holder", "").unwrap();
    assert_eq!(rule(vote(&mut world, "bo", "recall", Choice::Yes)), "G3");
    assert_eq!(
        refused(constitutional(&mut world, "give", "/seats/w2/holder", "eve")),
        (Code::PermissionDenied, "seat".into())
    );
    assert_eq!(rule(constitutional(&mut world, "offer", "/seats/w1/invited", "eve")), "seat");
}

#[test]
fn fields_that_no_part_has_are_refused() {
    let mut world = founded();
    let mut with = |path: &str, new: &str| {
        let patches = vec![patch(&mut world, path, new)];
        rule(propose(&mut world, &proposal("p", "decisions", patches)))
    };
    assert_eq!(with("/seats/w1/colour", "red"), "path");
    assert_eq!(with("/seats/w1/class", "boss"), "class");
    assert_eq!(with("/seats/w1/class", ""), "class");
    assert_eq!(with("/seats/w1/weight", "-1"), "weight");
    assert_eq!(with("/seats/w1/weight", "1.5"), "weight");
    assert_eq!(with("/seats/w1", "weight 3"), "path");
    assert_eq!(with("/decisions/rules/quorum", "10001"), "quorum");
    assert_eq!(with("/decisions/rules/threshold_num", "4"), "threshold_num");
    assert_eq!(with("/decisions/rules/params/x", "1"), "path");
    assert_eq!(with("/decisions/spending", "kind: majority"), "quorum");
    assert_eq!(with("/decisions/decisions", ""), "sanctions");
    assert_eq!(with("/sanctions/1", ""), "sanctions");
    assert_eq!(with("/sanctions/6/effect", "notice"), "sanctions");
    assert_eq!(with("/rules/valuation/colour", "red"), "path");
    assert_eq!(with("/rules/valuation/module", "abc"), "module");
    assert_eq!(with("/review_by", "soon"), "time");
}

#[test]
fn each_field_is_patched_once() {
    let mut world = founded();
    for (one, other) in
        [("/seats/w1/weight", "/seats/w1/weight"), ("/seats/w1", "/seats/w1/weight"), ("/seats/w1/class", "/seats/w1")]
    {
        let patches = vec![patch(&mut world, one, "2"), patch(&mut world, other, "3")];
        let refusal = propose(&mut world, &proposal("p", "decisions", patches)).unwrap_err();
        assert!(["path", "class"].contains(&refusal.rule.as_str()), "{refusal}");
    }
}

#[test]
fn how_is_decided_is_changed_under_the_strictest_decision_only() {
    let mut world = founded();
    let lax = patch(&mut world, "/decisions/rules/threshold_num", "1");
    for subject in ["rules", "spending", "ecological"] {
        let refusal = propose(&mut world, &proposal("lax", subject, vec![lax.clone()])).unwrap_err();
        assert_eq!((refusal.rule.as_str(), refusal.details["subject"].as_str()), ("G7", "decisions"), "{subject}");
    }
    carry(&mut world, &proposal("lax", "decisions", vec![lax])).unwrap();
    assert_eq!(field(&mut world, "/decisions/rules/threshold_num"), "1");
    // A new subject is how is decided, too.
    let new = patch(
        &mut world,
        "/decisions/anything",
        "delay_s: 0\nkind: majority\nopen_for_s: 1\nquorum: 0\nthreshold_den: 2\nthreshold_num: 1",
    );
    assert_eq!(rule(propose(&mut world, &proposal("new", "rules", vec![new.clone()]))), "G7");
    carry(&mut world, &proposal("new", "decisions", vec![new])).unwrap();
    assert_eq!(field(&mut world, "/decisions/anything/quorum"), "0");
}

#[test]
fn a_subject_governs_its_fields_and_only_a_stricter_one_stands_in_for_it() {
    let mut world = founded();
    let mut subject =
        |path: &str| world.query("forge", &methods::GET_FIELD, &GetFieldRequest { path: path.into() }).unwrap().subject;
    assert_eq!(subject("/rules/credit/params/digits"), "rules");
    assert_eq!(subject("/rules/eco/params/factor_set"), "ecological");
    for path in ["/seats/w1", "/sanctions/1", "/purpose", "/review_by", "/decisions/spending/quorum"] {
        assert_eq!(subject(path), "decisions", "{path}");
    }
    let digits = patch(&mut world, "/rules/credit/params/digits", "3");
    let mut under = |subject: &str| propose(&mut world, &proposal(subject, subject, vec![digits.clone()]));
    assert_eq!(rule(under("spending")), "subject");
    assert_eq!(refused(under("nothing")), (Code::NotFound, "subject".into()));
    // As strict in everything, and with more objectors.
    under("ecological").unwrap();
    under("decisions").unwrap();
    under("rules").unwrap();
    // The other way round an objector would be lost.
    let factors = patch(&mut world, "/rules/eco/params/factor_set", "demo-2027");
    assert_eq!(rule(propose(&mut world, &proposal("p", "rules", vec![factors]))), "subject");
}

#[test]
fn behind_the_review_date_only_the_future_of_the_charter_is_decided() {
    let mut world = founded();
    world.days(730);
    let purpose = patch(&mut world, "/purpose", "Other");
    let refusal = propose(&mut world, &proposal("p", "decisions", vec![purpose.clone()])).unwrap_err();
    assert_eq!((refusal.code, refusal.rule.as_str()), (Code::FailedPrecondition, "review"));
    assert_eq!(refusal.details["review_by"], "2028-01-01");
    for new in ["2027-01-01", ""] {
        let past = patch(&mut world, "/review_by", new);
        assert_eq!(rule(propose(&mut world, &proposal("p", "decisions", vec![past]))), "review");
    }
    let sunset = calling("s", "decisions", "/stint.charter.v1.Charter/Sunset", Vec::new());
    propose(&mut world, &sunset).unwrap();
    let renew = patch(&mut world, "/review_by", "2031-01-01");
    carry(&mut world, &proposal("renew", "decisions", vec![renew])).unwrap();
    propose(&mut world, &proposal("p", "decisions", vec![purpose])).unwrap();
}

#[test]
fn what_is_proposed_is_well_formed() {
    let mut world = founded();
    let purpose = patch(&mut world, "/purpose", "Other");
    let good = proposal("p", "decisions", vec![purpose.clone()]);
    let mut with = |change: &dyn Fn(&mut ProposeRequest)| {
        let mut request = good.clone();
        change(&mut request);
        rule(propose(&mut world, &request))
    };
    let call = |method: &str| Call { method: method.into(), ..Call::default() };
    assert_eq!(with(&|r| r.id = "a/b".into()), "id");
    assert_eq!(with(&|r| r.text = String::new()), "text");
    assert_eq!(with(&|r| r.patches.clear()), "content");
    assert_eq!(with(&|r| r.patches = vec![purpose.clone(); 65]), "content");
    assert_eq!(with(&|r| r.calls = vec![call("/a.B/C"); 17]), "content");
    assert_eq!(with(&|r| r.patches[0].new = "x".repeat(25_000)), "content");
    assert_eq!(with(&|r| r.calls = vec![call("a.B/C")]), "method");
    assert_eq!(with(&|r| r.calls = vec![call("/a.B/C/D")]), "method");
    assert_eq!(with(&|r| r.calls = vec![call("/stint.charter.v1.Charter/Execute")]), "method");
    assert_eq!(with(&|r| r.calls = vec![Call { commons: "A".into(), ..call("/a.B/C") }]), "commons");
    assert_eq!(rule(world.call("forge", "eve", &methods::PROPOSE, &good)), "seat");
    propose(&mut world, &good).unwrap();
    assert!(propose(&mut world, &good).unwrap().known);
    assert_eq!(
        refused(propose(&mut world, &ProposeRequest { text: "else".into(), ..good.clone() })),
        (Code::AlreadyExists, "id".into())
    );
    // Another author's proposal of the same content is another proposal.
    assert_eq!(rule(world.call("forge", "bo", &methods::PROPOSE, &good)), "id");
}
