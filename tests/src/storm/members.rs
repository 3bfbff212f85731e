use super::calls::Clients;
use crate::World;
use prost::Message;
use stint_consensus::Left;
use stint_proto::v1;
use stint_simulation::Dice;

/// A ledger removes only down to so many.
const FEW: usize = 4;

/// Where a place stands with the consortium, as far as the storm knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// Nobody knows of it.
    Outside,
    /// The call that adds it is on its way.
    Asked(usize),
    /// It is a validator, or is to be one.
    Inside,
    /// The call that removes it is on its way.
    Leaving(usize),
    /// It was removed, or was never taken.
    Out,
}

/// Validators that join, leave and change their keys, by the steward's calls.
pub struct Members {
    pub of: Vec<Member>,
    /// Calls that decide.
    asked: Vec<usize>,
    /// With fewer the liars among them would be too many.
    few: usize,
}

impl Members {
    /// Of founders, places, and liars among the founders.
    pub fn new(nodes: usize, places: usize, liars: usize) -> Members {
        let member = |place| if place < nodes { Member::Inside } else { Member::Outside };
        Members { of: (0..places).map(member).collect(), asked: Vec::new(), few: FEW.max(3 * liars + 1) }
    }

    /// Whether a place should run.
    pub fn runs(&self, place: usize) -> bool {
        matches!(self.of[place], Member::Inside | Member::Leaving(_))
    }

    fn inside(&self) -> Vec<usize> {
        (0..self.of.len()).filter(|place| self.of[*place] == Member::Inside).collect()
    }

    /// Decides something. Answers with words for the log.
    pub fn decide(&mut self, world: &mut World, clients: &mut Clients, dice: &mut Dice) -> String {
        let inside = self.inside();
        let outside = (0..self.of.len()).find(|place| self.of[*place] == Member::Outside);
        let (one, number) = (*dice.pick(&inside), clients.sent.len());
        self.asked.push(number);
        match (dice.below(3), outside) {
            (0, Some(place)) => {
                self.of[place] = Member::Asked(number);
                let (p2p, grpc) = ("127.0.0.1:1".into(), "127.0.0.1:2".into());
                let (name, key) = (world.name(place), world.key(place).to_vec().into());
                call(world, clients, "AddValidator", &v1::AddValidatorRequest { name, key, p2p, grpc });
                format!("v{place} is to join")
            }
            (1, _) if inside.len() > self.few => {
                self.of[one] = Member::Leaving(number);
                let name = world.name(one);
                call(world, clients, "RemoveValidator", &v1::RemoveValidatorRequest { name });
                format!("v{one} is to leave")
            }
            _ => {
                let (name, key) = (world.name(one), world.next_key(one).to_vec().into());
                call(world, clients, "RotateValidator", &v1::RotateValidatorRequest { name, key });
                format!("v{one} is to change its key")
            }
        }
    }

    /// Decisions that the ledger took.
    pub fn decisions(&self, clients: &Clients) -> u64 {
        self.asked.iter().filter(|call| matches!(clients.answer(**call), Some(Ok(_)))).count() as u64
    }

    /// Starts who was added, and who goes on with another key. Answers with whom, and words.
    pub fn turn(&mut self, world: &mut World, clients: &Clients) -> Vec<(usize, String)> {
        let mut start = Vec::new();
        for place in 0..self.of.len() {
            if let Member::Asked(call) = self.of[place]
                && let Some(answer) = clients.answer(call)
            {
                self.of[place] = if answer.is_ok() { Member::Inside } else { Member::Out };
                if answer.is_ok() {
                    start.push((place, format!("v{place} starts")));
                }
            }
            if let Member::Leaving(call) = self.of[place]
                && let Some(Err(_)) = clients.answer(call)
            {
                self.of[place] = Member::Inside;
            }
            match world.runs(place).1 {
                Some(Left::OtherKey(epoch)) => {
                    start.push((place, format!("v{place} starts again with another key, epoch {epoch}")));
                }
                Some(Left::Removed(_)) => self.of[place] = Member::Out,
                Some(Left::Outgrown) | None => {}
            }
        }
        start
    }
}

fn call(world: &mut World, clients: &mut Clients, method: &str, request: &impl Message) {
    let tx = world.sign("consortium", &format!("/stint.v1.Kernel/{method}"), request.encode_to_vec());
    clients.send(tx);
}
