//! What is promised, wished, owed and agreed: commitments, intents, claims and agreements, in one space of ids.

use crate::{
    actions::action,
    amount,
    authority::{keeps_the_book, one_of},
    fields::{self, TEXT, id, lines, optional_ids},
    keys::Id,
    moment, progress,
    proto::{
        AgreeRequest, Claim, ClaimRequest, CommitRequest, Commitment, FinishRequest, IntendRequest, Intent, Known,
        PromiseResponse, Quantity, RecordedAgreement, RecordedClaim, RecordedCommitment, RecordedIntent,
    },
    record,
    state::{CLAUSES, PROMISES, SUMS},
};
use stint_sdk::{Code, Decimal, Refusal};

pub use crate::progress::{follow, links};

pub fn commit(request: CommitRequest) -> Result<Known, Refusal> {
    let c = request.commitment.ok_or_else(|| missing("commitment"))?;
    id("the commitment", &c.id)?;
    let known = PROMISES.get(&c.id);
    if let Some(known) = known {
        return same(&c.id, known.commitment.and_then(|k| k.commitment).as_ref() == Some(&c));
    }
    action(&c.action)?;
    optional_ids(&[
        ("provider", &c.provider),
        ("receiver", &c.receiver),
        ("input_of", &c.input_of),
        ("output_of", &c.output_of),
        ("resource_inventoried_as", &c.resource_inventoried_as),
        ("resource_conforms_to", &c.resource_conforms_to),
        ("clause_of", &c.clause_of),
        ("reciprocal_clause_of", &c.reciprocal_clause_of),
        ("satisfies", &c.satisfies),
    ])?;
    lines(&[
        ("planned_within", &c.planned_within),
        ("independent_demand_of", &c.independent_demand_of),
        ("stage", &c.stage),
        ("state", &c.state),
    ])?;
    texts(&c.note, &c.resource_classified_as)?;
    times(&[&c.due, &c.has_beginning, &c.has_end, &c.has_point_in_time])?;
    quantities(&c.resource_quantity, &c.effort_quantity)?;
    one_of(&[&c.provider, &c.receiver], &format!("commit {}", c.id))?;
    for agreement in [&c.clause_of, &c.reciprocal_clause_of].into_iter().filter(|a| !a.is_empty()) {
        agreement_exists(agreement)?;
        CLAUSES.put(&(Id::new(agreement), c.id.clone()), &());
    }
    if !c.satisfies.is_empty() {
        progress::committed(&c)?;
    }
    let recorded = RecordedCommitment { commitment: Some(c.clone()), progress: None, created: now() };
    put(&c.id, PromiseResponse { commitment: Some(recorded), ..PromiseResponse::default() })
}

pub fn intend(request: IntendRequest) -> Result<Known, Refusal> {
    let i = request.intent.ok_or_else(|| missing("intent"))?;
    id("the intent", &i.id)?;
    if let Some(known) = PROMISES.get(&i.id) {
        return same(&i.id, known.intent.and_then(|k| k.intent).as_ref() == Some(&i));
    }
    action(&i.action)?;
    optional_ids(&[
        ("provider", &i.provider),
        ("receiver", &i.receiver),
        ("input_of", &i.input_of),
        ("output_of", &i.output_of),
        ("resource_inventoried_as", &i.resource_inventoried_as),
        ("resource_conforms_to", &i.resource_conforms_to),
    ])?;
    lines(&[
        ("planned_within", &i.planned_within),
        ("stage", &i.stage),
        ("state", &i.state),
        ("name", &i.name),
        ("image", &i.image),
    ])?;
    texts(&i.note, &i.resource_classified_as)?;
    fields::text("image_list", &i.image_list, TEXT)?;
    times(&[&i.due, &i.has_beginning, &i.has_end, &i.has_point_in_time])?;
    quantities(&i.resource_quantity, &i.effort_quantity)?;
    for quantity in [&i.available_quantity, &i.minimum_quantity] {
        positive(quantity)?;
    }
    one_of(&[&i.provider, &i.receiver], &format!("intend {}", i.id))?;
    let recorded = RecordedIntent { intent: Some(i.clone()), created: now(), ..RecordedIntent::default() };
    put(&i.id, PromiseResponse { intent: Some(recorded), ..PromiseResponse::default() })
}

pub fn claim(request: ClaimRequest) -> Result<Known, Refusal> {
    let c = request.claim.ok_or_else(|| missing("claim"))?;
    id("the claim", &c.id)?;
    if let Some(known) = PROMISES.get(&c.id) {
        return same(&c.id, known.claim.and_then(|k| k.claim).as_ref() == Some(&c));
    }
    if !c.action.is_empty() {
        action(&c.action)?;
    }
    id("the claim's provider", &c.provider)?;
    id("the claim's receiver", &c.receiver)?;
    optional_ids(&[("triggered_by", &c.triggered_by), ("resource_conforms_to", &c.resource_conforms_to)])?;
    texts(&c.note, &c.resource_classified_as)?;
    times(&[&c.due])?;
    quantities(&c.resource_quantity, &c.effort_quantity)?;
    if c.resource_quantity.is_none() && c.effort_quantity.is_none() {
        return Err(Refusal::invalid("quantity", "a claim is for a resource quantity or an effort quantity"));
    }
    one_of(&[&c.provider, &c.receiver], &format!("claim {}", c.id))?;
    if !c.triggered_by.is_empty() {
        let event = record::event(&c.triggered_by)?.event.unwrap_or_default();
        for agreement in links(&event).agreements {
            CLAUSES.put(&(Id::new(&agreement), c.id.clone()), &());
        }
    }
    let recorded = RecordedClaim { claim: Some(c.clone()), progress: None, created: now() };
    put(&c.id, PromiseResponse { claim: Some(recorded), ..PromiseResponse::default() })
}

