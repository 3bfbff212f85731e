//! Which event of the file stands in which book, and as what.
//!
//! A commons records what it takes part in, so an event between two commons stands in both books, under one id. Each book
//! names the resources that live there, and a resource lives with whom answers for it. Of a transfer, the giver's book has
//! the resource that goes, and the receiver's the one into which it comes; what is only in somebody's hands for a while
//! (a dehydrator in repair) stays in its owner's book, and is said by its kind in the other one. Tags of the network's
//! border stand in the giver's book only, so that nothing crosses it twice.

use crate::scenario::Year;
use book_replay::Json;
use std::collections::{BTreeMap, BTreeSet};

pub struct Posting {
    commons: BTreeSet<String>,
    serialized: BTreeSet<String>,
    /// Specification and commons of each resource.
    specs: BTreeMap<String, String>,
    homes: BTreeMap<String, String>,
    /// Kilograms of one, by specification.
    masses: BTreeMap<String, String>,
}

impl Posting {
    pub fn new(year: &Year) -> Posting {
        let mut posting = Posting {
            commons: year.commons().into_iter().collect(),
            serialized: texts(year.part("identification").get("serialized")),
            specs: BTreeMap::from([("DESIGN-1".into(), "design".into())]),
            homes: BTreeMap::new(),
            masses: BTreeMap::new(),
        };
        for (resource, expected) in year.part("expect_resources").fields() {
            posting.homes.insert(resource.clone(), expected.text_of("primaryAccountable").into());
        }
        for event in year.all() {
            posting.learn(&event);
        }
        posting
    }

    fn learn(&mut self, event: &Json) {
        let spec = event.text_of("resourceConformsTo");
        let made = event.any(&["newResource", "toResourceInventoriedAs"]).map_or("", Json::text);
        if !made.is_empty() {
            self.specs.insert(made.into(), spec.into());
        }
        if !event.text_of("mass_kg").is_empty() {
            self.masses.insert(spec.into(), event.text_of("mass_kg").into());
        }
    }

    /// The book in which a resource is looked up. What a person answers for lives with the commons that uses it.
    pub fn home(&self, resource: &str) -> &str {
        let owner = self.homes.get(resource).map_or("", String::as_str);
        if self.commons.contains(owner) { owner } else { crate::player::FORGE }
    }

    pub fn is_serialized(&self, spec: &str) -> bool {
        self.serialized.iter().any(|resource| self.specs.get(resource).is_some_and(|s| s == spec))
    }

    pub fn mass(&self, spec: &str) -> &str {
        self.masses.get(spec).map_or("", String::as_str)
    }

    /// The specification that an event is about.
    pub fn spec_of(&self, event: &Json) -> String {
        let resource = event.any(&["resourceInventoriedAs", "newResource"]).map_or("", Json::text);
        match event.text_of("resourceConformsTo") {
            "" => self.specs.get(resource).cloned().unwrap_or_default(),
            said => said.into(),
        }
    }

    /// An event as it stands in the book of a commons; nothing when the commons has no part in it.
    pub fn in_book(&self, event: &Json, book: &str) -> Option<Json> {
        let (provider, receiver) = (event.text_of("provider"), event.text_of("receiver"));
        if provider != book && receiver != book {
            return None;
        }
        let shared = provider != receiver && [provider, receiver].iter().all(|agent| self.commons.contains(*agent));
        Some(match event.text_of("action") {
            _ if !shared => event.clone(),
            "transfer" if provider == book => without(event, &["toResourceInventoriedAs"]),
            "transfer" => self.received(event),
            _ if self.elsewhere(event, book) => {
                let named = without(event, &["resourceInventoriedAs", "state"]);
                with(&named, "resourceConformsTo", &self.spec_of(event))
            }
            _ => event.clone(),
        })
    }

    fn elsewhere(&self, event: &Json, book: &str) -> bool {
        let resource = event.text_of("resourceInventoriedAs");
        !resource.is_empty() && self.home(resource) != book
    }

    /// A transfer in the book of who receives. One of a kind keeps its name; what is received without a resource to go
    /// into is used up, and said by its kind.
    fn received(&self, event: &Json) -> Json {
        let from = event.text_of("resourceInventoriedAs");
        let to = match event.text_of("toResourceInventoriedAs") {
            "" if self.serialized.contains(from) => from,
            to => to,
        };
        let event_here = with(event, "resourceConformsTo", &self.spec_of(event));
        let event_here = without(&event_here, &["resourceInventoriedAs", "toResourceInventoriedAs", "boundary"]);
        if to.is_empty() { event_here } else { with(&event_here, "toResourceInventoriedAs", to) }
    }
}

fn texts(list: Option<&Json>) -> BTreeSet<String> {
    list.map(Json::items).unwrap_or_default().into_iter().map(|t| t.text().to_string()).collect()
}

pub fn without(event: &Json, names: &[&str]) -> Json {
    Json::Map(event.fields().iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect())
}

pub fn with(event: &Json, name: &str, text: &str) -> Json {
    let Json::Map(mut fields) = without(event, &[name]) else { return Json::Null };
    fields.push((name.into(), Json::Text(text.into())));
    Json::Map(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    fn posted(id: &str, book: &str) -> Option<Json> {
        let year = Scenario::default().in_year_before("2026-12-01").unwrap();
        let posting = Posting::new(&year);
        let event = year.all().into_iter().find(|e| e.text_of("id") == id).unwrap();
        posting.in_book(&event, book)
    }

    #[test]
    fn a_transfer_between_commons_stands_in_both_books_with_the_resource_of_each() {
        let (gave, got) = (posted("e11", "mend").unwrap(), posted("e11", "forge").unwrap());
        assert_eq!((gave.text_of("resourceInventoriedAs"), gave.text_of("toResourceInventoriedAs")), ("RS", ""));
        assert_eq!((got.text_of("resourceInventoriedAs"), got.text_of("toResourceInventoriedAs")), ("", "RSF"));
        assert_eq!(posted("e11", "table"), None);
    }

    #[test]
    fn one_of_a_kind_keeps_its_name_in_the_book_of_who_receives_it() {
        let got = posted("e25.7", "table").unwrap();
        assert_eq!(
            (got.text_of("toResourceInventoriedAs"), got.text_of("resourceConformsTo")),
            ("DH-07", "dehydrator")
        );
    }

    #[test]
    fn the_border_of_the_network_is_crossed_once() {
        assert_eq!(posted("e35", "table").unwrap().text_of("boundary"), "final-use");
        let got = posted("e35", "forge").unwrap();
        assert_eq!((got.text_of("boundary"), got.text_of("resourceConformsTo")), ("", "dried-apples"));
    }

    #[test]
    fn what_is_repaired_stays_in_its_owners_book() {
        assert_eq!(posted("e37", "table").unwrap().text_of("resourceInventoriedAs"), "DH-03");
        let here = posted("e37", "mend").unwrap();
        assert_eq!((here.text_of("resourceInventoriedAs"), here.text_of("resourceConformsTo")), ("", "dehydrator"));
    }
}
