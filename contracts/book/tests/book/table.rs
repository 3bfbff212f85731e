//! The action table, cell by cell, against the table of the brief.

use book::actions::{ACTIONS, Action, Change, Count, Creates, Flow, Measure};

/// `DOMAIN.md` §2.2: accounting, onhand, location, containedIn, accountable, stage, state, create, quantity, in/out, pairs.
const NORMATIVE: &str = "
produce | + | + | new | – | new | update | update | optional | resource | output | –
consume | − | − | – | – | – | – | update | – | resource | input | –
use | – | – | – | – | – | – | update | – | both | input | –
work | – | – | – | – | – | – | – | – | effort | input | –
cite | – | – | – | – | – | – | update | – | resource | input | –
deliverService | – | – | – | – | – | – | – | – | resource | output(+input) | –
pickup | – | − | update | – | – | – | update | – | resource | input | dropoff
dropoff | – | + | update | – | – | update | update | – | resource | output | pickup
accept | – | − | update | – | – | – | update | – | resource | input | modify
modify | – | + | update | – | – | update | update | – | resource | output | accept
combine | – | − | – | update | – | – | update | – | resource | input | –
separate | – | + | – | remove | – | update | update | – | resource | output | –
transfer | −/+to | −/+to | updateTo | – | updateTo | – | updateTo | optionalTo | resource | – | –
transferAllRights | −/+to | – | – | – | updateTo | – | updateTo | optionalTo | resource | – | –
transferCustody | – | −/+to | updateTo | – | – | – | updateTo | optionalTo | resource | – | –
move | −/+to | −/+to | updateTo | – | – | – | updateTo | optionalTo | resource | – | –
copy | +to | +to | new | – | new | – | updateTo | optionalTo | resource | – | –
raise | + | + | – | – | new | – | update | optional | resource | – | –
lower | − | − | – | – | new | – | update | optional | resource | – | –
";

fn count(count: Count) -> &'static str {
    match count {
        Count::Keep => "–",
        Count::Increment => "+",
        Count::Decrement => "−",
        Count::DecrementIncrement => "−/+to",
        Count::IncrementTo => "+to",
    }
}

fn change(change: Change) -> &'static str {
    match change {
        Change::Keep => "–",
        Change::New => "new",
        Change::Update => "update",
        Change::UpdateTo => "updateTo",
        Change::Remove => "remove",
    }
}

fn row(a: &Action) -> String {
    let creates = match a.creates {
        Creates::Nothing => "–",
        Creates::Optional => "optional",
        Creates::OptionalTo => "optionalTo",
    };
    let measure = match a.measure {
        Measure::Resource => "resource",
        Measure::Effort => "effort",
        Measure::Both => "both",
    };
    let flow = match a.flow {
        Flow::Outside => "–",
        Flow::Input => "input",
        Flow::Output => "output",
        Flow::OutputInput => "output(+input)",
    };
    let other = ACTIONS.iter().find(|other| other.pairs == Some(a.name)).map(|other| other.name);
    let cells = [
        a.name,
        count(a.accounting),
        count(a.onhand),
        change(a.location),
        change(a.contained),
        change(a.accountable),
        change(a.stage),
        change(a.state),
        creates,
        measure,
        flow,
        a.pairs.or(other).unwrap_or("–"),
    ];
    cells.join(" | ")
}

#[test]
fn the_table_is_the_normative_one() {
    let ours: Vec<String> = ACTIONS.iter().map(row).collect();
    let theirs: Vec<&str> = NORMATIVE.trim().lines().collect();
    assert_eq!(ours, theirs);
}