pub fn agree(request: AgreeRequest) -> Result<Known, Refusal> {
    let a = request.agreement.ok_or_else(|| missing("agreement"))?;
    id("the agreement", &a.id)?;
    if let Some(known) = PROMISES.get(&a.id) {
        return same(&a.id, known.agreement.and_then(|k| k.agreement).as_ref() == Some(&a));
    }
    lines(&[("name", &a.name), ("bundled_in", &a.bundled_in)])?;
    fields::text("note", &a.note, TEXT)?;
    fields::list("parties", &a.parties)?;
    a.parties.iter().try_for_each(|p| id("a party", p))?;
    let parties: Vec<&str> = a.parties.iter().map(String::as_str).collect();
    one_of(&parties, &format!("open the agreement {}", a.id))?;
    let recorded = RecordedAgreement { agreement: Some(a.clone()), created: now() };
    put(&a.id, PromiseResponse { agreement: Some(recorded), ..PromiseResponse::default() })
}

/// Says that no more will be done.
pub fn finish(request: FinishRequest) -> Result<Known, Refusal> {
    let promise = promise(&request.id)?;
    let (provider, receiver) = parties(&promise);
    if provider.is_empty() && receiver.is_empty() && !keeps_the_book() {
        let why = format!("{} is no commitment, intent or claim with parties that could finish it", request.id);
        return Err(Refusal::new(Code::PermissionDenied, "R10", why));
    }
    if promise.agreement.is_some() {
        return Err(Refusal::invalid("id", format!("{} is an agreement: finish its clauses", request.id)));
    }
    one_of(&[&provider, &receiver], &format!("finish {}", request.id))?;
    let mut sums = SUMS.get(&request.id).unwrap_or_default();
    let known = std::mem::replace(&mut sums.finished_by_hand, true);
    if !known {
        SUMS.put(&request.id, &sums);
    }
    Ok(Known { known })
}

fn parties(promise: &PromiseResponse) -> (String, String) {
    let of = |c: &Commitment| (c.provider.clone(), c.receiver.clone());
    let intent = |i: &Intent| (i.provider.clone(), i.receiver.clone());
    let claim = |c: &Claim| (c.provider.clone(), c.receiver.clone());
    let commitment = promise.commitment.as_ref().and_then(|c| c.commitment.as_ref()).map(of);
    let intent = promise.intent.as_ref().and_then(|i| i.intent.as_ref()).map(intent);
    let claim = promise.claim.as_ref().and_then(|c| c.claim.as_ref()).map(claim);
    commitment.or(intent).or(claim).unwrap_or_default()
}

/// A promise that must be there.
pub fn promise(id: &str) -> Result<PromiseResponse, Refusal> {
    fields::id("the promise", id)?;
    PROMISES.get(&id.to_string()).ok_or_else(|| {
        let why = format!("there is no commitment, intent, claim or agreement {id} on this book");
        Refusal::new(Code::NotFound, "promise", why)
    })
}

/// An agreement that must be there.
pub fn agreement_exists(id: &str) -> Result<(), Refusal> {
    if promise(id)?.agreement.is_some() {
        return Ok(());
    }
    Err(Refusal::new(Code::NotFound, "promise", format!("{id} is no agreement")))
}

fn put(id: &String, promise: PromiseResponse) -> Result<Known, Refusal> {
    PROMISES.put(id, &promise);
    Ok(Known { known: false })
}

fn same(id: &str, same: bool) -> Result<Known, Refusal> {
    if same {
        return Ok(Known { known: true });
    }
    let why = format!("{id} stands for another commitment, intent, claim or agreement already; choose another id");
    Err(Refusal::new(Code::AlreadyExists, "id", why))
}

fn missing(what: &str) -> Refusal {
    Refusal::invalid(what, format!("the request holds no {what}"))
}

fn now() -> String {
    moment::now().to_string()
}

fn texts(note: &str, classified: &[String]) -> Result<(), Refusal> {
    fields::text("note", note, TEXT)?;
    fields::list("resource_classified_as", classified)
}

fn times(times: &[&String]) -> Result<(), Refusal> {
    times.iter().try_for_each(|t| moment::optional(t).map(|_| ()))
}

fn quantities(resource: &Option<Quantity>, effort: &Option<Quantity>) -> Result<(), Refusal> {
    positive(resource)?;
    positive(effort)
}

/// R5 of promises.
fn positive(quantity: &Option<Quantity>) -> Result<(), Refusal> {
    let Some(quantity) = quantity else { return Ok(()) };
    if amount::checked(quantity)? > Decimal::ZERO {
        return Ok(());
    }
    Err(Refusal::invalid("R5", format!("{} {} is not above 0; what is promised is", quantity.value, quantity.unit)))
}
