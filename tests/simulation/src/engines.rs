use crate::{
    Dice, Weather,
    lies::{Liar, Lie},
    port::{Incoming, Outgoing, Peers, now_us},
    sky::Sky,
    told::Signed,
};
use commonware_codec::{Copying, DecodeExt, Encode};
use commonware_cryptography::{
    Signer as _,
    ed25519::{PrivateKey, PublicKey},
};
use commonware_runtime::{Clock, Handle, Spawner, Supervisor, deterministic::Context};
use commonware_utils::{NZUsize, TryCollect as _, ordered::Set};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use stint_consensus::{CHANNELS, Floor, Left, MakeLedger, Parts, Timing, Track, start};
use stint_proto::{Block, Hash};

/// A running engine: that of a place, or its twin, which has the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    /// The validator.
    pub place: usize,
    /// A second engine of it.
    pub twin: bool,
}

impl From<usize> for Seat {
    fn from(place: usize) -> Seat {
        Seat { place, twin: false }
    }
}

/// What reaches a process so long before it ends may not have been read: it may have been paused. What it read it keeps.
const UNREAD_US: u64 = 5_000_000;

/// What an engine starts with.
pub struct Boot {
    /// The ledger.
    pub chain_id: Hash,
    /// Block 0.
    pub genesis: Block,
    /// What it orders for.
    pub ledger: MakeLedger,
    /// What it lies, if it does.
    pub lie: Option<Lie>,
    /// Where it begins, if it was brought further without its engine.
    pub floor: Option<Floor>,
}

/// Engines and the network between them.
pub struct Engines {
    context: Arc<Context>,
    pub(crate) sky: Sky,
    /// Of each place its keys, the one that acts and then one that may follow.
    keys: Vec<[PrivateKey; 2]>,
    running: BTreeMap<Seat, Handle<()>>,
    lives: u64,
    left: BTreeMap<Seat, Arc<Mutex<Option<Left>>>>,
    dice: Dice,
}

impl Engines {
    pub(crate) fn new(context: Context, seed: u64, count: usize) -> Engines {
        let key = |n: usize| PrivateKey::from_seed(n as u64);
        let keys: Vec<_> = (0..count).map(|i| [key(i), key(1000 + i)]).collect();
        let mut dice = Dice::new(seed);
        let first = keys.iter().map(|k| k[0].public_key()).collect();
        let sky = Sky::new(dice.next(), first);
        let (running, left) = (BTreeMap::new(), BTreeMap::new());
        let engines = Engines { context: Arc::new(context), sky, keys, running, lives: 0, left, dice };
        let all: Set<PublicKey> = engines.keys.iter().map(|k| k[0].public_key()).try_collect().unwrap_or_default();
        engines.sky.track(0, all);
        engines
    }

    /// Acting keys of the places.
    pub fn public_keys(&self) -> Vec<[u8; 32]> {
        (0..self.keys.len()).map(|place| self.public_key(place, 0)).collect()
    }

    /// The key that acts for a place, or with 1 the one that is to follow.
    pub fn public_key(&self, place: usize, which: usize) -> [u8; 32] {
        self.keys[place][which].public_key().as_ref().try_into().unwrap_or_default()
    }

    /// The seed of the same.
    pub fn secret(&self, place: usize, which: usize) -> [u8; 32] {
        self.keys[place][which].encode()[..].try_into().unwrap_or_default()
    }

    /// Lets the other key of a place act from its next start on.
    pub fn change_key(&mut self, place: usize) {
        let fresh = PrivateKey::from_seed(self.dice.next());
        self.keys[place].swap(0, 1);
        self.keys[place][1] = fresh;
        self.sky.rekey(place, self.keys[place][0].public_key());
    }

    /// Whether a validator's engine runs. One that left by itself does not.
    pub fn runs(&self, seat: impl Into<Seat>) -> bool {
        let seat = seat.into();
        self.left(seat).is_none() && self.running.contains_key(&seat)
    }

    /// Why a validator left by itself, if it did.
    pub fn left(&self, seat: impl Into<Seat>) -> Option<Left> {
        *self.left.get(&seat.into())?.lock().expect("one thread")
    }

