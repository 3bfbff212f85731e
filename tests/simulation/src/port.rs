//! The engine's ends of the network.

use crate::{Seat, sky::Inbox, sky::Sky};
use commonware_actor::{Feedback, Unreliable};
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{
    BlockedSubscription, Blocker, CheckedSender, LimitedSender, Message, PeerSetSubscription, Provider, Receiver,
    Recipients, TrackedPeers,
};
use commonware_runtime::{Clock, IoBufs, deterministic::Context};
use commonware_utils::NZUsize;
use std::{
    convert::Infallible,
    fmt,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Microseconds since the start of the simulation.
pub(crate) fn now_us(context: &Context) -> u64 {
    context.current().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as u64)
}

/// Sends on one channel.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub sky: Sky,
    pub seat: Seat,
    pub channel: usize,
    pub context: Arc<Context>,
}

/// A message's way is found before the message is there.
pub(crate) struct Addressed<'a> {
    by: &'a Outgoing,
    to: Vec<PublicKey>,
}

impl LimitedSender for Outgoing {
    type PublicKey = PublicKey;
    type Checked<'a> = Addressed<'a>;

    fn check(&mut self, recipients: Recipients<PublicKey>) -> Result<Addressed<'_>, SystemTime> {
        let asked = match recipients {
            Recipients::All => None,
            Recipients::Some(keys) => Some(keys),
            Recipients::One(key) => Some(vec![key]),
        };
        let to = self.sky.reachable(self.seat, asked);
        Ok(Addressed { by: self, to })
    }
}

impl CheckedSender for Addressed<'_> {
    type PublicKey = PublicKey;

    fn recipients(&self) -> Vec<PublicKey> {
        self.to.clone()
    }

    fn send(self, message: impl Into<IoBufs> + Send, _: bool) -> Unreliable<Feedback> {
        let Outgoing { sky, seat, channel, context } = self.by;
        sky.send(*seat, *channel, &self.to, message.into().coalesce(), now_us(context));
        Unreliable::new(Feedback::Ok)
    }
}

/// Receives on one channel.
pub(crate) struct Incoming {
    pub inbox: Arc<Inbox>,
    pub context: Arc<Context>,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Incoming")
    }
}

impl Receiver for Incoming {
    type Error = Infallible;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<Message<PublicKey>, Infallible> {
        loop {
            match self.inbox.next(now_us(&self.context)) {
                Ok(message) => return Ok(message),
                Err(None) => self.inbox.arrived.notified().await,
                Err(Some(at)) => {
                    let due = self.context.sleep_until(UNIX_EPOCH + Duration::from_micros(at));
                    tokio::select! {
                        biased;
                        () = self.inbox.arrived.notified() => {}
                        () = due => {}
                    }
                }
            }
        }
    }

    fn capacity(&self) -> NonZeroUsize {
        NZUsize!(1024)
    }
}

/// Who the others are, and who of them is shut out.
#[derive(Clone)]
pub(crate) struct Peers {
    pub sky: Sky,
    pub place: usize,
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Provider for Peers {
    type PublicKey = PublicKey;

    async fn peer_set(&mut self, id: u64) -> Option<TrackedPeers<PublicKey>> {
        self.sky.peer_set(id)
    }

    async fn subscribe(&mut self) -> PeerSetSubscription<PublicKey> {
        self.sky.subscribe()
    }
}

impl Blocker for Peers {
    type PublicKey = PublicKey;

    fn block(&mut self, peer: PublicKey) -> Feedback {
        self.sky.block(self.place, peer);
        Feedback::Ok
    }

    fn blocked(&mut self) -> BlockedSubscription<PublicKey> {
        self.sky.blocked(self.place)
    }
}
