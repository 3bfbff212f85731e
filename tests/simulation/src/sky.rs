//! The network between validators: what is sent where, and when it comes. It stands in for sockets that lose, repeat,
//! reorder and delay, which is more than TCP does to anybody.

use crate::{
    Dice, Seat, Signed, Weather,
    lies::{Liar, Word},
    told::Told,
};
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{BlockedSubscription, Message, PeerSetSubscription, PeerSetUpdate, TrackedPeers};
use commonware_runtime::IoBuf;
use commonware_utils::{
    NZUsize, TryCollect as _,
    channel::{
        fallible::FallibleExt,
        mpsc,
        ring::{self, Sender as Ring},
    },
    ordered::Set,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use stint_consensus::{CHANNELS, QUOTAS};
use tokio::sync::Notify;

/// Messages that wait for one receiver. What comes more is lost, as on a socket that nobody reads.
const INBOX: usize = 4096;
/// How far a sender may be ahead of a channel's quota before its messages are lost, microseconds.
const AHEAD_US: u64 = 4_000_000;
const SECOND_US: u64 = 1_000_000;

/// The network; all validators share it.
#[derive(Clone)]
pub(crate) struct Sky(Arc<Mutex<State>>);

struct State {
    dice: Dice,
    /// Whose key it is. A validator keeps its place when it changes its key.
    places: BTreeMap<PublicKey, usize>,
    keys: Vec<PublicKey>,
    /// From and to.
    weather: Vec<Vec<Weather>>,
    /// A place neither hears nor is heard until then, microseconds.
    paused_until: Vec<Arc<AtomicU64>>,
    /// Time that a place's disk takes before a vote may leave, microseconds.
    disk: Vec<u64>,
    inboxes: BTreeMap<(Seat, usize), Arc<Inbox>>,
    liars: BTreeMap<Seat, Liar>,
    told: Told,
    /// Of twins, who hears which.
    audience: BTreeMap<Seat, BTreeSet<usize>>,
    blocked: BTreeSet<(usize, PublicKey)>,
    blocked_readers: Vec<(usize, Ring<Set<PublicKey>>)>,
    tracked: Option<(u64, Set<PublicKey>)>,
    peer_readers: Vec<mpsc::UnboundedSender<PeerSetUpdate<PublicKey>>>,
    /// When a channel between two places has room again, by its quota.
    quotas: BTreeMap<(Seat, usize, usize), u64>,
    sent: u64,
    /// Over all that was sent, in its order.
    trace: u64,
}

/// Messages on their way to one receiver.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    waiting: Mutex<BTreeMap<(u64, u64), Message<PublicKey>>>,
    /// Nobody reads before, microseconds.
    paused_until: Arc<AtomicU64>,
    pub arrived: Notify,
}

impl Inbox {
    /// The next message if its time has come, or else the time at which it will, microseconds.
    pub fn next(&self, now_us: u64) -> Result<Message<PublicKey>, Option<u64>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let paused = self.paused_until.load(Ordering::Relaxed);
        match waiting.first_entry() {
            Some(first) if first.key().0.max(paused) <= now_us => Ok(first.remove()),
            Some(first) => Err(Some(first.key().0.max(paused))),
            None => Err(None),
        }
    }

    fn put(&self, at: (u64, u64), message: Message<PublicKey>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < INBOX {
            waiting.insert(at, message);
            self.arrived.notify_one();
        }
    }
}

