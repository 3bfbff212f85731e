use super::Odds;
use crate::World;
use std::sync::atomic::Ordering;
use stint_simulation::{Dice, Weather};

/// Something that goes wrong for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What one sends another comes late, all at once.
    Clog(usize, usize),
    /// One does not hear another, who hears it.
    OneWayCut(usize, usize),
    /// Some hear only each other.
    Partition(Vec<usize>),
    /// Each hears only the next one.
    Ring,
    /// Processes end at once.
    Crash(Vec<usize>),
    /// A process does nothing.
    Pause(usize),
    /// A clock jumps, ahead or behind, milliseconds.
    Skew(usize, i64),
    /// A disk takes longer, milliseconds.
    SlowDisk(usize, u64),
    /// A disk takes nothing.
    FullDisk(usize),
}

impl Fault {
    /// Draws one for some of the places.
    pub fn draw(odds: &Odds, honest: &[usize], places: usize, dice: &mut Dice) -> Fault {
        let weights = [
            odds.clog,
            odds.one_way_cut,
            odds.partition,
            odds.ring,
            odds.crash,
            odds.crash_of_all,
            odds.pause,
            odds.skew,
            odds.slow_disk,
            odds.full_disk,
        ];
        let mut left = dice.below(weights.iter().sum());
        let kind = weights.iter().position(|weight| match left.checked_sub(*weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        let (from, one) = (dice.below(places as u64) as usize, *dice.pick(honest));
        let to = (from + 1 + dice.below(places as u64 - 1) as usize) % places;
        match kind.unwrap_or_default() {
            0 => Fault::Clog(from, to),
            1 => Fault::OneWayCut(from, to),
            2 => {
                let count = dice.between(1, places as u64 - 1) as usize;
                Fault::Partition(dice.some(count, places))
            }
            3 => Fault::Ring,
            4 => {
                let count = dice.between(1, honest.len().div_ceil(2) as u64) as usize;
                Fault::Crash(dice.some(count, honest.len()).into_iter().map(|n| honest[n]).collect())
            }
            5 => Fault::Crash(honest.to_vec()),
            6 => Fault::Pause(one),
            7 => Fault::Skew(one, dice.between(0, 2 * odds.skew_ms) as i64 - odds.skew_ms as i64),
            8 => Fault::SlowDisk(one, dice.between(1, odds.slow_ms)),
            _ => Fault::FullDisk(one),
        }
    }

    /// Lets it begin, for so long.
    pub async fn begin(&self, world: &mut World, lasts_ms: u64) {
        let until = world.now_ms() + lasts_ms;
        match self {
            Fault::Clog(from, to) => world.engines().weather(*from, *to, |w| w.clogged_until_ms = until),
            Fault::OneWayCut(from, to) => world.engines().weather(*from, *to, |w| w.cut = true),
            Fault::Partition(part) => world.partition(part),
            Fault::Ring => ring(world, true),
            Fault::Crash(who) => {
                for place in who {
                    world.crash(*place).await;
                }
            }
            Fault::Pause(place) => world.pause(*place, lasts_ms),
            Fault::Skew(place, ms) => world.ills(*place).ahead_ms.store(*ms, Ordering::Relaxed),
            Fault::SlowDisk(place, ms) => {
                world.ills(*place).slow_ms.store(*ms, Ordering::Relaxed);
                world.engines().slow_disk(*place, ms / 4);
            }
            Fault::FullDisk(place) => world.ills(*place).full.store(true, Ordering::Relaxed),
        }
    }

    /// Lets it end. Whoever crashed is started by the storm, which knows who still belongs to the ledger.
    pub fn end(&self, world: &mut World) {
        match self {
            Fault::Clog(..) | Fault::Crash(_) | Fault::Pause(_) => {}
            Fault::OneWayCut(from, to) => world.engines().weather(*from, *to, |w| w.cut = false),
            Fault::Partition(part) => world.heal(part),
            Fault::Ring => ring(world, false),
            Fault::Skew(place, _) => world.ills(*place).ahead_ms.store(0, Ordering::Relaxed),
            Fault::SlowDisk(place, _) => {
                world.ills(*place).slow_ms.store(0, Ordering::Relaxed);
                world.engines().slow_disk(*place, 0);
            }
            Fault::FullDisk(place) => world.ills(*place).full.store(false, Ordering::Relaxed),
        }
    }

    /// Who does not run while it lasts.
    pub fn down(&self) -> Vec<usize> {
        match self {
            Fault::Crash(who) => who.clone(),
            Fault::FullDisk(place) => vec![*place],
            _ => Vec::new(),
        }
    }
}

fn ring(world: &mut World, cut: bool) {
    let places = world.places();
    for (from, to) in (0..places).flat_map(|from| (0..places).map(move |to| (from, to))) {
        if from != to && (from + 1) % places != to {
            world.engines().weather(from, to, |w| w.cut = cut);
        }
    }
}

/// Ends all that is wrong on ways and machines.
pub fn calm(world: &mut World) {
    world.engines().everywhere(|weather| *weather = Weather::CALM);
    for place in 0..world.places() {
        let ills = world.ills(place);
        ills.ahead_ms.store(0, Ordering::Relaxed);
        ills.slow_ms.store(0, Ordering::Relaxed);
        ills.full.store(false, Ordering::Relaxed);
        world.pause(place, 0);
        world.engines().slow_disk(place, 0);
    }
}
