//! What is owed: one account for each agent and stream, and every change of it.

use crate::{
    count::Debt,
    proto::{Claim, ClaimAccount, Move},
    state::{CLAIMS, HEAD, MOVES, head},
};
use std::collections::BTreeMap;
use stint_rule::{
    Totals,
    proto::{self as rule, Settled, Weight},
};
use stint_sdk::{Code, Ratio, Refusal, Rounding, context};

/// The name of an account.
pub fn name(agent: &str, stream: &str) -> String {
    format!("{agent}/{stream}")
}

/// Accounts by agent and stream.
#[derive(Clone, Debug, Default)]
pub struct Accounts(BTreeMap<String, ClaimAccount>);

impl Accounts {
    /// As they stand now.
    pub fn now() -> Accounts {
        Accounts(CLAIMS.range(&[], &[]).collect())
    }

    /// Takes over what was carried.
    #[inline(never)]
    pub fn read(carried: &[Move]) -> Result<Accounts, Refusal> {
        let mut accounts = Accounts::default();
        carried.iter().try_for_each(|all| accounts.apply(all).map(|_| ()))?;
        Ok(accounts)
    }

    /// To be carried: each account as one change that leads to it.
    pub fn write(self) -> Vec<Move> {
        let whole = |a: ClaimAccount| Move {
            agent: a.agent,
            stream: a.stream,
            opened: a.original,
            paid: a.paid,
            written_off: a.written_off,
            ..Move::default()
        };
        self.0.into_values().map(whole).collect()
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Makes a change and gives the account as it is then.
    pub fn apply(&mut self, change: &Move) -> Result<&ClaimAccount, Refusal> {
        let id = name(&change.agent, &change.stream);
        let account = self.0.entry(id.clone()).or_default();
        if account.id.is_empty() {
            *account = fresh(id, change);
        }
        add(account, change)?;
        Ok(account)
    }

    /// As sums that a distribution adds to its own, and how much of them is settled.
    pub fn totals(&self) -> Result<(Vec<Weight>, Totals), Refusal> {
        let mut weights = Vec::with_capacity(self.0.len());
        let mut settled = Vec::with_capacity(self.0.len());
        for account in self.0.values() {
            let (stream, agent, claim) = (account.stream.clone(), account.agent.clone(), rule::Claim::Debt.into());
            let weight = account.original.clone();
            weights.push(Weight { stream: stream.clone(), agent: agent.clone(), claim, weight, ..Weight::default() });
            let amount = (i128::from(account.paid) + i128::from(account.written_off)).to_string();
            settled.push(Settled { stream, agent, claim, amount });
        }
        Ok((weights, Totals::read_settled(&settled)?))
    }
}

fn fresh(id: String, change: &Move) -> ClaimAccount {
    ClaimAccount {
        id,
        agent: change.agent.clone(),
        stream: change.stream.clone(),
        r#type: Claim::Debt.into(),
        original: "0".into(),
        ..ClaimAccount::default()
    }
}

fn add(account: &mut ClaimAccount, change: &Move) -> Result<(), Refusal> {
    let too_much = || Refusal::new(Code::OutOfRange, "overflow", format!("the claim {} does not fit", change.stream));
    if !change.opened.is_empty() {
        account.original = Ratio::parse(&account.original)?.plus(&Ratio::parse(&change.opened)?)?.to_string();
    }
    account.paid = account.paid.checked_add(change.paid).ok_or_else(too_much)?;
    account.written_off = account.written_off.checked_add(change.written_off).ok_or_else(too_much)?;
    let owed = Ratio::parse(&account.original)?.round(Rounding::Down)?;
    let open = owed - i128::from(account.paid) - i128::from(account.written_off);
    account.open = i64::try_from(open).map_err(|_| too_much())?;
    Ok(())
}

/// Changes that one distribution made.
pub fn changes(by: &str, opened: &[Debt], distribution: &rule::Distribution) -> Vec<Move> {
    let mut all: BTreeMap<(String, String), Move> = BTreeMap::new();
    let entry = |all: &mut BTreeMap<(String, String), Move>, stream: &str, agent: &str, opened: String, paid: i64| {
        let change = all.entry((agent.into(), stream.into())).or_insert_with(|| Move {
            agent: agent.into(),
            stream: stream.into(),
            by: by.into(),
            by_distribution: true,
            ..Move::default()
        });
        if !opened.is_empty() {
            change.opened = opened;
        }
        // The sum of its shares fits the income.
        change.paid += paid;
    };
    for debt in opened {
        entry(&mut all, &debt.stream, &debt.agent, debt.sum.to_string(), 0);
    }
    for share in distribution.shares.iter().filter(|s| s.claim() == rule::Claim::Debt && !s.stream.is_empty()) {
        entry(&mut all, &share.stream, &share.agent, String::new(), share.amount);
    }
    all.into_values().collect()
}

/// Writes changes and the accounts after them, and gives to each change the name of its account and what is open.
pub fn write(number: u32, changes: Vec<Move>, accounts: &mut Accounts) -> Result<Vec<(Move, String, i64)>, Refusal> {
    let (mut head, height) = (head(), context().height);
    let mut written = Vec::with_capacity(changes.len());
    for change in changes {
        let change = Move { height, ..change };
        let account = accounts.apply(&change)?;
        head.moves += 1;
        MOVES.put(&(number, head.moves), &change);
        CLAIMS.put(&account.id, account);
        written.push((change, account.id.clone(), account.open));
    }
    HEAD.put(&head);
    Ok(written)
}

/// The account of a name.
pub fn find(id: &str) -> Result<ClaimAccount, Refusal> {
    let missing = || {
        let shown: String = id.chars().take(160).collect();
        Refusal::new(Code::NotFound, "claim", format!("nothing is owed as {shown:?}; a claim is named agent/stream"))
    };
    CLAIMS.get(&id.to_string()).ok_or_else(missing)
}

/// One account, to be changed.
pub fn alone(account: ClaimAccount) -> Accounts {
    Accounts([(account.id.clone(), account)].into())
}
