use super::{
    Forecast, Odds,
    calls::Clients,
    check::{TOLD_MS, check, count, evidence},
    faults::{Fault, calm},
    members::{Member, Members},
};
use crate::{Plan, World, counter, simulate_unbegun};
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};
use stint_node::core::Standstill;
use stint_proto::{limits::CLOCK_SKEW_MS, v1};
use stint_simulation::Dice;

/// Time between two looks, milliseconds.
const TICK_MS: u64 = 50;
/// For so long a validator stands still before it asks whether others went on; real ones do so after thirty seconds.
const STILL_MS: u64 = 10_000;
/// By so many blocks they must have.
const AHEAD: u64 = 10;
/// Time that founding may take.
const FOUNDING_MS: u64 = 120_000;

/// What a storm led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What happened, a line each.
    pub log: Vec<String>,
    /// What must not be and was. Empty in a good run.
    pub broken: Vec<String>,
    /// Newest block.
    pub height: u64,
    /// Calls that were handed in.
    pub calls: u64,
    /// Messages that were sent.
    pub messages: u64,
    /// Faults that began.
    pub faults: u64,
    /// Decisions about validators that the ledger took.
    pub decisions: u64,
    /// Double signs on the ledger.
    pub evidence: u64,
    /// Those that the network carried to one honest validator whole; others are proved by certificates.
    pub provable: u64,
    /// Validators that the ledger accuses of them.
    pub accused: usize,
    /// Time from the end of the storm until all had recovered, simulated milliseconds.
    pub recovery_ms: u64,
    /// Simulated milliseconds of the whole run.
    pub lasted_ms: u64,
    /// A hash over every event of the run.
    pub trace: String,
}

/// Runs the storm of a seed.
pub fn storm(seed: u64, nodes: Option<usize>, odds: &Odds) -> Report {
    storm_of(seed, Forecast::new(seed, nodes, odds), odds)
}

/// Runs a storm that begins as forecast.
pub fn storm_of(seed: u64, forecast: Forecast, odds: &Odds) -> Report {
    let plan = Plan {
        places: forecast.places(),
        founders: forecast.nodes,
        epoch_blocks: forecast.epoch_blocks,
        announce: true,
    };
    let odds = odds.clone();
    let (mut report, trace) = simulate_unbegun(seed, plan, move |world| async move {
        let dice = forecast.dice.clone();
        let members = Members::new(forecast.nodes, forecast.places(), forecast.liars.len());
        let clients = Clients::default();
        let (going_on, still, report) = (Vec::new(), BTreeMap::new(), Report::default());
        let mut storm = Storm { world, odds, forecast, dice, members, clients, going_on, still, report };
        storm.whole().await;
        storm.report
    });
    report.trace = trace;
    report
}

struct Storm {
    world: World,
    odds: Odds,
    forecast: Forecast,
    dice: Dice,
    members: Members,
    clients: Clients,
    /// Faults and when they end.
    going_on: Vec<(u64, Fault)>,
    /// How long each validator that runs stands at its block.
    still: BTreeMap<usize, Standstill>,
    report: Report,
}

impl Storm {
    async fn whole(&mut self) {
        for (place, untruth) in self.forecast.liars.clone() {
            self.say(format!("v{place} lies: {untruth:?}"));
            self.world.lies(place, untruth);
        }
        self.world.begin().await;
        if !self.found().await {
            self.report.broken.push("the ledger does not begin".into());
            return;
        }
        self.blow().await;
        self.recover().await;
        let (honest, staying) = (self.honest(), self.staying());
        let broken = check(&self.world, &self.forecast, &self.clients, &honest, &staying);
        let node = self.newest();
        let recorded = evidence(&node);
        let (height, found, counted) = (node.tip().height, recorded.len(), count(&node));
        self.report.broken.extend(broken);
        self.report.height = height;
        self.report.calls = self.clients.sent.len() as u64;
        self.report.messages = self.world.engines().sent();
        self.report.decisions = self.members.decisions(&self.clients);
        self.report.evidence = found as u64;
        self.report.provable = self.world.double_signs(&staying, TOLD_MS).len() as u64;
        self.report.accused = recorded.iter().map(|r| &r.validator).collect::<BTreeSet<_>>().len();
        self.report.lasted_ms = self.world.now_ms();
        self.say(format!("block {height}, {counted} calls counted, {found} double signs on the ledger"));
        for broken in self.report.broken.clone() {
            self.say(format!("BROKEN: {broken}"));
        }
    }

    fn say(&mut self, what: String) {
        let ms = self.world.now_ms();
        self.report.log.push(format!("{:>4}.{:03} s  {what}", ms / 1000, ms % 1000));
    }

