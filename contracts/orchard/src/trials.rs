//! Events that a book must refuse, each made of one of the file's.

use crate::{
    player::STEWARD,
    posting::{with, without},
};
use book_replay::Json;

/// An event that must be refused.
pub struct Trial {
    pub what: String,
    pub json: Json,
    pub rule: &'static str,
    pub agent: &'static str,
}

impl Trial {
    pub fn of(what: &str, json: Json, rule: &'static str) -> Trial {
        Trial { what: what.into(), json, rule, agent: STEWARD }
    }

    pub fn action(json: &Json) -> Trial {
        Trial::of("an event of an action that there is not", with(&named(json), "action", "vanish"), "action")
    }

    pub fn unit(json: &Json) -> Trial {
        let json = amount(&named(json), json, "unit", "");
        Trial::of("200 of no unit are consumed", json, "unit")
    }

    pub fn stock(json: &Json) -> Trial {
        Trial::of("200 kg of steel go to forge, and 180 lie there", amount(&named(json), json, "value", "200"), "R7")
    }

    pub fn known(json: &Json) -> Trial {
        Trial::of("e01 once more, with 130 kg instead of 120", amount(json, json, "value", "130"), "id")
    }

    pub fn stranger(json: &Json) -> Trial {
        let trial =
            Trial::of("cy, who is neither giver nor receiver, records what forge gives away", named(json), "R10");
        Trial { agent: "cy", ..trial }
    }
}

/// An event under a name of its own, for it never comes to be.
fn named(json: &Json) -> Json {
    with(json, "id", &format!("{}.no", json.text_of("id")))
}

/// The event with another part of its quantity.
fn amount(json: &Json, of: &Json, part: &str, text: &str) -> Json {
    let quantity = of.get("resourceQuantity").cloned().unwrap_or(Json::Null);
    let Json::Map(mut fields) = without(json, &["resourceQuantity"]) else { return Json::Null };
    fields.push(("resourceQuantity".into(), with(&quantity, part, text)));
    Json::Map(fields)
}
