//! A pure rule: what hours of work count.
#![deny(unsafe_code)]

/// Messages and the service, generated from the `.proto`.
#[allow(missing_docs)]
pub mod proto {
    stint_sdk::proto!("stint.weigh.v1");
}

use proto::*;
use stint_sdk::{Refusal, log};

/// The rule.
pub struct Rule;

impl Weigh for Rule {
    fn hours(request: HoursRequest) -> Result<HoursResponse, Refusal> {
        log(&format!("{} hours are weighed", request.hours));
        if request.hours > 24 {
            return Err(Refusal::invalid("day", format!("a day has 24 hours, and {} were asked", request.hours)));
        }
        Ok(HoursResponse { points: request.hours * if request.night { 15 } else { 10 } })
    }
}

stint_sdk::contract!(proto, Rule);
