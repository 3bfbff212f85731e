//! One case, from its beginning to what must be seen at its end.
//!
//! A case is played as its `use` says: `accept` and `wrong-final`, its events are recorded, and its resources end as expected;
//! `reject…`, the book refuses one of its events. Without a `use` it is accepted, unless all that is said of it is that it was
//! published as one to reject.

use crate::{
    case::Case,
    event::{Promise, balancing, event, implied, promise},
    given,
    json::Json,
    looks,
    names::{id, quantity_of},
    plan::{Call, Look, Step, Verdict},
};
use book::proto::{
    AgreeRequest, Balancing, ClaimRequest, CloseProcessRequest, CommitRequest, ConfigureRequest,
    DeclareProcessSpecRequest, DeclareSpecRequest, Event, IntendRequest, OpenProcessRequest, Process, ProcessSpec,
    RecordRequest, Settings,
};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};

/// Cases have dates of their own, from long before or after the ledger's: a thousand years are tolerated.
const TOLERANCE_S: u64 = 1000 * 366 * 86_400;

pub struct Planner {
    case: Case,
    steps: Vec<Step>,
    resources: BTreeSet<String>,
    promises: BTreeSet<String>,
    balancing: BTreeMap<String, Vec<Balancing>>,
    recorded: BTreeMap<String, Event>,
}

impl Planner {
    pub fn new(case: Case) -> Planner {
        let resources = case.given.iter().map(|(r, _)| r.clone()).collect();
        Planner {
            case,
            steps: Vec::new(),
            resources,
            promises: BTreeSet::new(),
            balancing: BTreeMap::new(),
            recorded: BTreeMap::new(),
        }
    }

    pub fn all(mut self) -> Result<Vec<Step>, String> {
        self.begin();
        let refused = self.is_refused()?;
        self.happen(refused)?;
        if refused {
            self.steps.push(Step::WasRefused(rule(self.case.json.any(&["rule", "why"]).map_or("", Json::text))));
            return Ok(self.steps);
        }
        self.must_reject();
        self.close();
        self.end()?;
        Ok(self.steps)
    }

    /// Whether the book must refuse one of the events.
    fn is_refused(&self) -> Result<bool, String> {
        let json = &self.case.json;
        let published = json.text_of("published_verdict") == "reject" && self.final_state().is_none();
        match json.text_of("use") {
            "" => Ok(published),
            "accept" | "wrong-final" => Ok(false),
            reject if reject.starts_with("reject") => Ok(true),
            other => Err(format!("the use {other} is not understood")),
        }
    }

    fn final_state(&self) -> Option<&Json> {
        self.case.json.any(&["expect_vf10", "expect", "expect_resources"])
    }

    fn call<M: Message>(&mut self, words: String, method: &'static str, request: &M, verdict: Verdict) {
        self.steps.push(Step::Do(Call { words, method, request: request.encode_to_vec(), verdict }));
    }

    fn must(&mut self, words: String, method: &'static str, request: &impl Message) {
        self.call(words, method, request, Verdict::Accepted);
    }

