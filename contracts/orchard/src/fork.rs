//! Step 8: bo disagrees, and goes on with the charter as it was before the vote. A fork takes two (G9), so dee goes along.

use crate::{
    ledger::{Ledger, Module},
    player::{FORGE, Player},
    told::Failure,
    valuation::CARE,
};
use charter::proto::{ForkRequest, FoundRequest, GetCharterRequest, GetFieldRequest, GetStandingRequest, methods};
use contribute::proto::{ListValidatedRequest, methods as contributions};

const FORK: &str = "forge-b";
const MEMBERS: [&str; 2] = ["bo", "dee"];

pub(crate) fn branch<L: Ledger>(player: &mut Player<L>, height: u64) -> Result<(), Failure> {
    player.step = 8;
    let founded = player.on.found(FORK, "Forge as it was", &[("bo", &["steward"]), ("dee", &["supplier"])]);
    player.done("forge-b is founded", founded)?;
    let deployed = player.on.deploy(FORK, Module::Charter);
    player.done("forge-b is served by a charter", deployed)?;
    player.tell(format!("{FORK} is founded with 2 members and a charter"));
    agree(player, height)?;
    compare(player, height)
}

fn agree<L: Ledger>(player: &mut Player<L>, height: u64) -> Result<(), Failure> {
    let with = |members: &[&str]| ForkRequest {
        id: FORK.into(),
        height,
        members: members.iter().map(|m| m.to_string()).collect(),
        signatures: Vec::new(),
    };
    let found = FoundRequest { parent: FORGE.into(), ..FoundRequest::default() };
    player.must_not("bo forks alone", (FORGE, "bo"), &methods::FORK, &with(&["bo"]), "G9")?;
    let what = format!("bo forks forge at height {height}, with dee");
    player.must(&what, (FORGE, "bo"), &methods::FORK, &with(&MEMBERS))?;
    let what = "bo founds its charter before dee has agreed";
    player.must_not(what, (FORK, "bo"), &methods::FOUND, &found, "G9")?;
    player.must("dee agrees", (FORGE, "dee"), &methods::FORK, &with(&MEMBERS))?;
    player.must("bo founds the charter of forge-b, from forge's", (FORK, "bo"), &methods::FOUND, &found)?;
    Ok(())
}

fn compare<L: Ledger>(player: &mut Player<L>, height: u64) -> Result<(), Failure> {
    let branch = player.ask(FORK, &methods::GET_CHARTER, &GetCharterRequest::default())?;
    let parent = branch.parent.unwrap_or_default();
    player.compare("forge-b, version", 1, branch.version);
    player.compare("forge-b, parent", FORGE, parent.commons);
    player.compare("forge-b, height of the parent", height, parent.height);
    let path = format!("/rules/valuation/params/{CARE}");
    for (commons, weight) in [(FORK, "1.0"), (FORGE, "1.5")] {
        let field = player.ask(commons, &methods::GET_FIELD, &GetFieldRequest { path: path.clone() })?;
        player.compare(format!("{commons}, weight of care"), weight, field.value);
    }
    let request = GetStandingRequest { agent: "bo".into() };
    let seats = player.ask(FORGE, &methods::GET_STANDING, &request)?.seats;
    player.compare("bo's seat in forge", "w2", seats.iter().map(|s| s.id.as_str()).collect::<String>());
    let request = ListValidatedRequest { page_size: 1000, ..ListValidatedRequest::default() };
    let history = player.ask(FORGE, &contributions::LIST_VALIDATED, &request)?.contributions;
    player.tell(format!("{} contributions can be read in forge, from where forge-b branched off", history.len()));
    Ok(())
}
