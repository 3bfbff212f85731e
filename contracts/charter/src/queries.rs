//! Lists, and what stands behind one id.

use crate::{
    decide, history, objections,
    path::Name,
    propose,
    proto::{
        GetProposalRequest, GetProposalResponse, GetRuleRequest, GetRuleResponse, ListProposalsRequest,
        ListProposalsResponse, ListRulesRequest, ListRulesResponse, Objection, Proposal, Summary, TallyRequest,
        TallyResponse, proposal::Status as At,
    },
    settle,
    state::{BY_STATUS, OFFERS, PROPOSALS, RULES},
    words,
};
use stint_sdk::{Key, Refusal, Time};

/// Rows of a page: a page of proposals may have to count the votes of each.
fn rows(asked: u32) -> usize {
    if asked == 0 { 20 } else { asked.min(100) as usize }
}

fn bad_token() -> Refusal {
    Refusal::invalid("page-token", "this is no page token; take it from next_page_token of the page before")
}

fn find(id: &str) -> Result<Proposal, Refusal> {
    PROPOSALS.get(&id.to_string()).ok_or_else(|| words::missing("proposal", id))
}

/// Where it would stand if somebody settled it now. A rule that cannot be asked leaves it where it is.
fn due(proposal: &Proposal) -> At {
    let mut settled = proposal.clone();
    match settle::settle(&mut settled) {
        Ok(_) => settled.status(),
        Err(_) => proposal.status(),
    }
}

pub fn list_proposals(request: ListProposalsRequest) -> Result<ListProposalsResponse, Refusal> {
    let rows = rows(request.page_size);
    let status = u8::try_from(request.status).map_err(|_| Refusal::invalid("status", "there is no such status"))?;
    let from = match request.page_token.as_str() {
        "" => 0,
        token => token.parse::<u64>().map(|number| u64::MAX - number).map_err(|_| bad_token())?,
    };
    let mut start = Vec::new();
    (status, from).write(&mut start);
    let mut page = BY_STATUS.page(&[status], &start, rows + 1);
    let next = if page.len() > rows { page.pop() } else { None };
    let proposals = page.iter().filter_map(|(_, id)| PROPOSALS.get(id)).map(summary).collect();
    let token = next.map(|((_, age), _)| (u64::MAX - age).to_string());
    Ok(ListProposalsResponse { proposals, next_page_token: token.unwrap_or_default() })
}

fn summary(proposal: Proposal) -> Summary {
    let due = due(&proposal);
    Summary {
        due: if due == proposal.status() { 0 } else { due.into() },
        paths: propose::paths(&proposal),
        methods: propose::methods(&proposal),
        status: proposal.status,
        sums: proposal.sums,
        id: proposal.id,
        author: proposal.author,
        subject: proposal.subject,
        text: proposal.text,
        closes: proposal.closes,
        executable: proposal.executable,
    }
}

pub fn get_proposal(request: GetProposalRequest) -> Result<GetProposalResponse, Refusal> {
    let mut proposal = find(&request.proposal)?;
    let due = due(&proposal);
    let with_offer = |(n, objection): (usize, Objection)| Objection {
        offer: OFFERS.get(&(Name(proposal.id.clone()), n as u32)),
        ..objection
    };
    proposal.objections = objections::all(&proposal.id).into_iter().enumerate().map(with_offer).collect();
    Ok(GetProposalResponse { proposal: Some(proposal), due: due.into() })
}

pub fn tally(request: TallyRequest) -> Result<TallyResponse, Refusal> {
    let proposal = find(&request.proposal)?;
    settle::opened(&proposal)?;
    let closes = settle::time(&proposal.closes);
    let outcome = decide::outcome(&proposal, history::now().min(closes))?;
    let sums = proposal.sums.unwrap_or_default();
    let turnout = u128::from(decide::cast(&sums)) * 10_000;
    Ok(TallyResponse {
        sums: Some(sums),
        electorate_weight: proposal.electorate_weight,
        electorate_seats: proposal.electorate_seats,
        turnout_basis_points: turnout.checked_div(proposal.electorate_weight.into()).unwrap_or(0) as u32,
        quorum: outcome.quorum,
        passing: outcome.passed,
        reason: outcome.reason,
        figures: outcome.figures,
        open_objections: objections::all(&proposal.id).iter().filter(|o| !o.resolved).count() as u32,
        ballots: decide::ballots(&proposal),
        closes: proposal.closes,
    })
}

pub fn get_rule(request: GetRuleRequest) -> Result<GetRuleResponse, Refusal> {
    let at = if request.at.is_empty() { history::now() } else { Time::parse(&request.at)? };
    let rule = history::rule_at(&request.slot, at);
    // A version of nothing says that no rule holds from then on.
    let rule = rule.filter(|rule| !rule.module.is_empty() || !rule.params.is_empty());
    let rule = rule.ok_or_else(|| {
        let refusal = words::missing("rule", &request.slot);
        Refusal { message: format!("{} that holds at {at}", refusal.message), ..refusal }
    })?;
    Ok(GetRuleResponse {
        module: rule.module,
        params: rule.params,
        params_hash: rule.params_hash,
        from: rule.from,
        version: rule.version,
    })
}

pub fn list_rules(request: ListRulesRequest) -> Result<ListRulesResponse, Refusal> {
    let rows = rows(request.page_size);
    let mut prefix = Vec::new();
    if !request.slot.is_empty() {
        words::word("slot", &request.slot)?;
        Name::from(request.slot.as_str()).write(&mut prefix);
    }
    let start = match request.page_token.as_str() {
        "" => prefix.clone(),
        token => place(token).ok_or_else(bad_token)?,
    };
    let mut page = RULES.page(&prefix, &start, rows + 1);
    let next = if page.len() > rows { page.pop() } else { None };
    let token = next.map(|((slot, from, version), _)| format!("{}/{from}/{version}", slot.0));
    let rules = page.into_iter().map(|(_, rule)| rule).collect();
    Ok(ListRulesResponse { rules, next_page_token: token.unwrap_or_default() })
}

fn place(token: &str) -> Option<Vec<u8>> {
    let words: Vec<&str> = token.split('/').collect();
    let [slot, from, version] = words[..] else { return None };
    words::word("slot", slot).ok()?;
    let mut key = Vec::new();
    (Name::from(slot), from.parse::<u64>().ok()?, version.parse::<u32>().ok()?).write(&mut key);
    Some(key)
}
