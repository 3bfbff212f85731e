//! Steps of the graduated sanctions.

use super::{Fields, add};
use crate::{
    path::Leaves,
    proto::{Step, step::Effect},
    words::{Named, text, word},
};
use stint_sdk::Refusal;

pub fn leaves(step: &Step) -> Leaves {
    let mut leaves = Leaves::new();
    add(&mut leaves, "name", &step.name);
    add(&mut leaves, "effect", Effect::show(step.effect));
    add(&mut leaves, "needs", &step.needs);
    leaves
}

pub fn read(fields: &mut Fields) -> Result<Step, Refusal> {
    // A path of a step is a number.
    let n = fields.place.id.parse().unwrap_or_default();
    let (name, needs) = (fields.take("name"), fields.take("needs"));
    text("name", &name)?;
    if name.contains(char::is_control) {
        return Err(fields.refuse("name", &name, "a line of text"));
    }
    if !needs.is_empty() {
        word("needs", &needs)?;
    }
    Ok(Step { n, name, effect: Effect::read(&fields.take("effect"))?.into(), needs })
}
