//! Decisions by pure modules: quadratic and conviction.

use super::*;
use crate::proto::proposal::Status as At;

/// The example, founded, with a subject that a module decides.
fn with(subject: &str, kind: decision::Kind, module: [u8; 32], params: &[(&str, &str)], world: &mut World) {
    let params: String = params.iter().map(|(path, value)| format!("\nparams/{path}: {value}")).collect();
    let kind = kind.as_str_name().to_lowercase();
    let module = crate::words::hex(&module);
    let text = format!("delay_s: 0\nkind: {kind}\nmodule: {module}\nopen_for_s: 1209600\nquorum: 1000{params}");
    let patches = vec![patch(world, &format!("/decisions/{subject}"), &text)];
    carry(world, &proposal(subject, "decisions", patches)).unwrap();
}

fn stake(world: &mut World, agent: &str, id: &str, choice: Choice, stake: u64) -> Result<VoteResponse, Refusal> {
    let request = VoteRequest { proposal: id.into(), seat: String::new(), choice: choice.into(), stake };
    world.call("forge", agent, &methods::VOTE, &request)
}

fn asking(id: &str, requested: u64) -> ProposeRequest {
    ProposeRequest { requested, ..calling(id, "fund", "/stint.value.v1.Value/Pay", b"1".to_vec()) }
}

#[test]
fn a_quadratic_vote_hears_who_cares_much() {
    let mut world = founded();
    world.deploy::<stubs::Value>("forge");
    let module = world.publish_rule::<quadratic::Quadratic>();
    with("value", decision::Kind::Quadratic, module, &[("credits", "25")], &mut world);
    let request = ProposeRequest { subject: "value".into(), ..asking("q", 0) };
    propose(&mut world, &request).unwrap();
    assert_eq!(rule(stake(&mut world, "ana", "q", Choice::Yes, 0)), "stake");
    stake(&mut world, "ana", "q", Choice::Yes, 100).unwrap();
    stake(&mut world, "bo", "q", Choice::No, 4).unwrap();
    stake(&mut world, "cy", "q", Choice::No, 5).unwrap();
    let tally = world.query("forge", &methods::TALLY, &TallyRequest { proposal: "q".into() }).unwrap();
    // No more than 25 buy: 5 of 9 votes.
    assert_eq!(tally.reason, "turnout 3/6, 5 of 9 votes, at n × n a voter, reach 0.5");
    assert_eq!(tally.figures[0], Field { path: "yes".into(), value: "5".into() });
    stake(&mut world, "cy", "q", Choice::No, 16).unwrap();
    world.days(14);
    assert_eq!(close(&mut world, "q").unwrap().status(), At::Rejected);
}

#[test]
fn conviction_grows_with_the_time_for_which_it_is_held() {
    let mut world = founded();
    world.deploy::<stubs::Value>("forge");
    let module = world.publish_rule::<conviction::Conviction>();
    let params = [("beta", "1/5"), ("decay_den", "10"), ("decay_num", "9"), ("funds", "1000000"), ("rho", "1/400")];
    with("fund", decision::Kind::Conviction, module, &params, &mut world);
    // A fund is nothing that Pay is decided under: the subject of its service is.
    assert_eq!(rule(propose(&mut world, &asking("c", 100_000))), "subject");
    with("value", decision::Kind::Conviction, module, &params, &mut world);
    let asking = |id: &str| ProposeRequest { subject: "value".into(), ..asking(id, 100_000) };
    propose(&mut world, &asking("early")).unwrap();
    for agent in ["ana", "bo"] {
        stake(&mut world, agent, "early", Choice::Yes, 100).unwrap();
    }
    propose(&mut world, &asking("late")).unwrap();
    world.days(1);
    for agent in ["ana", "bo"] {
        stake(&mut world, agent, "late", Choice::Yes, 100).unwrap();
    }
    world.days(13);
    assert_eq!(close(&mut world, "early").unwrap().reason, "turnout 2/6, conviction 1542.46415 reaches 1500");
    assert_eq!(close(&mut world, "late").unwrap().reason, "turnout 2/6, conviction 1491.626834 does not reach 1500");
    execute(&mut world, "early").unwrap();
    assert_eq!(rule(execute(&mut world, "late")), "G2");
}

#[test]
fn a_module_that_is_none_decides_nothing() {
    let mut world = founded();
    let module = world.publish_rule::<quadratic::Quadratic>();
    let mut adopt = |module: &[u8], param: &str| {
        let module = crate::words::hex(module);
        let text = format!("delay_s: 0\nkind: rule\nmodule: {module}\nopen_for_s: 60\nparams/{param}: 1\nquorum: 0");
        let patches = vec![patch(&mut world, "/decisions/value", &text)];
        propose(&mut world, &proposal("p", "decisions", patches))
    };
    // Not published; a parameter it does not know.
    assert_eq!(refused(adopt(&[7; 32], "credits")), (Code::NotFound, "code".into()));
    assert_eq!(rule(adopt(&module, "colour")), "params");
    adopt(&module, "credits").unwrap();
}
