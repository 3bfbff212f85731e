//! Before the scenario: three commons, their contracts, and forge's charter with six seats.

use crate::{
    ledger::{Ledger, Module, Rule},
    player::{FORGE, Player, STEWARD},
    told::Failure,
    valuation,
};
use book_replay::Json;
use charter::proto::{self as said, methods};

type Members = &'static [(&'static str, &'static [&'static str])];

/// Who belongs to which commons. Every book is kept by a steward; persons sign what they do themselves.
const COMMONS: [(&str, &str, Members); 3] = [
    (
        FORGE,
        "Open hardware for the food network, made from recovered material first",
        &[
            (STEWARD, &["steward"]),
            ("ana", &["worker"]),
            ("bo", &["worker"]),
            ("cy", &["worker"]),
            ("dee", &["supplier"]),
            ("table-rep", &["user"]),
            ("affected-1", &["affected"]),
        ],
    ),
    (
        "mend",
        "Repairing, and taking apart what cannot be repaired",
        &[(STEWARD, &["steward"]), ("mia", &["worker"]), ("nils", &["worker"])],
    ),
    ("table", "Food for 150 members, from the orchard", &[(STEWARD, &["steward"]), ("table-rep", &["user"])]),
];

/// Gives the hash of the valuation rule.
pub(crate) fn found<L: Ledger>(player: &mut Player<L>) -> Result<[u8; 32], Failure> {
    for (commons, purpose, members) in COMMONS {
        let founded = player.on.found(commons, purpose, members);
        player.done(&format!("{commons} is founded"), founded)?;
        let modules: &[Module] = match commons {
            FORGE => &[Module::Book, Module::Contribute, Module::Value, Module::Charter],
            _ => &[Module::Book],
        };
        for module in modules {
            let deployed = player.on.deploy(commons, *module);
            player.done(&format!("{commons} is served by {module:?}"), deployed)?;
        }
        player.tell(format!("{commons} is founded with {} members and {modules:?}", members.len()));
    }
    let published = player.on.publish_rule(Rule::Hours);
    let rule = player.done("the rule hours is published", published)?;
    constitute(player, rule)?;
    Ok(rule)
}

/// The example charter: its founder names the holders, and they accept.
fn constitute<L: Ledger>(player: &mut Player<L>, rule: [u8; 32]) -> Result<(), Failure> {
    let charter = player.year.constitution(valuation::founded(rule, player.year.day("01-01")));
    let seats = charter.seats.clone();
    let request = said::FoundRequest { charter: Some(charter), ..said::FoundRequest::default() };
    player.call("the charter of forge is drafted", (FORGE, STEWARD), &methods::FOUND, &request)?;
    for seat in &seats {
        let what = format!("{} accepts the seat {}", seat.holder, seat.id);
        let accept = said::AcceptSeatRequest { seat: seat.id.clone() };
        player.call(&what, (FORGE, &seat.holder), &methods::ACCEPT_SEAT, &accept)?;
    }
    let holders: Vec<&str> = seats.iter().map(|s| s.holder.as_str()).collect();
    player.tell(format!("forge has a charter, and {} hold its seats", holders.join(", ")));
    let named = player.year.part("vote");
    let named: Vec<&str> = named.get("seats").map(Json::items).unwrap_or_default().iter().map(|s| s.text()).collect();
    let stands = player.ask(FORGE, &methods::GET_CHARTER, &said::GetCharterRequest::default())?;
    let held = stands.charter.unwrap_or_default().seats;
    let held = held.iter().filter(|seat| named.contains(&seat.holder.as_str())).count();
    player.compare("seats held by whom the file names", named.len(), held);
    Ok(())
}
