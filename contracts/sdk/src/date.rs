use crate::Refusal;
use std::fmt;

/// A day of the Gregorian calendar in UTC, as days since 1970-01-01, written `YYYY-MM-DD`; years 1
/// to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i32);

const FIRST: i32 = -719_162;
const LAST: i32 = 2_932_896;

impl Day {
    /// 0001-01-01.
    pub const MIN: Day = Day(FIRST);
    /// 9999-12-31.
    pub const MAX: Day = Day(LAST);

    /// The day of a time in milliseconds since 1970, UTC.
    pub fn of_time_ms(time_ms: u64) -> Day {
        Day(i32::try_from(time_ms / 86_400_000).map_or(LAST, |d| d.min(LAST)))
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Day, Refusal> {
        let refuse = || {
            Refusal::invalid(
                "date",
                format!("{text:?} is no date; a date is written YYYY-MM-DD, for example 2026-11-22"),
            )
        };
        let digits = |range: std::ops::Range<usize>| {
            let part = text.get(range).filter(|p| p.bytes().all(|b| b.is_ascii_digit()));
            part.and_then(|p| p.parse::<i32>().ok()).ok_or_else(refuse)
        };
        if text.len() != 10 || text.as_bytes()[4] != b'-' || text.as_bytes()[7] != b'-' {
            return Err(refuse());
        }
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        if year < 1 || !(1..=12).contains(&month) || day < 1 || day > month_days(year, month) {
            return Err(refuse());
        }
        Ok(Day(days_from_civil(year, month, day)))
    }

    /// The number of days behind.
    pub fn plus(self, days: i32) -> Day {
        Day(self.0.saturating_add(days).clamp(FIRST, LAST))
    }

    /// Days since 1970-01-01, below 0 before it.
    pub(crate) fn since_1970(self) -> i32 {
        self.0
    }

    /// Year, month 1 to 12, day of the month.
    pub fn to_date(self) -> (u32, u32, u32) {
        let (year, month, day) = civil_from_days(self.0);
        (year as u32, month as u32, day as u32)
    }

    /// As a part of a key: in the order of time.
    pub fn to_key(self) -> u32 {
        (self.0 - FIRST) as u32
    }

    /// From a part of a key.
    pub fn from_key(key: u32) -> Day {
        Day(i32::try_from(key).map_or(LAST, |k| (k.min((LAST - FIRST) as u32 as i32)) + FIRST))
    }
}

fn month_days(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, counting years from March so that the leap day comes last. Formula: the
/// proleptic Gregorian calendar repeats every 400 years = 146,097 days.
fn days_from_civil(year: i32, month: i32, day: i32) -> i32 {
    let y = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (y.div_euclid(400), y.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of days since 1970-01-01: the inverse of [`days_from_civil`].
fn civil_from_days(days: i32) -> (i32, i32, i32) {
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    (yoe + era * 400 + i32::from(month <= 2), month, day)
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_one_name() {
        for (text, days) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-22", 20_779), ("1969-12-31", -1)] {
            assert_eq!(Day::parse(text).unwrap(), Day(days), "{text}");
            assert_eq!(Day(days).to_string(), text);
        }
        assert_eq!(Day::MIN.to_string(), "0001-01-01");
        assert_eq!(Day::MAX.to_string(), "9999-12-31");
        let mut last = String::new();
        for days in FIRST..=LAST {
            let day = Day(days);
            let text = day.to_string();
            assert!(last < text);
            assert_eq!(Day::parse(&text).unwrap(), day);
            assert_eq!(Day::from_key(day.to_key()), day);
            last = text;
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026-2-29",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-01",
            "0000-01-01",
            "2026-01-00",
            "2026/01/01",
            "２０２６-01",
            "+026-01-01",
            "20260-1-01",
        ] {
            assert!(Day::parse(text).is_err(), "{text}");
        }
        assert_eq!(Day::of_time_ms(1_795_341_600_000).to_string(), "2026-11-22");
        assert_eq!(Day::of_time_ms(u64::MAX), Day::MAX);
    }
}
