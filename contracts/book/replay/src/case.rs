//! A case as it is written: what it begins with, what happens, and what it says of its things.
//!
//! Cases say little about specifications, units and kinds. They are derived: resources between which something goes conform to
//! one specification; a resource is counted in the unit in which it is first; `identification` says how things are told apart,
//! for one of them, for some by name, or for all.

use crate::{
    json::Json,
    names::{id, id_of, quantity_of},
};
use book::proto::{Identification, Spec};
use std::collections::{BTreeMap, BTreeSet};

/// A case.
pub struct Case {
    pub json: Json,
    /// Resources at the beginning, by id.
    pub given: Vec<(String, Json)>,
    /// Events and promises in order.
    pub events: Vec<Json>,
    specs: BTreeMap<String, String>,
    kinds: BTreeMap<String, Identification>,
    units: BTreeMap<String, String>,
}

const FROM: &[&str] = &["resourceInventoriedAs", "newResource"];
const TO: &[&str] = &["toResourceInventoriedAs"];
const CONFORMS: &[&str] = &["resourceConformsTo", "conformsTo"];

impl Case {
    pub fn read(json: &Json) -> Case {
        let entries = |name: &str| json.get(name).map(Json::fields).unwrap_or_default().iter().cloned();
        let given = entries("given").filter(|(_, g)| g.get("type").is_none()).map(|(name, value)| (id(&name), value));
        let given = given.collect();
        let events = match json.get("events") {
            Some(Json::List(events)) => events.clone(),
            _ => Vec::new(),
        };
        let mut case = Case {
            json: json.clone(),
            given,
            events,
            specs: BTreeMap::new(),
            kinds: BTreeMap::new(),
            units: BTreeMap::new(),
        };
        case.derive();
        case
    }

    fn derive(&mut self) {
        for (resource, given) in self.given.clone() {
            let conforms = id_of(&given, CONFORMS);
            if !conforms.is_empty() {
                self.specs.insert(resource.clone(), conforms);
            }
            let quantity = quantity_of(&given, &["accounting", "accountingQuantity", "onhand", "onhandQuantity"]);
            if let Some(quantity) = quantity {
                self.units.insert(resource.clone(), quantity.unit);
            }
            if let Some(kind) = kind(given.text_of("identification")) {
                self.kinds.insert(resource, kind);
            }
        }
        let events = self.events.clone();
        // Twice: what is learnt of the second resource of one event may tell of the first of another.
        for event in events.iter().chain(&events) {
            self.learn(event);
        }
    }

    fn learn(&mut self, event: &Json) {
        let names: Vec<String> = [FROM, TO].iter().map(|side| id_of(event, side)).filter(|n| !n.is_empty()).collect();
        let unit = quantity_of(event, &["resourceQuantity"]).map(|q| q.unit).unwrap_or_default();
        // What is put into a container is not what the container is.
        let alike = event.text_of("action") != "combine";
        let named = id_of(event, CONFORMS);
        let spec = names
            .iter()
            .find_map(|n| self.specs.get(n).cloned())
            .filter(|_| alike)
            .or((!named.is_empty()).then_some(named));
        for (n, name) in names.iter().enumerate() {
            if let Some(spec) = spec.as_ref().filter(|_| n == 0 || alike) {
                self.specs.entry(name.clone()).or_insert(spec.clone());
            }
            if !unit.is_empty() && (n == 0 || alike) {
                self.units.entry(name.clone()).or_insert(unit.clone());
            }
        }
    }

    /// The unit of a resource.
    pub fn unit_of(&self, resource: &str) -> String {
        self.units.get(resource).filter(|u| !u.is_empty()).cloned().unwrap_or_else(|| "one".into())
    }

    /// What a resource conforms to; things of which the case says nothing conform to their kind and unit.
    pub fn spec_of(&self, resource: &str) -> String {
        self.specs.get(resource).cloned().unwrap_or_else(|| {
            let kind = self.kind_of(resource).as_str_name().to_lowercase();
            id(&format!("{kind}.{}", self.unit_of(resource)))
        })
    }

    /// How a resource is told apart.
    pub fn kind_of(&self, resource: &str) -> Identification {
        if let Some(kind) = self.kinds.get(resource) {
            return *kind;
        }
        let Some(said) = self.json.get("identification") else { return Identification::Stock };
        let listed = |name: &str| said.get(name).is_some_and(|l| l.items().iter().any(|r| id(r.text()) == resource));
        match said {
            Json::Map(_) if listed("serialized") => Identification::Serialized,
            Json::Map(_) if listed("lot") => Identification::Lot,
            Json::Map(_) => Identification::Stock,
            text => kind(text.text()).unwrap_or(Identification::Stock),
        }
    }

    /// Every resource that the case names.
    pub fn resources(&self) -> BTreeSet<String> {
        let named = self.events.iter().flat_map(|e| [id_of(e, FROM), id_of(e, TO)]);
        self.given.iter().map(|(r, _)| r.clone()).chain(named).filter(|r| !r.is_empty()).collect()
    }

    /// Every specification, as it must be declared.
    pub fn declared(&self) -> Vec<Spec> {
        let mut specs: BTreeMap<String, Spec> = BTreeMap::new();
        let mut declare = |id: String, kind: Identification, mass: &str| {
            let spec = specs.entry(id.clone()).or_insert(Spec { id, identification: kind.into(), ..Spec::default() });
            if !mass.is_empty() {
                spec.mass_per_unit = mass.into();
            }
        };
        for resource in self.resources() {
            declare(self.spec_of(&resource), self.kind_of(&resource), "");
        }
        for event in self.events.iter().chain(self.json.get("must_reject").map(Json::items).unwrap_or_default()) {
            let event = event.get("event").unwrap_or(event);
            let spec = id_of(event, CONFORMS);
            if !spec.is_empty() {
                declare(spec, Identification::Stock, event.text_of("mass_kg"));
            }
        }
        specs.into_values().collect()
    }

    /// Every process that the case names.
    pub fn processes(&self) -> BTreeSet<String> {
        let sides = self.events.iter().flat_map(|e| [id_of(e, &["inputOf"]), id_of(e, &["outputOf"])]);
        let named = self.json.get("processes").map(Json::fields).unwrap_or_default().iter().map(|(name, _)| id(name));
        sides.chain(named).filter(|p| !p.is_empty()).collect()
    }

    /// The specification that a process is based on, when the case says one.
    pub fn based_on(&self, process: &str) -> String {
        let said = self.json.get("processes").map(Json::fields).unwrap_or_default();
        let found = said.iter().find(|(name, _)| id(name) == process);
        found.map(|(_, p)| id_of(p, &["basedOn", "based_on"])).unwrap_or_default()
    }

    /// Stages that resources begin with.
    pub fn stages(&self) -> BTreeSet<String> {
        self.given.iter().map(|(_, g)| id(g.text_of("stage"))).filter(|s| !s.is_empty()).collect()
    }

    /// The process out of which a resource of a stage came before the case begins.
    pub fn process_of_stage(stage: &str) -> String {
        id(&format!("{}{stage}", crate::given::GIVEN))
    }
}

/// `serialized`, `lot` or `stock`, at the beginning of a text that may go on; an identity is what a lot has.
fn kind(text: &str) -> Option<Identification> {
    let kinds = [
        ("serialized", Identification::Serialized),
        ("lot", Identification::Lot),
        ("identity", Identification::Lot),
        ("stock", Identification::Stock),
    ];
    kinds.into_iter().find(|(name, _)| text.starts_with(name)).map(|(_, kind)| kind)
}
