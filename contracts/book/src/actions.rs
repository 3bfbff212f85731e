//! The 19 actions of Valueflows 1.0: one table, and nothing else about any single action anywhere.
//!
//! A column is an enum named as in the ontology (`accountingEffect`, `onhandEffect`, …). `implied` is the transfer that an
//! event of the action carries when its provider and receiver differ.

use stint_sdk::{Code, Refusal};

/// What happens to a quantity of the resource (`resourceInventoriedAs`), or of the one it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    Keep,
    Increment,
    Decrement,
    /// Off the resource, on to the other.
    DecrementIncrement,
    IncrementTo,
}

/// What happens to a field of the resource, or of the one it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Keep,
    /// Set when the event creates the resource.
    New,
    Update,
    UpdateTo,
    Remove,
}

/// Which resource the event may create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creates {
    Nothing,
    Optional,
    OptionalTo,
}

/// Which quantity the event needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Resource,
    Effort,
    Both,
}

/// On which side of a process the event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Outside,
    Input,
    Output,
    OutputInput,
}

/// The transfer that different agents imply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Implied {
    Nothing,
    Transfer,
    Custody,
}

/// An action: one row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    pub name: &'static str,
    pub accounting: Count,
    pub onhand: Count,
    pub location: Change,
    pub contained: Change,
    pub accountable: Change,
    pub stage: Change,
    pub state: Change,
    pub creates: Creates,
    pub measure: Measure,
    pub flow: Flow,
    /// What must have gone in before.
    pub pairs: Option<&'static str>,
    pub implied: Implied,
}

use Change::{New, Remove, Update, UpdateTo};
use Count::{Decrement, DecrementIncrement, Increment, IncrementTo};

/// Leaves everything as it is: rows say what differs.
const PLAIN: Action = Action {
    name: "",
    accounting: Count::Keep,
    onhand: Count::Keep,
    location: Change::Keep,
    contained: Change::Keep,
    accountable: Change::Keep,
    stage: Change::Keep,
    state: Change::Keep,
    creates: Creates::Nothing,
    measure: Measure::Resource,
    flow: Flow::Outside,
    pairs: None,
    implied: Implied::Nothing,
};

const INPUT: Action = Action { flow: Flow::Input, state: Update, ..PLAIN };
const OUTPUT: Action = Action { flow: Flow::Output, state: Update, stage: Update, ..PLAIN };
/// Goes into a process and comes out of it again.
const IN_AND_OUT: Action = Action { onhand: Decrement, location: Update, implied: Implied::Custody, ..INPUT };
const OUT_AGAIN: Action = Action { onhand: Increment, location: Update, implied: Implied::Custody, ..OUTPUT };
const FROM_TO: Action = Action { state: UpdateTo, creates: Creates::OptionalTo, ..PLAIN };
const ADJUST: Action = Action { accountable: New, state: Update, creates: Creates::Optional, ..PLAIN };

/// The table. `DOMAIN.md` §2.2 shows the same, and a test compares them cell by cell.
#[rustfmt::skip]
pub const ACTIONS: [Action; 19] = [
    Action { name: "produce", accounting: Increment, onhand: Increment, location: New, accountable: New,
             creates: Creates::Optional, implied: Implied::Transfer, ..OUTPUT },
    Action { name: "consume", accounting: Decrement, onhand: Decrement, implied: Implied::Transfer, ..INPUT },
    Action { name: "use", measure: Measure::Both, ..INPUT },
    Action { name: "work", measure: Measure::Effort, state: Change::Keep, ..INPUT },
    Action { name: "cite", ..INPUT },
    Action { name: "deliverService", flow: Flow::OutputInput, implied: Implied::Transfer, ..PLAIN },
    Action { name: "pickup", ..IN_AND_OUT },
    Action { name: "dropoff", pairs: Some("pickup"), ..OUT_AGAIN },
    Action { name: "accept", ..IN_AND_OUT },
    Action { name: "modify", pairs: Some("accept"), ..OUT_AGAIN },
    Action { name: "combine", onhand: Decrement, contained: Update, ..INPUT },
    Action { name: "separate", onhand: Increment, contained: Remove, ..OUTPUT },
    Action { name: "transfer", accounting: DecrementIncrement, onhand: DecrementIncrement, location: UpdateTo,
             accountable: UpdateTo, ..FROM_TO },
    Action { name: "transferAllRights", accounting: DecrementIncrement, accountable: UpdateTo, ..FROM_TO },
    Action { name: "transferCustody", onhand: DecrementIncrement, location: UpdateTo, ..FROM_TO },
    Action { name: "move", accounting: DecrementIncrement, onhand: DecrementIncrement, location: UpdateTo, ..FROM_TO },
    Action { name: "copy", accounting: IncrementTo, onhand: IncrementTo, location: New, accountable: New, ..FROM_TO },
    Action { name: "raise", accounting: Increment, onhand: Increment, ..ADJUST },
    Action { name: "lower", accounting: Decrement, onhand: Decrement, ..ADJUST },
];

/// An action by its name.
pub fn action(name: &str) -> Result<&'static Action, Refusal> {
    ACTIONS.iter().find(|a| a.name == name).ok_or_else(|| {
        let known: Vec<&str> = ACTIONS.iter().map(|a| a.name).collect();
        let why = format!("{:?} is no action of Valueflows 1.0: {}", crate::fields::shown(name), known.join(", "));
        Refusal::new(Code::InvalidArgument, "action", why)
    })
}

impl Action {
    /// The action that others wait for: of a pickup the dropoff.
    pub fn opens_pair(&self) -> bool {
        ACTIONS.iter().any(|a| a.pairs == Some(self.name))
    }

    /// The row of the transfer that different agents imply.
    pub fn implied(&self) -> Option<&'static Action> {
        let name = match self.implied {
            Implied::Nothing => return None,
            Implied::Transfer => "transfer",
            Implied::Custody => "transferCustody",
        };
        ACTIONS.iter().find(|a| a.name == name)
    }

    /// Neither quantity changes: the resource is only mentioned.
    pub fn only_mentions(&self) -> bool {
        self.accounting == Count::Keep && self.onhand == Count::Keep && self.accountable == Change::Keep
    }

    /// It is between resources: of one, to another.
    pub fn is_transfer(&self) -> bool {
        self.creates == Creates::OptionalTo
    }

    /// The resource loses what the other one gets.
    pub fn takes(&self) -> bool {
        self.accounting == DecrementIncrement || self.onhand == DecrementIncrement
    }

    /// The thing goes, and rights and holders stay.
    pub fn keeps_agents(&self) -> bool {
        self.passes_custody() && self.accounting == DecrementIncrement && !self.passes_rights()
    }

    /// It goes into a process.
    pub fn is_input(&self) -> bool {
        self.flow == Flow::Input
    }

    /// Rights change hands.
    pub fn passes_rights(&self) -> bool {
        self.accountable == UpdateTo
    }

    /// The thing itself goes.
    pub fn passes_custody(&self) -> bool {
        self.onhand == DecrementIncrement
    }

    /// It is about holding, not about owning: it leaves and comes back.
    pub fn holds_only(&self) -> bool {
        self.accounting == Count::Keep && self.onhand != Count::Keep
    }
}
