//! How long rounds are waited for: longer while they end in vain, as usual again once blocks become final.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

/// So many times as long as usual, at most. A power of two.
const MOST: u32 = 4;
/// Honest leaders whose rounds may end in vain, one after the other and after those of all faulty ones: on a bad day a
/// message is lost now and then, and whoever then waits for longer recovers later.
const UNLUCKY: usize = 2;
/// Final blocks after which rounds are waited for half as long again.
const ENOUGH: u32 = 2;

/// What a validator's engines share of it. They know fixed timeouts only, so it is their clock that slows down.
#[derive(Clone)]
pub(crate) struct Patience(Arc<Mutex<Course>>);

struct Course {
    /// How many times slower than the real clock the engine's goes, and is to go from its next reading on.
    times: u32,
    wanted: u32,
    /// A moment by the engine's clock and by the real one; before the first change they are the same clock.
    met: Option<[SystemTime; 2]>,
    /// The newest round that counted.
    newest: (u64, u64),
    in_vain: usize,
    fruitful: u32,
}

impl Default for Patience {
    fn default() -> Patience {
        let course = Course { times: 1, wanted: 1, met: None, newest: (0, 0), in_vain: 0, fruitful: 0 };
        Patience(Arc::new(Mutex::new(course)))
    }
}

impl Patience {
    /// A round, named by epoch and view, is over without a block, of a committee of which so many may be faulty. More such
    /// rounds in a row than the faulty and the unlucky lead say that messages take longer than they are waited for.
    /// Answers how many times as long as usual rounds are waited for now, if that changes.
    pub fn in_vain(&self, round: (u64, u64), faulty: usize) -> Option<u32> {
        let mut course = self.course();
        if !course.is_news(round) {
            return None;
        }
        course.in_vain += 1;
        if course.in_vain <= faulty + UNLUCKY {
            return None;
        }
        (course.in_vain, course.fruitful) = (0, 0);
        let twice = (course.wanted * 2).min(MOST);
        course.want(twice)
    }

    /// A round made its block final.
    pub fn fruitful(&self, round: (u64, u64)) -> Option<u32> {
        let mut course = self.course();
        if !course.is_news(round) {
            return None;
        }
        course.in_vain = 0;
        course.fruitful += 1;
        if course.fruitful < ENOUGH {
            return None;
        }
        course.fruitful = 0;
        let half = (course.wanted / 2).max(1);
        course.want(half)
    }

    /// The time by the engine's clock.
    pub fn engine(&self, real: SystemTime) -> SystemTime {
        let mut course = self.course();
        let now = course.engine(real);
        if course.wanted != course.times {
            course.times = course.wanted;
            course.met = Some([now, real]);
        }
        now
    }

    /// When the engine's clock shows that time, as long as it does not change.
    pub fn real(&self, engine: SystemTime) -> SystemTime {
        let course = self.course();
        course.met.map_or(engine, |[met, real]| along(real, met, engine, |passes| passes * course.times))
    }

    /// How long that takes.
    pub fn stretch(&self, time: Duration) -> Duration {
        time * self.course().times
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Course {
    fn is_news(&mut self, round: (u64, u64)) -> bool {
        let is_news = round > self.newest;
        self.newest = self.newest.max(round);
        is_news
    }

    fn want(&mut self, times: u32) -> Option<u32> {
        (std::mem::replace(&mut self.wanted, times) != times).then_some(times)
    }

    fn engine(&self, real: SystemTime) -> SystemTime {
        self.met.map_or(real, |[engine, met]| along(engine, met, real, |passed| passed / self.times))
    }
}

/// From a moment on as far as from another one to a third, scaled; also backwards, for clocks that are set.
fn along(from: SystemTime, start: SystemTime, end: SystemTime, scale: impl Fn(Duration) -> Duration) -> SystemTime {
    match end.duration_since(start) {
        Ok(ahead) => from.checked_add(scale(ahead)),
        Err(back) => from.checked_sub(scale(back.duration())),
    }
    .unwrap_or(from)
}