    /// Starts a validator from what its engine keeps.
    pub async fn boot(&mut self, seat: impl Into<Seat>, boot: Boot) {
        let (seat, Boot { chain_id, genesis, ledger, lie, floor }) = (seat.into(), boot);
        let Seat { place, twin } = seat;
        let namespace = format!("stint-{chain_id}").into_bytes();
        self.leave(seat);
        if let Some(lie) = lie {
            let key = self.keys[place][0].clone();
            self.sky.lies(seat, Liar::new(lie, key, chain_id, self.keys.len(), &mut self.dice));
        }
        let end = |channel| {
            let inbox = self.sky.inbox(seat, channel);
            let context = self.context.clone();
            let outgoing = Outgoing { sky: self.sky.clone(), seat, channel, context: context.clone() };
            (outgoing, Incoming { inbox, context })
        };
        let peers = Peers { sky: self.sky.clone(), place };
        let parts = Parts {
            key: self.keys[place][0].clone(),
            other_keys: vec![self.public_key(place, 1)],
            namespace,
            genesis,
            floor,
            partition: format!("{}{place}", if twin { "twin" } else { "v" }),
            timing: Timing::default(),
            cache_pages: NZUsize!(64),
            peers: peers.clone(),
            track: self.track(),
            blocker: peers,
            channels: std::array::from_fn::<_, CHANNELS, _>(end),
        };
        self.lives += 1;
        let context = self.context.child("validator").with_attribute("index", place).with_attribute("life", self.lives);
        // Everything of the validator is a descendant of this task and ends with it.
        let left: Arc<Mutex<Option<Left>>> = Arc::default();
        self.left.insert(seat, left.clone());
        let task = context.spawn(move |context| async move {
            let running = start(context.child("node"), parts, ledger).await.expect("an engine");
            for (_, task) in running.tasks {
                let _ = task.await;
                if let Some(why) = running.left.get() {
                    *left.lock().expect("one thread") = Some(*why);
                    return;
                }
            }
        });
        self.running.insert(seat, task);
    }

    /// Of the simulated network the newest word of any validator holds for all: they hear of the same changes.
    fn track(&self) -> Track {
        let sky = self.sky.clone();
        Box::new(move |peers| {
            let keys = peers.peers.iter().filter_map(|p| PublicKey::decode(Copying(&p.key)).ok());
            if let Ok(set) = keys.try_collect::<Set<_>>() {
                sky.track(peers.version + 1, set);
            }
        })
    }

    /// Stops a validator at once. What its engine has synced stays.
    pub async fn crash(&mut self, seat: impl Into<Seat>) {
        let seat = seat.into();
        if let Some(task) = self.running.remove(&seat) {
            task.abort();
            let _ = task.await;
        }
        self.leave(seat);
        // Let what was aborted be dropped.
        self.sleep(1).await;
    }

    fn leave(&self, seat: Seat) {
        self.sky.leave(seat, now_us(&self.context).saturating_sub(UNREAD_US));
    }

    /// Rounds in which liars gave one of these places two votes that no honest validator gives together, up to so long
    /// ago, but for what reached a place shortly before its process ended.
    pub fn double_signs(&self, places: &[usize], ago_ms: u64) -> BTreeSet<Signed> {
        self.sky.double_signs(places, now_us(&self.context).saturating_sub(ago_ms * 1000))
    }

    /// Changes what happens on the way from one place to another.
    pub fn weather(&self, from: usize, to: usize, change: impl FnOnce(&mut Weather)) {
        self.sky.weather(from, to, change);
    }

    /// Changes the weather of all ways.
    pub fn everywhere(&self, change: impl Fn(&mut Weather)) {
        for (from, to) in self.ways() {
            self.sky.weather(from, to, &change);
        }
    }

    fn ways(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let count = self.keys.len();
        (0..count).flat_map(move |from| (0..count).map(move |to| (from, to))).filter(|(from, to)| from != to)
    }

    /// Cuts all ways between the validators of `part` and the others.
    pub fn partition(&self, part: &[usize]) {
        self.across(part, true);
    }

    /// Joins what [`Engines::partition`] cut.
    pub fn heal(&self, part: &[usize]) {
        self.across(part, false);
    }

    fn across(&self, part: &[usize], cut: bool) {
        for (from, to) in self.ways().filter(|(from, to)| part.contains(from) != part.contains(to)) {
            self.weather(from, to, |w| w.cut = cut);
        }
    }

    /// For so long a validator neither hears nor is heard; then everything at once.
    pub fn pause(&self, place: usize, ms: u64) {
        self.sky.pause(place, now_us(&self.context) + ms * 1000);
    }

    /// Its votes leave so much later: its disk is slow.
    pub fn slow_disk(&self, place: usize, ms: u64) {
        self.sky.disk(place, ms * 1000);
    }

    /// Only these places hear a seat and are heard by it.
    pub fn only(&self, seat: impl Into<Seat>, audience: &[usize]) {
        self.sky.only(seat.into(), audience.iter().copied().collect());
    }

    /// Simulated milliseconds since the start.
    pub fn now_ms(&self) -> u64 {
        now_us(&self.context) / 1000
    }

    /// Lets time pass.
    pub async fn sleep(&self, ms: u64) {
        self.context.sleep(Duration::from_millis(ms)).await;
    }

    /// How many messages were sent so far.
    pub fn sent(&self) -> u64 {
        self.sky.trace().0
    }
}
