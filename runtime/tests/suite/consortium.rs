//! The consortium is a commons like any other: once it has a charter, what holds for the whole ledger changes by its seats'
//! votes, and no steward changes it alone.

use crate::forge::{CHARTER, path};
use charter::proto::{ballot::Choice, methods::*, proposal::Status, *};
use prost::Message;
use stint_proto::{Code, Refusal, v1};
use stint_sdk::Method;
use stint_testkit::{CONSORTIUM, Ledger, STEWARD, key_of};

const SEATS: [&str; 4] = ["org-a", "org-b", "org-c", "org-d"];
const OPEN_FOR_S: u64 = 3600;
const DELAY_S: u64 = 600;
/// Fuel that a decision leaves to a commons, and to the forge.
const LESS: u64 = 100_000_000;
const LEAST: u64 = 2_000_000;

struct Consortium(Ledger);

impl Consortium {
    /// Of four organisations with a seat each; the ledger's steward has founded the charter, and has no seat.
    fn new() -> Consortium {
        let mut ledger = Ledger::new();
        SEATS.iter().for_each(|org| ledger.enrol(org));
        ledger.found("forge", &[]);
        ledger.deploy(CONSORTIUM, CHARTER);
        let seat = |org: &&str| Seat {
            id: format!("seat-of-{org}"),
            class: seat::Class::Steward.into(),
            holder: org.to_string(),
            ..Seat::default()
        };
        let kernel = Decision {
            subject: "kernel".into(),
            kind: decision::Kind::Majority.into(),
            quorum: 7500,
            threshold_num: 2,
            threshold_den: 3,
            open_for_s: OPEN_FOR_S,
            delay_s: DELAY_S,
            ..Decision::default()
        };
        let charter = Constitution {
            purpose: "Keeps the ledger".into(),
            seats: SEATS.iter().map(seat).collect(),
            decisions: vec![kernel],
            ..Constitution::default()
        };
        let mut consortium = Consortium(ledger);
        let request = FoundRequest { charter: Some(charter), min_members: 4, ..FoundRequest::default() };
        consortium.does(STEWARD, &FOUND, &request).expect("founded");
        for (n, org) in SEATS.iter().enumerate() {
            assert_eq!(consortium.charter(), "", "{n} of four have signed");
            let seat = format!("seat-of-{org}");
            consortium.does(org, &ACCEPT_SEAT, &AcceptSeatRequest { seat }).expect("taken");
        }
        assert_eq!(consortium.charter(), "stint.charter.v1.Charter");
        consortium
    }

    fn does<Q: Message, R: Message + Default>(
        &mut self,
        agent: &str,
        method: &Method<Q, R>,
        request: &Q,
    ) -> Result<R, Refusal> {
        let receipt = self.0.call(CONSORTIUM, agent, &path(method), &request.encode_to_vec());
        match receipt.refusal {
            Some(refusal) => Err(refusal.into()),
            None => Ok(R::decode(receipt.response).expect("a response")),
        }
    }

    /// Puts kernel calls to the vote.
    fn proposes(&mut self, id: &str, calls: Vec<Call>) {
        let (id, subject, text) = (id.into(), "kernel".into(), "so that others get on, too".into());
        let request = ProposeRequest { id, subject, text, calls, ..ProposeRequest::default() };
        self.does("org-b", &PROPOSE, &request).expect("proposed");
    }

    fn votes(&mut self, id: &str, choices: [Choice; 4]) {
        for (org, choice) in SEATS.iter().zip(choices) {
            let request = VoteRequest { proposal: id.into(), choice: choice.into(), ..VoteRequest::default() };
            self.does(org, &VOTE, &request).expect("cast");
        }
    }

    fn executes(&mut self, id: &str) -> Result<ExecuteResponse, Refusal> {
        self.does("org-d", &EXECUTE, &ExecuteRequest { proposal: id.into() })
    }

    fn pass(&mut self, seconds: u64) {
        self.0.time_ms += seconds * 1000;
    }

    fn asks<R: Message + Default>(&self, commons: &str, method: &str) -> R {
        let answer = self.0.query(commons, &format!("/stint.v1.Kernel/{method}"), b"").expect("an answer");
        R::decode(&answer[..]).expect("an answer")
    }

    fn charter(&self) -> String {
        self.asks::<v1::GetCommonsResponse>(CONSORTIUM, "GetCommons").charter
    }

    fn parameters(&self) -> v1::Parameters {
        self.asks::<v1::GetParametersResponse>(CONSORTIUM, "GetParameters").parameters.expect("parameters")
    }

    /// Fuel of the forge, fuel of any commons, and the validators.
    fn stands(&self) -> (u64, u64, Vec<String>) {
        let quota = self.asks::<v1::GetQuotaResponse>("forge", "GetQuota").block_fuel;
        let validators = self.asks::<v1::ListValidatorsResponse>(CONSORTIUM, "ListValidators").validators;
        (quota, self.parameters().commons_block_fuel, validators.into_iter().map(|v| v.name).collect())
    }

    /// Less fuel for all, least for the forge, and a second validator.
    fn calls(&self) -> Vec<Call> {
        let parameters = Some(v1::Parameters { commons_block_fuel: LESS, ..self.parameters() });
        let quota = v1::SetQuotaRequest { commons: "forge".into(), block_fuel: LEAST, ..Default::default() };
        let key = key_of("v2").verifying_key().to_bytes().to_vec().into();
        let (p2p, grpc) = ("127.0.0.1:7001".into(), "127.0.0.1:7002".into());
        let validator = v1::AddValidatorRequest { name: "v2".into(), key, p2p, grpc };
        vec![
            call("SetParameters", &v1::SetParametersRequest { parameters }),
            call("SetQuota", &quota),
            call("AddValidator", &validator),
        ]
    }
}