impl Sky {
    /// A calm network of the places whose first keys these are.
    pub fn new(seed: u64, keys: Vec<PublicKey>) -> Sky {
        let places = keys.iter().cloned().zip(0..).collect();
        let n = keys.len();
        Sky(Arc::new(Mutex::new(State {
            dice: Dice::new(seed),
            places,
            weather: vec![vec![Weather::CALM; n]; n],
            paused_until: (0..n).map(|_| Arc::default()).collect(),
            disk: vec![0; n],
            keys,
            inboxes: BTreeMap::new(),
            liars: BTreeMap::new(),
            told: Told::default(),
            audience: BTreeMap::new(),
            blocked: BTreeSet::new(),
            blocked_readers: Vec::new(),
            tracked: None,
            peer_readers: Vec::new(),
            quotas: BTreeMap::new(),
            sent: 0,
            trace: 0xcbf2_9ce4_8422_2325,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place takes another key.
    pub fn rekey(&self, place: usize, key: PublicKey) {
        let mut state = self.lock();
        state.places.insert(key.clone(), place);
        state.keys[place] = key;
    }

    /// A new receiver in place of any before; what waited for that one is gone.
    pub fn inbox(&self, seat: Seat, channel: usize) -> Arc<Inbox> {
        let mut state = self.lock();
        let paused_until = state.paused_until[seat.place].clone();
        let inbox = Arc::new(Inbox { paused_until, ..Default::default() });
        state.inboxes.insert((seat, channel), inbox.clone());
        inbox
    }

    /// Nobody is there any more, and what reached it since then it may not have read.
    pub fn leave(&self, seat: Seat, unread_us: u64) {
        let mut state = self.lock();
        state.told.ends(seat.place, unread_us);
        for channel in 0..CHANNELS {
            state.inboxes.remove(&(seat, channel));
        }
        state.liars.remove(&seat);
        state.blocked.retain(|(place, _)| *place != seat.place);
    }

    /// From now on a seat lies.
    pub fn lies(&self, seat: Seat, liar: Liar) {
        self.lock().liars.insert(seat, liar);
    }

    /// Rounds in which a liar gave one of these places two votes that no honest validator gives together, up to then.
    pub fn double_signs(&self, places: &[usize], by_us: u64) -> BTreeSet<Signed> {
        self.lock().told.provable(places, by_us)
    }

    /// Only these hear a seat and are heard by it.
    pub fn only(&self, seat: Seat, audience: BTreeSet<usize>) {
        self.lock().audience.insert(seat, audience);
    }

    pub fn weather(&self, from: usize, to: usize, change: impl FnOnce(&mut Weather)) {
        change(&mut self.lock().weather[from][to]);
    }

    pub fn pause(&self, place: usize, until_us: u64) {
        self.lock().paused_until[place].store(until_us, Ordering::Relaxed);
    }

    pub fn disk(&self, place: usize, takes_us: u64) {
        self.lock().disk[place] = takes_us;
    }

    /// How many messages were sent, and a number that stands for all of them.
    pub fn trace(&self) -> (u64, u64) {
        let state = self.lock();
        (state.sent, state.trace)
    }

    /// Who of `asked` a seat may send to; of all, if none are named.
    pub fn reachable(&self, seat: Seat, asked: Option<Vec<PublicKey>>) -> Vec<PublicKey> {
        let state = self.lock();
        let Some((_, tracked)) = &state.tracked else { return Vec::new() };
        let me = &state.keys[seat.place];
        let open = |key: &PublicKey| key != me && tracked.position(key).is_some() && !state.shut(seat.place, key);
        match asked {
            Some(asked) => asked.into_iter().filter(open).collect(),
            None => tracked.iter().filter(|k| open(k)).cloned().collect(),
        }
    }

    /// Sends a message, or what its sender lies instead.
    pub fn send(&self, seat: Seat, channel: usize, to: &[PublicKey], message: IoBuf, now_us: u64) {
        let mut state = self.lock();
        let to: Vec<usize> = to.iter().filter_map(|key| state.places.get(key).copied()).collect();
        let word = Word { channel, to, message };
        let State { liars, dice, told, .. } = &mut *state;
        let words = match liars.get_mut(&seat) {
            Some(liar) => liar.say(word, dice).into_iter().map(|word| (liar.signs(&word), word)).collect(),
            None => {
                if let Some((epoch, vote)) = word.vote() {
                    told.votes(seat.place, now_us, epoch, &vote);
                }
                vec![(None, word)]
            }
        };
        for (vote, Word { channel, to, message }) in words {
            for place in to {
                let arrives = state.carry(seat, place, channel, message.clone(), now_us);
                if let (Some(at_us), Some((key, epoch, vote))) = (arrives, &vote) {
                    state.told.reaches(place, at_us, *key, *epoch, vote);
                }
            }
        }
    }

    pub fn block(&self, place: usize, key: PublicKey) {
        let mut state = self.lock();
        if state.blocked.insert((place, key)) {
            let now = state.blocked_by(place);
            state.blocked_readers.retain(|(of, reader)| *of != place || reader.send_lossy(now.clone()));
        }
    }

    pub fn blocked(&self, place: usize) -> BlockedSubscription<PublicKey> {
        let (sender, receiver) = ring::channel(NZUsize!(1));
        let mut state = self.lock();
        sender.send_lossy(state.blocked_by(place));
        state.blocked_readers.push((place, sender));
        receiver
    }

    /// The newest word on who may connect holds for all.
    pub fn track(&self, version: u64, peers: Set<PublicKey>) {
        let mut state = self.lock();
        if state.tracked.as_ref().is_some_and(|(known, _)| *known >= version) {
            return;
        }
        state.tracked = Some((version, peers));
        if let Some(update) = state.update() {
            state.peer_readers.retain(|reader| reader.send_lossy(update.clone()));
        }
    }

    pub fn peer_set(&self, version: u64) -> Option<TrackedPeers<PublicKey>> {
        let state = self.lock();
        state.tracked.clone().filter(|(known, _)| *known == version).map(|(_, peers)| peers.into())
    }

    pub fn subscribe(&self) -> PeerSetSubscription<PublicKey> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.lock();
        if let Some(update) = state.update() {
            sender.send_lossy(update);
        }
        state.peer_readers.push(sender);
        receiver
    }
}

impl State {
    fn update(&self) -> Option<PeerSetUpdate<PublicKey>> {
        let (index, peers) = self.tracked.clone()?;
        Some(PeerSetUpdate { index, latest: peers.clone().into(), all: peers.into() })
    }

    fn blocked_by(&self, place: usize) -> Set<PublicKey> {
        let keys = self.blocked.iter().filter(|(by, _)| *by == place).map(|(_, key)| key.clone());
        keys.try_collect().unwrap_or_default()
    }

    /// One of both has shut the other out.
    fn shut(&self, place: usize, key: &PublicKey) -> bool {
        let by_other = self.places.get(key).is_some_and(|o| self.blocked.contains(&(*o, self.keys[place].clone())));
        by_other || self.blocked.contains(&(place, key.clone()))
    }

    /// Brings a message to a place, and says when it comes first, if it does.
    fn carry(&mut self, from: Seat, to: usize, channel: usize, message: IoBuf, now_us: u64) -> Option<u64> {
        if from.place == to || self.shut(from.place, &self.keys[to].clone()) {
            return None;
        }
        if self.audience.get(&from).is_some_and(|audience| !audience.contains(&to)) {
            return None;
        }
        self.note(from, to, channel, message.as_ref(), now_us);
        // A vote leaves when it is synced, and a paused process sends when it wakes.
        let paused = self.paused_until[from.place].load(Ordering::Relaxed);
        let leaves = now_us.max(paused) + self.disk[from.place];
        let leaves = self.within_quota(from, to, channel, leaves)?;
        let sender = self.keys[from.place].clone();
        let mut first = None;
        for twin in [false, true] {
            let seat = Seat { place: to, twin };
            let hears = self.audience.get(&seat).is_none_or(|audience| {
                // Of two liars with twins the first ones talk to each other, and the second ones.
                audience.contains(&from.place) && (from.twin == twin || !self.audience.contains_key(&from))
            });
            let Some(inbox) = self.inboxes.get(&(seat, channel)).filter(|_| hears).cloned() else { continue };
            for arrival in self.weather[from.place][to].arrivals(leaves, &mut self.dice) {
                self.sent += 1;
                inbox.put((arrival, self.sent), (sender.clone(), message.clone()));
                first = Some(first.map_or(arrival, |other| arrival.min(other)));
            }
        }
        first
    }

    /// When a message may leave by its channel's quota, as the real network has it: the surplus of a second waits, and
    /// what is more than that is lost.
    fn within_quota(&mut self, from: Seat, to: usize, channel: usize, leaves: u64) -> Option<u64> {
        let interval = SECOND_US / u64::from(QUOTAS[channel].burst_size().get());
        let next = self.quotas.entry((from, to, channel)).or_default();
        let ahead = next.saturating_sub(leaves);
        if ahead > SECOND_US + AHEAD_US {
            return None;
        }
        *next = (*next).max(leaves) + interval;
        Some(leaves + ahead.saturating_sub(SECOND_US))
    }

    /// FNV-1a over what is sent.
    fn note(&mut self, from: Seat, to: usize, channel: usize, message: &[u8], now_us: u64) {
        let head = [now_us, from.place as u64, u64::from(from.twin), to as u64, channel as u64, message.len() as u64];
        let bytes = head.iter().flat_map(|n| n.to_le_bytes()).chain(message.iter().copied());
        self.trace = bytes.fold(self.trace, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
    }
}
