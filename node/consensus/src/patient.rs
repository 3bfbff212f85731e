//! The engine's surroundings, with a clock as slow as [`Patience`] has it. All else is handed through.

use crate::patience::Patience;
use commonware_runtime::{
    BlobVersion, Clock, Error, Handle, Metrics, Name, Spawner, Storage, Supervisor,
    signal::Signal,
    telemetry::metrics::{Metric, Registered},
};
use governor::clock::{Clock as Ticks, ReasonablyRealtime};
use rand_core::{TryCryptoRng, TryRng};
use std::{
    fmt::Display,
    future::Future,
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

/// A context, and how patient it is.
pub(crate) struct Patient<E> {
    context: E,
    patience: Patience,
}

impl<E> Patient<E> {
    pub fn new(context: E, patience: Patience) -> Patient<E> {
        Patient { context, patience }
    }
}

impl<E: Clock> Clock for Patient<E> {
    fn current(&self) -> SystemTime {
        self.patience.engine(self.context.current())
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static + use<E> {
        self.context.sleep(self.patience.stretch(duration))
    }

    // A change of patience goes with a certificate, which wakes the engine: it looks at its clock again and sleeps anew.
    fn sleep_until(&self, deadline: SystemTime) -> impl Future<Output = ()> + Send + 'static + use<E> {
        self.context.sleep_until(self.patience.real(deadline))
    }
}

impl<E: Clock> Ticks for Patient<E> {
    type Instant = SystemTime;

    fn now(&self) -> SystemTime {
        self.current()
    }
}

impl<E: Clock> ReasonablyRealtime for Patient<E> {}

impl<E: Supervisor> Supervisor for Patient<E> {
    fn name(&self) -> Name {
        self.context.name()
    }

    fn child(&self, label: &'static str) -> Self {
        Patient::new(self.context.child(label), self.patience.clone())
    }

    fn with_attribute(self, key: &'static str, value: impl Display) -> Self {
        Patient::new(self.context.with_attribute(key, value), self.patience)
    }
}

impl<E: Spawner> Spawner for Patient<E> {
    fn shared(self, blocking: bool) -> Self {
        Patient::new(self.context.shared(blocking), self.patience)
    }

    fn dedicated(self) -> Self {
        Patient::new(self.context.dedicated(), self.patience)
    }

    fn spawn<F, Fut, T>(self, f: F) -> Handle<T>
    where
        F: FnOnce(Self) -> Fut + Send + 'static,
        Fut: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let patience = self.patience;
        self.context.spawn(|context| f(Patient::new(context, patience)))
    }

    fn stop(self, value: i32, timeout: Option<Duration>) -> impl Future<Output = Result<(), Error>> + Send {
        self.context.stop(value, timeout)
    }

    fn stopped(&self) -> Signal {
        self.context.stopped()
    }
}

impl<E: Metrics> Metrics for Patient<E> {
    fn register<N: Into<String>, H: Into<String>, M: Metric>(&self, name: N, help: H, metric: M) -> Registered<M> {
        self.context.register(name, help, metric)
    }

    fn encode(&self) -> String {
        self.context.encode()
    }
}

impl<E: Storage> Storage for Patient<E> {
    type Blob = E::Blob;

    fn open_versioned(
        &self,
        partition: &str,
        name: &[u8],
        versions: RangeInclusive<BlobVersion>,
    ) -> impl Future<Output = Result<(E::Blob, u64, BlobVersion), Error>> + Send {
        self.context.open_versioned(partition, name, versions)
    }

    fn remove(&self, partition: &str, name: Option<&[u8]>) -> impl Future<Output = Result<(), Error>> + Send {
        self.context.remove(partition, name)
    }

    fn scan(&self, partition: &str) -> impl Future<Output = Result<Vec<Vec<u8>>, Error>> + Send {
        self.context.scan(partition)
    }
}

impl<E: TryRng> TryRng for Patient<E> {
    type Error = E::Error;

    fn try_next_u32(&mut self) -> Result<u32, E::Error> {
        self.context.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, E::Error> {
        self.context.try_next_u64()
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), E::Error> {
        self.context.try_fill_bytes(dst)
    }
}

impl<E: TryCryptoRng> TryCryptoRng for Patient<E> {}
