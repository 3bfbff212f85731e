//! Seats: who decides.

use super::{Fields, add};
use crate::{
    limits,
    path::Leaves,
    proto::{Seat, seat::Class},
    words::{Named, word},
};
use stint_sdk::Refusal;

pub fn leaves(seat: &Seat) -> Leaves {
    let mut leaves = Leaves::new();
    add(&mut leaves, "class", Class::show(seat.class));
    add(&mut leaves, "weight", seat.weight());
    add(&mut leaves, "holder", &seat.holder);
    add(&mut leaves, "invited", &seat.invited);
    leaves
}

pub fn read(fields: &mut Fields) -> Result<Seat, Refusal> {
    let class = Class::read(&fields.take("class"))?;
    let weight = match fields.left.contains_key("weight") {
        true => fields.number("weight", 0, limits::WEIGHT.into())? as u32,
        false => 1,
    };
    let (holder, invited) = (fields.take("holder"), fields.take("invited"));
    for agent in [&holder, &invited].into_iter().filter(|a| !a.is_empty()) {
        word("agent", agent)?;
    }
    if !holder.is_empty() && !invited.is_empty() {
        let message = format!("the seat {} is held by {holder}; a seat is offered when it is vacant", fields.place.id);
        return Err(crate::words::forbidden("seat", message));
    }
    Ok(Seat { id: fields.place.id.clone(), class: class.into(), holder, weight: Some(weight), invited })
}