    /// Declarations, processes, and resources as they are given.
    fn begin(&mut self) {
        let settings = Settings { tolerance_s: Some(TOLERANCE_S), ..Settings::default() };
        self.must("settings".into(), "Configure", &ConfigureRequest { settings: Some(settings) });
        for spec in self.case.declared() {
            self.must(format!("specification {}", spec.id), "DeclareSpec", &DeclareSpecRequest { spec: Some(spec) });
        }
        let processes: Vec<(String, String)> =
            self.case.processes().into_iter().map(|p| (self.case.based_on(&p), p)).collect();
        let stages = self.case.stages().into_iter().map(|s| (s.clone(), Case::process_of_stage(&s)));
        let processes: Vec<(String, String)> = processes.into_iter().chain(stages).collect();
        let kinds: BTreeSet<&String> = processes.iter().map(|(kind, _)| kind).filter(|k| !k.is_empty()).collect();
        for kind in kinds {
            let process_spec = Some(ProcessSpec { id: kind.clone(), ..ProcessSpec::default() });
            self.must(
                format!("kind of process {kind}"),
                "DeclareProcessSpec",
                &DeclareProcessSpecRequest { process_spec },
            );
        }
        for (based_on, id) in processes {
            let process = Some(Process { id: id.clone(), based_on, ..Process::default() });
            self.must(format!("process {id}"), "OpenProcess", &OpenProcessRequest { process });
        }
        let described = self.case.json.get("given").cloned().unwrap_or(Json::Null);
        for (name, promised) in described.fields() {
            if let Some(promise) = promise(&promised.named(name)) {
                self.promise(promise);
            }
        }
        let given = self.case.given.clone();
        let events = given.iter().flat_map(|(r, g)| given::events(&self.case, r, g));
        let inside = given.iter().filter_map(|(r, g)| given::contained(&self.case, r, g));
        for event in events.chain(inside).collect::<Vec<_>>() {
            self.record(event, Verdict::Accepted);
        }
    }

    fn record(&mut self, event: Event, verdict: Verdict) {
        let words = format!("{} {}", event.id, event.action);
        self.call(words, "Record", &RecordRequest { events: vec![event] }, verdict);
    }

    /// The case's own events, and what must be seen between them.
    fn happen(&mut self, some_refused: bool) -> Result<(), String> {
        let verdict = if some_refused { Verdict::Open } else { Verdict::Accepted };
        for (n, json) in self.case.events.clone().iter().enumerate() {
            if let Some((process, item)) = balancing(json) {
                self.balancing.entry(process).or_default().push(item);
                continue;
            }
            if let Some(promise) = promise(json) {
                self.promise(promise);
                continue;
            }
            let trap = self.trap(json);
            let mut known = self.resources.clone();
            let event = self.linked(event(json, n + 1, &mut known));
            self.resources = known;
            self.recorded.insert(event.id.clone(), event.clone());
            self.implied(&event);
            self.record(event, trap.map_or(verdict.clone(), |rule| Verdict::Refused(Some(rule))));
            if let Some(snapshot) = json.get("snapshot_after") {
                self.steps.extend(looks::expected(&self.case, snapshot, &[], &self.promises)?);
            }
        }
        Ok(())
    }

    /// A correction with the links that the case leaves out because they are those of what it corrects.
    fn linked(&self, mut event: Event) -> Event {
        let Some(of) = self.recorded.get(&event.corrects) else { return event };
        for (own, of) in [
            (&mut event.provider, &of.provider),
            (&mut event.receiver, &of.receiver),
            (&mut event.input_of, &of.input_of),
            (&mut event.output_of, &of.output_of),
            (&mut event.resource_inventoried_as, &of.resource_inventoried_as),
            (&mut event.to_resource_inventoried_as, &of.to_resource_inventoried_as),
            (&mut event.resource_conforms_to, &of.resource_conforms_to),
            (&mut event.fulfills, &of.fulfills),
            (&mut event.satisfies, &of.satisfies),
            (&mut event.settles, &of.settles),
            (&mut event.realization_of, &of.realization_of),
            (&mut event.reciprocal_realization_of, &of.reciprocal_realization_of),
        ] {
            if own.is_empty() {
                own.clone_from(of);
            }
        }
        event
    }

    /// The rule by which an event must be refused, when the case says so of it.
    fn trap(&self, json: &Json) -> Option<String> {
        let said = json.any(&["must_reject", "refused_by"]).map_or("", Json::text);
        if !said.is_empty() {
            return Some(said.into());
        }
        let name = json.text_of("id");
        let note = self.case.json.text_of("vf_note");
        let told = !name.is_empty() && note.contains(&format!("{name} must be rejected"));
        let quantity = quantity_of(json, &["resourceQuantity"]).is_some_and(|q| q.value == "0");
        (told && quantity).then(|| "R5".into())
    }

