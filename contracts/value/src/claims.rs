//! What is owed, and how it ends outside of distributions: paid by an event of the book, or written off.

use crate::{
    accounts, ask,
    fields::word,
    proto::{
        ClaimAccount, ClaimChange, ClaimSettled, ClaimsRequest, ClaimsResponse, Move, SettleRequest, SettleResponse,
        WriteOffRequest, WriteOffResponse,
    },
    state::{CLAIMS, PAYMENTS, WORK, head},
};
use stint_sdk::{Code, Decimal, Refusal, announce, by_the_commons, context, has_role};

/// Accounts of one agent: one for each stream that ever owed it.
const MOST_ACCOUNTS: usize = 1000;

pub fn list(request: ClaimsRequest) -> Result<ClaimsResponse, Refusal> {
    word("agent", &request.agent)?;
    let prefix = format!("{}/", request.agent);
    let found = CLAIMS.page(prefix.as_bytes(), prefix.as_bytes(), MOST_ACCOUNTS);
    Ok(ClaimsResponse { claims: found.into_iter().map(|(_, claim)| claim).collect() })
}

pub fn settle(request: SettleRequest) -> Result<SettleResponse, Refusal> {
    let account = accounts::find(&request.claim)?;
    let with_book = ask::has_book()?;
    let payment = if with_book { &request.event } else { &request.id };
    word(if with_book { "event" } else { "id" }, payment)?;
    let change = Move {
        agent: account.agent.clone(),
        stream: account.stream.clone(),
        paid: request.amount,
        by: payment.clone(),
        ..Move::default()
    };
    if let Some(known) = PAYMENTS.get(payment) {
        if known == change {
            return Ok(SettleResponse { known: true, open: account.open });
        }
        let message = format!("{payment} paid {} of {} already; a payment settles once", known.paid, known.stream);
        return Err(Refusal::new(Code::AlreadyExists, "R14", message));
    }
    let caller = context().caller;
    if !(has_role("steward") || (with_book && caller == account.agent)) {
        let message =
            format!("{caller} may not say that a claim was paid: a steward does, or by the book who was paid");
        return Err(Refusal::new(Code::PermissionDenied, "role", message));
    }
    within(&account, request.amount)?;
    // The commons itself is not asked whether it may: its charter is what calls.
    if !by_the_commons() && ask::suspended(&account.agent)? {
        let message = format!("what is owed to {} is suspended by a sanction", account.agent);
        return Err(Refusal::new(Code::FailedPrecondition, "standing", message));
    }
    if with_book {
        of_book(&request, &account)?;
    }
    PAYMENTS.put(payment, &change);
    end(account, change).map(|open| SettleResponse { known: false, open })
}

/// R14: the event must be a transfer of exactly that to the agent.
fn of_book(request: &SettleRequest, account: &ClaimAccount) -> Result<(), Refusal> {
    let refuse =
        |why: String| Err(Refusal::new(Code::FailedPrecondition, "R14", format!("the event {} {why}", request.event)));
    let found = ask::event(&request.event)?.unwrap_or_default();
    if found.pending {
        return refuse("waits for its second signature".into());
    }
    let receiver = found.event.unwrap_or_default().receiver;
    if receiver != account.agent {
        return refuse(format!("went to {receiver:?}, and the claim is of {}", account.agent));
    }
    let moved = found.net_quantity.unwrap_or_default();
    let unit = head().unit;
    if !unit.is_empty() && moved.unit != unit {
        return refuse(format!("is of {}, and the claim is in {unit}", moved.unit));
    }
    let minor = Decimal::parse(&moved.value, 2).ok().and_then(|value| value.at(2));
    match minor == Some(request.amount.into()) {
        true => Ok(()),
        false => refuse(format!("moved {}, and {} minor units are to be settled", moved.value, request.amount)),
    }
}

pub fn write_off(request: WriteOffRequest) -> Result<WriteOffResponse, Refusal> {
    let account = accounts::find(&request.claim)?;
    let caller = context().caller;
    let waived = caller == account.agent;
    if !waived {
        word("decision", &request.decision)?;
        let decides = by_the_commons() || (has_role("steward") && !ask::has_charter()?);
        if !decides {
            let message =
                format!("{caller} may not write off what is owed to {}: they or a decision may", account.agent);
            return Err(Refusal::new(Code::PermissionDenied, "role", message));
        }
    }
    let amount = if request.amount == 0 { account.open } else { request.amount };
    within(&account, amount)?;
    let change = Move {
        agent: account.agent.clone(),
        stream: account.stream.clone(),
        written_off: amount,
        by: if waived { caller } else { request.decision },
        ..Move::default()
    };
    end(account, change).map(|open| WriteOffResponse { open })
}

/// V4: nothing beyond what is open; and nothing while a distribution counts with it.
fn within(account: &ClaimAccount, amount: i64) -> Result<(), Refusal> {
    if let Some(work) = WORK.get() {
        let message = format!("{} is being distributed and may pay this claim; wait for its end", work.income);
        return Err(Refusal::new(Code::FailedPrecondition, "busy", message));
    }
    if amount > 0 && amount <= account.open {
        return Ok(());
    }
    let message = format!("{} of {} is open; {amount} is not in 1 to that", account.open, account.id);
    Err(Refusal::new(Code::FailedPrecondition, "V4", message))
}

/// Makes a claim smaller.
fn end(account: ClaimAccount, change: Move) -> Result<i64, Refusal> {
    let (by, amount) = (change.by.clone(), change.paid + change.written_off);
    let written = accounts::write(head().begun, vec![change], &mut accounts::alone(account))?;
    let open = written.first().map_or(0, |(_, _, open)| *open);
    let change = |(_, id, open)| ClaimChange { id, amount: amount.to_string(), open };
    announce(&ClaimSettled { claims: written.into_iter().map(change).collect(), by });
    Ok(open)
}