    /// Places of honest validators that belong to the ledger, leaving ones too.
    fn honest(&self) -> Vec<usize> {
        (0..self.world.places()).filter(|i| self.forecast.honest(*i) && self.members.runs(*i)).collect()
    }

    /// Those of them that stay. Whoever was away when it left may find nobody who still talks to it.
    fn staying(&self) -> Vec<usize> {
        self.honest().into_iter().filter(|i| self.members.of[*i] == Member::Inside).collect()
    }

    /// Those of them that run.
    fn running(&self) -> Vec<usize> {
        self.honest().into_iter().filter(|i| self.world.runs(*i) == (true, None)).collect()
    }

    fn newest(&self) -> Arc<stint_node::core::Node> {
        let nodes = self.honest().into_iter().map(|i| self.world.node(i).clone());
        nodes.max_by_key(|node| node.tip().height).expect("someone is honest")
    }

    /// Admits the clients and deploys the counter. Liars lie already, but the weather is calm.
    async fn found(&mut self) -> bool {
        for n in 0..3 {
            let key = self.world.client(n).verifying_key().to_bytes().to_vec().into();
            let request = v1::AdmitRequest { agent: format!("client{n}"), key, roles: vec!["client".into()] };
            self.kernel("Admit", &request);
        }
        let publish = self.clients.sent.len();
        self.kernel("Publish", &v1::PublishRequest { module: counter::module().into() });
        if !self.until(FOUNDING_MS, |s| s.clients.open() == 0).await {
            return false;
        }
        let Some(Ok(published)) = self.clients.answer(publish) else { return false };
        let Ok(v1::PublishResponse { code_hash, ready_ms, .. }) = v1::PublishResponse::decode(published) else {
            return false;
        };
        let serves = |s: &Storm| s.newest().tip().results.outcome.time_ms >= ready_ms;
        if !self.until(FOUNDING_MS, serves).await {
            return false;
        }
        let deploy = self.clients.sent.len();
        self.kernel("Deploy", &v1::DeployRequest { code_hash });
        self.until(FOUNDING_MS, |s| s.clients.open() == 0).await && matches!(self.clients.answer(deploy), Some(Ok(_)))
    }

    fn kernel(&mut self, method: &str, request: &impl Message) {
        let tx = self.world.sign("consortium", &format!("/stint.v1.Kernel/{method}"), request.encode_to_vec());
        self.clients.send(tx);
    }

    /// The storm itself.
    async fn blow(&mut self) {
        let weather = self.forecast.weather;
        self.say(format!("{} validators; the storm begins: {weather:?}", self.forecast.nodes));
        self.world.engines().everywhere(|w| *w = weather);
        let longer = if self.forecast.spare > 0 { 2 } else { 1 };
        let end = self.world.now_ms() + longer * self.odds.storm_ms;
        let mut next_call = 0;
        let mut next_fault = self.world.now_ms() + self.dice.below(self.odds.fault_every_ms);
        let mut next_decision = self.world.now_ms() + self.odds.decision_every_ms;
        while self.world.now_ms() < end {
            let now = self.world.now_ms();
            if now >= next_call {
                next_call = now + self.odds.call_every_ms;
                self.clients.count(&mut self.world, &mut self.dice);
            }
            if now >= next_fault {
                next_fault = now + self.dice.between(1, 2 * self.odds.fault_every_ms);
                self.strike().await;
            }
            if self.forecast.spare > 0 && now >= next_decision {
                next_decision = now + self.odds.decision_every_ms;
                let words = self.members.decide(&mut self.world, &mut self.clients, &mut self.dice);
                self.say(words);
            }
            self.turn().await;
        }
    }

    /// Lets a fault begin.
    async fn strike(&mut self) {
        let running = self.running();
        if running.is_empty() {
            return;
        }
        let fault = Fault::draw(&self.odds, &running, self.world.places(), &mut self.dice);
        let lasts = self.dice.between(100, self.odds.fault_lasts_ms);
        self.say(format!("{fault:?} for {lasts} ms"));
        fault.begin(&mut self.world, lasts).await;
        self.going_on.push((self.world.now_ms() + lasts, fault));
        self.report.faults += 1;
    }