fn call(method: &str, request: &impl Message) -> Call {
    let method = format!("/stint.v1.Kernel/{method}");
    Call { commons: String::new(), method, request: request.encode_to_vec() }
}

fn rule<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
    result.expect_err("a refusal").rule
}

/// Every one of the calls, by a steward directly.
fn refused_to_a_steward(on: &mut Consortium) {
    for call in on.calls() {
        let refusal = on.0.call(CONSORTIUM, STEWARD, &call.method, &call.request).refusal;
        let refusal = Refusal::from(refusal.expect("a refusal"));
        assert_eq!((refusal.code, refusal.rule.as_str()), (Code::PermissionDenied, "charter"), "{}", call.method);
        assert!(refusal.message.contains("propose it to stint.charter.v1.Charter"), "{}", refusal.message);
    }
}

#[test]
fn parameters_quotas_and_validators_change_by_a_vote_of_the_consortium_and_in_no_other_way() {
    let mut on = Consortium::new();
    let before = on.stands();
    assert_eq!(before.2, ["v1"]);
    refused_to_a_steward(&mut on);
    on.proposes("shares", on.calls());
    on.votes("shares", [Choice::Yes, Choice::Yes, Choice::No, Choice::Yes]);
    assert_eq!(rule(on.executes("shares")), "open");
    on.pass(OPEN_FOR_S);
    assert_eq!(rule(on.executes("shares")), "delay");
    assert_eq!(on.stands(), before);

    on.pass(DELAY_S);
    assert_eq!(on.executes("shares").expect("executed").responses.len(), 3);
    let after = (LEAST, LESS, vec!["v1".to_string(), "v2".into()]);
    assert_eq!(on.stands(), after);
    // Once, and still by nobody else.
    assert_eq!(rule(on.executes("shares")), "status");
    refused_to_a_steward(&mut on);
    assert_eq!(on.stands(), after);
}

/// What evidence of a double sign may lead to, if the seats think so: nobody else can remove a validator.
#[test]
fn a_validator_is_removed_and_changes_its_key_by_a_vote() {
    let mut on = Consortium::new();
    let mut decides = |id: &str, calls: Vec<Call>| {
        on.proposes(id, calls);
        on.votes(id, [Choice::Yes; 4]);
        on.pass(OPEN_FOR_S + DELAY_S);
        on.executes(id).expect("executed");
        on.asks::<v1::ListValidatorsResponse>(CONSORTIUM, "ListValidators").validators
    };
    let key = |of: &str| bytes::Bytes::copy_from_slice(&key_of(of).verifying_key().to_bytes());
    let (p2p, grpc) = ("127.0.0.1:7001".into(), "127.0.0.1:7002".into());
    let joins = v1::AddValidatorRequest { name: "v2".into(), key: key("v2"), p2p, grpc };
    assert_eq!(decides("joins", vec![call("AddValidator", &joins)]).len(), 2);
    let rotated = v1::RotateValidatorRequest { name: "v1".into(), key: key("v1 anew") };
    let removed = v1::RemoveValidatorRequest { name: "v2".into() };
    let left = decides("changes", vec![call("RotateValidator", &rotated), call("RemoveValidator", &removed)]);
    assert_eq!(left.iter().map(|v| (&v.name[..], &v.next_key)).collect::<Vec<_>>(), [("v1", &key("v1 anew"))]);
}

#[test]
fn what_the_seats_do_not_pass_does_not_happen() {
    let mut on = Consortium::new();
    let before = on.stands();
    for (id, choices) in
        [("outvoted", [Choice::Yes, Choice::No, Choice::No, Choice::Yes]), ("nobody-says-yes", [Choice::Abstain; 4])]
    {
        on.proposes(id, on.calls());
        on.votes(id, choices);
        on.pass(OPEN_FOR_S + DELAY_S);
        let refusal = on.executes(id).expect_err("it did not pass");
        assert_eq!((refusal.code, refusal.rule.as_str()), (Code::FailedPrecondition, "G2"));
        let closed = on.does("org-d", &CLOSE, &CloseRequest { proposal: id.into() }).expect("closed");
        assert_eq!(closed.status(), Status::Rejected, "{id}");
    }
    // Two of four are too few, whatever they say.
    on.proposes("too-few", on.calls());
    for org in &SEATS[..2] {
        let request = VoteRequest { proposal: "too-few".into(), choice: Choice::Yes.into(), ..VoteRequest::default() };
        on.does(org, &VOTE, &request).expect("cast");
    }
    on.pass(OPEN_FOR_S + DELAY_S);
    assert_eq!(rule(on.executes("too-few")), "G2");
    assert_eq!(on.stands(), before);
}

/// A call that the kernel refuses undoes those before it.
#[test]
fn a_decision_takes_effect_whole_or_not_at_all() {
    let mut on = Consortium::new();
    let before = on.stands();
    let mut calls = on.calls();
    let unknown = v1::SetQuotaRequest { commons: "nowhere".into(), block_fuel: LEAST, ..Default::default() };
    calls.push(call("SetQuota", &unknown));
    on.proposes("half", calls);
    on.votes("half", [Choice::Yes; 4]);
    on.pass(OPEN_FOR_S + DELAY_S);
    let refusal = on.executes("half").expect_err("there is no such commons");
    assert_eq!((refusal.code, refusal.details["call"].as_str()), (Code::NotFound, "4"), "{refusal}");
    assert_eq!(on.stands(), before);
}
