//! Money that came in.

use crate::{
    ask,
    fields::{number, rows, word},
    proto::{
        Income, IncomeEntry, IncomeRegistered, IncomeStatus, IncomeWithdrawn, ListIncomesRequest, ListIncomesResponse,
        Phase, RegisterIncomeRequest, RegisterIncomeResponse, WithdrawRequest, WithdrawResponse,
    },
    state::{HEAD, INCOME_AT, INCOMES, WORK, head},
};
use stint_sdk::{Code, Day, Refusal, Time, announce, context, require_role};

/// Events from which one income came.
const MOST_SOURCES: usize = 16;

pub fn register(request: RegisterIncomeRequest) -> Result<RegisterIncomeResponse, Refusal> {
    require_role("steward", "register incomes")?;
    let income = request.income.ok_or_else(|| Refusal::invalid("income", "the request holds no income"))?;
    word("id", &income.id)?;
    if let Some(known) = INCOMES.get(&income.id) {
        if known.income.as_ref() == Some(&income) {
            return Ok(RegisterIncomeResponse { known: true });
        }
        let message = format!("{} was registered with other content; an id stands for one income for ever", income.id);
        return Err(Refusal::new(Code::AlreadyExists, "id", message));
    }
    check(&income)?;
    let mut head = head();
    if head.incomes > 0 && head.unit != income.unit {
        let message =
            format!("the income is in {:?}, and all before it in {:?}; convert it first", income.unit, head.unit);
        return Err(Refusal::new(Code::FailedPrecondition, "R6", message));
    }
    head.incomes += 1;
    head.unit = income.unit.clone();
    INCOME_AT.put(&head.incomes, &income.id);
    HEAD.put(&head);
    let registered_height = context().height;
    let entry =
        IncomeEntry { income: Some(income.clone()), status: IncomeStatus::Registered.into(), registered_height };
    INCOMES.put(&income.id, &entry);
    announce(&IncomeRegistered { income: Some(income) });
    Ok(RegisterIncomeResponse { known: false })
}

fn check(income: &Income) -> Result<(), Refusal> {
    let Income { amount, purchases, .. } = *income;
    if amount <= 0 {
        return Err(Refusal::invalid("amount", format!("the amount is {amount}; an income is above 0")));
    }
    if !(0..=amount).contains(&purchases) {
        let message = format!("the purchases are {purchases}; they are 0 to the amount, {amount}");
        return Err(Refusal::invalid("purchases", message));
    }
    let (date, now) = (Time::parse(&income.date)?, Time::of_time_ms(context().time_ms));
    if date > now {
        let message = format!("{date} is in the future; the ledger's time is {now}");
        return Err(Refusal::new(Code::FailedPrecondition, "date", message));
    }
    if !income.since.is_empty() && Day::parse(&income.since)? > date.day() {
        let message = format!("contributions since {} cannot have earned an income of {date}", income.since);
        return Err(Refusal::invalid("since", message));
    }
    if !income.unit.is_empty() {
        word("unit", &income.unit)?;
    }
    if income.sources.len() > MOST_SOURCES {
        let message = format!("{} events are named as sources; the limit is {MOST_SOURCES}", income.sources.len());
        return Err(Refusal::invalid("sources", message));
    }
    for event in &income.sources {
        word("sources", event)?;
        // A commons without a book may name whatever it has.
        ask::event(event)?;
    }
    Ok(())
}

/// An income and where it stands.
pub fn find(id: &str) -> Result<IncomeEntry, Refusal> {
    let missing = || {
        let shown: String = id.chars().take(80).collect();
        Refusal::new(Code::NotFound, "income", format!("no income {shown:?} is registered"))
    };
    INCOMES.get(&id.to_string()).ok_or_else(missing)
}

/// Takes an income back. Contributions that its distribution took stay taken, and open.
pub fn withdraw(request: WithdrawRequest) -> Result<WithdrawResponse, Refusal> {
    require_role("steward", "withdraw incomes")?;
    let entry = find(&request.income)?;
    let under_way = WORK.get().filter(|work| work.income == request.income);
    let shared = [Phase::Closing, Phase::Publishing];
    let closing = under_way.as_ref().is_some_and(|work| shared.contains(&work.phase()));
    match entry.status() {
        IncomeStatus::Withdrawn => return Ok(WithdrawResponse {}),
        IncomeStatus::Distributed => return refuse(&request.income, "is distributed"),
        _ if closing => return refuse(&request.income, "is shared already, and only not closed"),
        _ => {}
    }
    if under_way.is_some() {
        WORK.delete();
    }
    INCOMES.put(&request.income, &IncomeEntry { status: IncomeStatus::Withdrawn.into(), ..entry });
    announce(&IncomeWithdrawn { id: request.income });
    Ok(WithdrawResponse {})
}

fn refuse<T>(income: &str, why: &str) -> Result<T, Refusal> {
    let message = format!("the income {income} {why}; correct it by another income");
    Err(Refusal::new(Code::FailedPrecondition, "V3", message))
}

pub fn list(request: ListIncomesRequest) -> Result<ListIncomesResponse, Refusal> {
    let rows = rows(request.page_size, 100, 1000);
    let after: u64 = number(&request.page_token)?;
    let mut found = INCOME_AT.page(&[], &after.saturating_add(1).to_be_bytes(), rows + 1);
    let more = found.len() > rows;
    found.truncate(rows);
    let next = found.last().filter(|_| more).map(|(number, _)| number.to_string());
    let incomes = found.into_iter().filter_map(|(_, id)| INCOMES.get(&id)).collect();
    Ok(ListIncomesResponse { incomes, next_page_token: next.unwrap_or_default() })
}