    fn promise(&mut self, promise: Promise) {
        match promise {
            Promise::Commitment(c) => {
                self.promises.insert(c.id.clone());
                self.must(format!("commitment {}", c.id), "Commit", &CommitRequest { commitment: Some(c) });
            }
            Promise::Intent(i) => {
                self.promises.insert(i.id.clone());
                self.must(format!("intent {}", i.id), "Intend", &IntendRequest { intent: Some(i) });
            }
            Promise::Claim(c) => {
                self.promises.insert(c.id.clone());
                self.must(format!("claim {}", c.id), "Claim", &ClaimRequest { claim: Some(c) });
            }
            Promise::Agreement(a) => {
                self.promises.insert(a.id.clone());
                self.must(format!("agreement {}", a.id), "Agree", &AgreeRequest { agreement: Some(a) });
            }
        }
    }

    /// Promises that the event names and nobody described.
    fn implied(&mut self, event: &Event) {
        for (kind, name) in [
            ("fulfills", &event.fulfills),
            ("satisfies", &event.satisfies),
            ("settles", &event.settles),
            ("realizationOf", &event.realization_of),
            ("reciprocalRealizationOf", &event.reciprocal_realization_of),
        ] {
            if !name.is_empty() && !self.promises.contains(name) {
                self.promise(implied(event, name, kind));
            }
        }
    }

    /// Events that must be refused as the book stands at the end.
    fn must_reject(&mut self) {
        let rejects = self.case.json.get("must_reject").map(Json::items).unwrap_or_default();
        for (n, reject) in rejects.into_iter().cloned().collect::<Vec<_>>().iter().enumerate() {
            let json = reject.get("event").unwrap_or(reject);
            let mut event = self.linked(event(json, n + 1, &mut self.resources.clone()));
            if json.get("id").is_none() {
                event.id = format!("reject-{}", n + 1);
            }
            let rule = rule(reject.any(&["rule", "why"]).map_or("", Json::text));
            self.record(event, Verdict::Refused(rule));
        }
    }

    /// Processes of which the case says whether they close.
    fn close(&mut self) {
        let Some(expected) = self.case.json.get("expect_process_mass").cloned() else { return };
        for (name, mass) in expected.fields() {
            let process = id(name);
            let closes = mass.get("closes").is_none_or(Json::is_true);
            let request = CloseProcessRequest {
                id: process.clone(),
                balancing: self.balancing.remove(&process).unwrap_or_default(),
            };
            let verdict = if closes { Verdict::Accepted } else { Verdict::Refused(Some("R-mass".into())) };
            self.call(format!("closing {process}"), "CloseProcess", &request, verdict);
            let (into, out) = (mass.text_of("in").to_string(), mass.text_of("out").to_string());
            self.steps.push(Step::See(Look::Mass { process, into, out, closes }));
        }
    }

    /// What must be seen at the end; and that every resource is what its events make of it.
    fn end(&mut self) -> Result<(), String> {
        let only: Vec<String> = match self.case.json.get("compare") {
            Some(list) => list.items().iter().map(|f| f.text().to_string()).collect(),
            None => Vec::new(),
        };
        let only: Vec<&str> = only.iter().map(String::as_str).collect();
        for name in ["expect_vf10", "expect", "expect_resources"] {
            if let Some(expect) = self.case.json.get(name) {
                self.steps.extend(looks::expected(&self.case, expect, &only, &self.promises)?);
            }
        }
        for (call, answer) in self.case.json.get("queries").map(Json::fields).unwrap_or_default() {
            self.steps.push(Step::See(looks::query(&self.case, call, answer)?));
        }
        let there = self.resources.iter().cloned();
        self.steps.extend(there.map(|id| Step::See(Look::Rebuilt { id })));
        Ok(())
    }
}

/// The rule that a text begins with: `R7 29 kg on hand`, `R-mass: …`.
fn rule(text: &str) -> Option<String> {
    let word = text.split([' ', ':', ',', ';']).next().unwrap_or_default();
    let number = word.strip_prefix('R').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    (number || word == "R-mass").then(|| word.to_string())
}
