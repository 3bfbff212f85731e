use crate::{Code, Day, Refusal};
use std::fmt;

/// A second in UTC from 1970 to 9999, written as a day, for its first second, or with the time of day:
/// `2026-03-01`, `2026-03-01T12:30:00Z`. It is shown in the shorter way that says it all.
///
/// ```
/// # use stint_sdk::Time;
/// let founded = Time::parse("2026-03-01")?;
/// assert_eq!(founded.plus(45_000)?.to_string(), "2026-03-01T12:30:00Z");
/// # Ok::<(), stint_sdk::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(u64);

const DAY: u64 = 24 * 60 * 60;
/// 9999-12-31T23:59:59Z.
const LAST: u64 = 253_402_300_799;

impl Time {
    /// 1970-01-01.
    pub const MIN: Time = Time(0);
    /// 9999-12-31T23:59:59Z.
    pub const MAX: Time = Time(LAST);

    /// The second of a time in milliseconds since 1970, for example of a block.
    pub fn of_time_ms(time_ms: u64) -> Time {
        Time((time_ms / 1000).min(LAST))
    }

    /// Reads `2026-03-01` or `2026-03-01T12:30:00Z`.
    pub fn parse(text: &str) -> Result<Time, Refusal> {
        let refuse = || {
            let shown: String = text.chars().take(40).collect();
            let how = "write 2026-03-01 or 2026-03-01T12:30:00Z, from 1970 to 9999";
            Refusal::invalid("time", format!("{shown:?} is no time; {how}"))
        };
        let (day, second) = match text.split_once('T') {
            None => (text, 0),
            Some((day, of_day)) => (day, second_of_day(of_day).ok_or_else(refuse)?),
        };
        let days = Day::parse(day).map_err(|_| refuse())?.since_1970();
        let days = u64::try_from(days).map_err(|_| refuse())?;
        Ok(Time(days * DAY + second))
    }

    /// So many seconds later; refused behind the year 9999.
    pub fn plus(self, seconds: u64) -> Result<Time, Refusal> {
        let later = self.0.checked_add(seconds).filter(|t| *t <= LAST);
        let refuse = || {
            let message = format!("{seconds} seconds after {self} is behind {}, the last time there is", Time::MAX);
            Refusal::new(Code::OutOfRange, "overflow", message)
        };
        later.map(Time).ok_or_else(refuse)
    }

    /// So many whole days later; refused behind the year 9999.
    pub fn plus_days(self, days: u32) -> Result<Time, Refusal> {
        self.plus(u64::from(days) * DAY)
    }

    /// The day that it is in.
    pub fn day(self) -> Day {
        Day::of_time_ms(self.0 * 1000)
    }

    /// Seconds since 1970: as a part of a key in the order of time.
    pub fn to_key(self) -> u64 {
        self.0
    }

    /// From a part of a key.
    pub fn from_key(key: u64) -> Time {
        Time(key.min(LAST))
    }
}

/// Seconds in `12:30:00Z`. There are no leap seconds: a minute has 60.
fn second_of_day(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    if bytes.len() != 9 || bytes[2] != b':' || bytes[5] != b':' || bytes[8] != b'Z' {
        return None;
    }
    let part = |at: usize, below: u64| {
        let digits = text.get(at..at + 2).filter(|p| p.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<u64>().ok().filter(|n| *n < below)
    };
    Some(part(0, 24)? * 3600 + part(3, 60)? * 60 + part(6, 60)?)
}

impl From<Day> for Time {
    /// The first second of the day; of days before 1970, that of 1970.
    fn from(day: Day) -> Time {
        Time(u64::try_from(day.since_1970()).unwrap_or(0) * DAY)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, second) = (self.day(), self.0 % DAY);
        match second {
            0 => day.fmt(f),
            s => write!(f, "{day}T{:02}:{:02}:{:02}Z", s / 3600, s / 60 % 60, s % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_shows() {
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("1970-01-01T00:00:01Z", 1),
            ("2000-02-29", 951_782_400),
            ("2026-03-01T12:30:00Z", 1_772_368_200),
            ("9999-12-31T23:59:59Z", LAST),
        ] {
            assert_eq!(Time::parse(text).unwrap(), Time(seconds), "{text}");
            assert_eq!(Time(seconds).to_string(), text);
        }
        // A day is its first second.
        assert_eq!(Time::parse("2026-03-01T00:00:00Z").unwrap(), Time::parse("2026-03-01").unwrap());
        assert_eq!(Time::of_time_ms(1_772_368_200_999), Time(1_772_368_200));
        assert_eq!(Time::of_time_ms(u64::MAX), Time::MAX);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "1969-12-31",
            "2026-02-29",
            "10000-01-01",
            "2026-03-01T",
            "2026-03-01T12:30Z",
            "2026-03-01T12:30:00",
            "2026-03-01T12:30:00+01:00",
            "2026-03-01T24:00:00Z",
            "2026-03-01T12:60:00Z",
            "2026-03-01T12:30:60Z",
            "2026-03-01T+1:30:00Z",
            "2026-03-01t12:30:00Z",
            "2026-03-01 12:30:00Z",
            "2026-03-01T12:30:00.5Z",
            "2026-03-01Té2:30:0Z",
        ] {
            assert_eq!(Time::parse(text).unwrap_err().rule, "time", "{text}");
        }
        assert_eq!(Time::MAX.plus(1).unwrap_err().rule, "overflow");
        assert_eq!(Time(1).plus(u64::MAX).unwrap_err().rule, "overflow");
        assert_eq!(Time::parse("2028-02-28").unwrap().plus_days(2).unwrap().to_string(), "2028-03-01");
    }

    proptest! {
        #[test]
        fn every_second_has_one_name_in_the_order_of_time(a in 0..=LAST, b in 0..=LAST) {
            let (a, b) = (Time(a), Time(b));
            prop_assert_eq!(Time::parse(&a.to_string())?, a);
            prop_assert_eq!(Time::from_key(a.to_key()), a);
            prop_assert!(Time::from(a.day()) <= a && a < Time::from(a.day()).plus_days(1).unwrap_or(Time::MAX));
            if a < b && a.day() != b.day() {
                prop_assert!(a.to_string() < b.to_string());
            }
        }
    }
}
