use super::Odds;
use crate::{DraftLie, Untruth};
use stint_simulation::{Dice, Lie, Weather};

/// Blocks of an epoch, so few that several end in a storm.
const EPOCH: u64 = 20;

/// What a seed says before a storm begins.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// Validators that run from the start.
    pub nodes: usize,
    /// Places for those who join.
    pub spare: usize,
    /// Blocks of an epoch.
    pub epoch_blocks: u64,
    /// Who lies, and what.
    pub liars: Vec<(usize, Untruth)>,
    /// Between all.
    pub weather: Weather,
    /// For what is drawn on the way.
    pub dice: Dice,
}

impl Forecast {
    /// Draws it. `nodes` is drawn too, if it is not given.
    pub fn new(seed: u64, nodes: Option<usize>, odds: &Odds) -> Forecast {
        let mut dice = Dice::new(seed ^ 0x5717_17e5);
        let drawn = *dice.pick(&odds.nodes);
        let nodes = nodes.unwrap_or(drawn);
        let members = dice.chance(odds.members);
        let lying = dice.chance(odds.liars);
        let liars = if lying { liars(nodes, &mut dice) } else { Vec::new() };
        let weather = weather(odds, &mut dice);
        let spare = if members { 2 } else { 0 };
        Forecast { nodes, spare, epoch_blocks: EPOCH, liars, weather, dice }
    }

    /// Places for validators.
    pub fn places(&self) -> usize {
        self.nodes + self.spare
    }

    /// Whether a place is honest.
    pub fn honest(&self, place: usize) -> bool {
        self.liars.iter().all(|(liar, _)| *liar != place)
    }
}

/// As many as a ledger bears.
fn liars(nodes: usize, dice: &mut Dice) -> Vec<(usize, Untruth)> {
    let network = Lie::ALL.map(Untruth::Network);
    let leader = DraftLie::ALL.map(Untruth::Leader);
    let all = [&network[..], &leader].concat();
    dice.some((nodes - 1) / 3, nodes).into_iter().map(|place| (place, *dice.pick(&all))).collect()
}

fn weather(odds: &Odds, dice: &mut Dice) -> Weather {
    if dice.chance(odds.calm) {
        return Weather::CALM;
    }
    let least = dice.below(odds.delay_ms / 2 + 1);
    Weather {
        delay_ms: (least, dice.between(least, odds.delay_ms)),
        loss: dice.below(odds.loss + 1),
        twice: dice.below(odds.twice + 1),
        late: dice.below(odds.late + 1),
        late_ms: dice.below(odds.late_ms + 1),
        ..Weather::CALM
    }
}
