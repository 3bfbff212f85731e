//! Parts of a charter: as messages for programs, as texts by leaf for people and patches. What a well-formed
//! part is stands here, for founding and amending alike.

mod about;
mod decision;
mod rule;
mod seat;
mod step;

pub use decision::describe;
pub use rule::{from as rule_from, leaves as rule_leaves, read as read_rule};

use crate::{
    path::{Kind, Leaves, Path, Place},
    proto::{Part, part::Part as Is},
};
use stint_sdk::Refusal;

/// The leaves of a part; none of what is not there.
pub fn leaves(part: &Part) -> Leaves {
    match &part.part {
        Some(Is::About(about)) => about::leaves(about),
        Some(Is::Seat(seat)) => seat::leaves(seat),
        Some(Is::Decision(decision)) => decision::leaves(decision),
        Some(Is::Step(step)) => step::leaves(step),
        None => Leaves::new(),
    }
}

/// The part that leaves make; an empty one of no leaves. Rules are read by [`read_rule`].
pub fn read(place: &Place, leaves: &Leaves) -> Result<Part, Refusal> {
    if leaves.is_empty() {
        return Ok(Part::default());
    }
    let mut fields = Fields { place, left: leaves.clone() };
    let part = match place.kind {
        Kind::About => Is::About(about::read(&mut fields)?),
        Kind::Seat => Is::Seat(seat::read(&mut fields)?),
        Kind::Decision => Is::Decision(decision::read(&mut fields)?),
        Kind::Step => Is::Step(step::read(&mut fields)?),
        Kind::Rule => return Ok(Part::default()),
    };
    fields.done()?;
    Ok(Part { part: Some(part) })
}

/// Adds a leaf, but an empty one.
fn add(leaves: &mut Leaves, leaf: &str, text: impl ToString) {
    let text = text.to_string();
    if !text.is_empty() {
        leaves.insert(leaf.into(), text);
    }
}

/// Leaves on their way into a part.
struct Fields<'a> {
    place: &'a Place,
    left: Leaves,
}

impl Fields<'_> {
    /// The text of a leaf; empty when it is not there.
    fn take(&mut self, leaf: &str) -> String {
        self.left.remove(leaf).unwrap_or_default()
    }

    /// A whole number in its bounds.
    fn number(&mut self, leaf: &str, least: u64, most: u64) -> Result<u64, Refusal> {
        let text = self.take(leaf);
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|n| digits && (least..=most).contains(n));
        number.ok_or_else(|| self.refuse(leaf, &text, &format!("a whole number from {least} to {most}")))
    }

    fn refuse(&self, leaf: &str, text: &str, accepted: &str) -> Refusal {
        let path = Path::leaf(self.place, leaf);
        let shown: String = text.chars().take(40).collect();
        let is = if shown.is_empty() { "is missing".into() } else { format!("is {shown:?}") };
        Refusal::invalid(leaf, format!("{path} {is}; it must be {accepted}")).with("path", path)
    }

    /// Refuses what no part has.
    fn done(self) -> Result<(), Refusal> {
        let Some((leaf, _)) = self.left.first_key_value() else { return Ok(()) };
        let path = Path::leaf(self.place, leaf);
        let has = match self.place.kind {
            Kind::About => "purpose and review_by",
            Kind::Seat => "class, weight, holder and invited",
            Kind::Rule => "module, from and params/…",
            Kind::Decision if leaf.starts_with("threshold") => "no threshold of its own when a module decides",
            Kind::Decision => {
                "kind, quorum, threshold_num, threshold_den, open_for_s, delay_s, objectors, and with a module: module and params/…"
            }
            Kind::Step => "name, effect and needs",
        };
        Err(Refusal::invalid("path", format!("{path} is no field of the charter; there it has {has}")))
    }
}