    /// A moment passes: faults end, whoever stopped starts again, clients hear and ask.
    async fn turn(&mut self) {
        let now = self.world.now_ms();
        let (ended, going_on) = std::mem::take(&mut self.going_on).into_iter().partition(|(end, _)| *end <= now);
        self.going_on = going_on;
        let ended: Vec<(u64, Fault)> = ended;
        ended.iter().for_each(|(_, fault)| fault.end(&mut self.world));
        for (place, words) in self.members.turn(&mut self.world, &self.clients) {
            self.say(words);
            self.world.crash(place).await;
            self.world.restart(place).await;
        }
        let down: Vec<usize> = self.going_on.iter().flat_map(|(_, fault)| fault.down()).collect();
        for place in self.honest() {
            let stopped = self.world.ills(place).stopped.load(Ordering::Relaxed);
            if stopped && self.world.runs(place).0 {
                self.say(format!("v{place} stops: its disk is full"));
                self.world.crash(place).await;
            }
            // A full disk stops nobody before it is written to.
            let runs = self.world.runs(place) != (false, None);
            if !runs && !down.contains(&place) {
                self.say(format!("v{place} starts again at block {}", self.world.tip(place).height));
                self.world.restart(place).await;
            }
        }
        self.bring_back().await;
        let running = self.running();
        // Whoever was removed while it was away may wait for ever for somebody to tell it.
        let stays = |place: &usize| self.members.of[*place] == Member::Inside;
        let asked: Vec<usize> = running.iter().copied().filter(stays).collect();
        self.clients.turn(&self.world, &asked, &mut self.dice);
        self.look_at_clocks(&running);
        self.world.sleep(TICK_MS).await;
    }

    /// Whoever stands still while others go on fetches what they are ahead.
    async fn bring_back(&mut self) {
        let (running, now) = (self.running(), self.world.now_ms());
        self.still.retain(|place, _| running.contains(place));
        let ahead = running.iter().copied().max_by_key(|i| self.world.tip(*i).height);
        for place in running {
            let height = self.world.tip(place).height;
            let lasts = self.still.entry(place).or_insert(Standstill::new(height, now)).lasts_ms(height, now);
            let Some(ahead) = ahead.filter(|i| lasts >= STILL_MS && self.world.tip(*i).height >= height + AHEAD) else {
                continue;
            };
            self.still.remove(&place);
            self.say(format!("v{place} stands still, and fetches what v{ahead} is ahead"));
            if !self.world.come_back(place, ahead).await {
                self.say(format!("v{place} learns that it was removed"));
                self.members.of[place] = Member::Out;
            }
        }
    }

    /// No block is of a time that an honest clock, however far off, and what is allowed beyond have not reached.
    fn look_at_clocks(&mut self, running: &[usize]) {
        let latest = self.world.now_ms() + self.odds.skew_ms + CLOCK_SKEW_MS;
        for place in running {
            let tip = self.world.tip(*place);
            if tip.results.outcome.time_ms > latest && self.report.broken.is_empty() {
                self.report.broken.push(format!("block {} is of a time to come", tip.height));
            }
        }
    }

    async fn until(&mut self, limit_ms: u64, holds: impl Fn(&Storm) -> bool) -> bool {
        let end = self.world.now_ms() + limit_ms;
        while !holds(self) {
            if self.world.now_ms() >= end {
                return false;
            }
            self.turn().await;
        }
        true
    }

    /// The storm ends; all must come to one place, answer everything, and record what they saw of lies.
    async fn recover(&mut self) {
        calm(&mut self.world);
        self.going_on.clear();
        let began = self.world.now_ms();
        self.say("the storm ends".into());
        for _ in 0..3 {
            self.clients.count(&mut self.world, &mut self.dice);
        }
        let recovered = |s: &Storm| {
            let (honest, newest) = (s.staying(), s.newest().tip().height);
            s.clients.open() == 0
                && honest.iter().all(|i| s.world.runs(*i) == (true, None))
                && honest.iter().all(|i| s.world.tip(*i).height + 2 >= newest)
                && honest.iter().all(|i| s.world.node(*i).health().evidence().is_empty())
        };
        let limit = self.odds.recovery_ms;
        let in_time = self.until(limit, recovered).await;
        self.report.recovery_ms = self.world.now_ms() - began;
        self.say(format!("all have recovered: {in_time}, after {} ms", self.report.recovery_ms));
        if !in_time {
            let honest = self.staying();
            let open = self.clients.open();
            let places: Vec<_> = honest
                .iter()
                .map(|i| (self.world.name(*i), self.world.tip(*i).height, self.world.runs(*i).0))
                .collect();
            let untold: Vec<_> = honest.iter().map(|i| self.world.node(*i).health().evidence().len()).collect();
            self.report.broken.push(format!(
                "not recovered within {limit} ms: {open} calls open, evidence untold {untold:?}, validators at {places:?}"
            ));
        }
    }
}
