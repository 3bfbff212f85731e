//! Recording, and the daily sums kept beside the records.

use crate::{
    fields,
    proto::{RecordRequest, RecordResponse, Recorded},
    state::{BY_AUTHOR, BY_DAY, DAY_OF, SUMS, number},
};
use stint_sdk::{Code, Day, Refusal, announce, require_role};

pub fn record(request: RecordRequest) -> Result<RecordResponse, Refusal> {
    require_role("steward", "record contributions")?;
    let missing = || Refusal::invalid("contribution", "the request holds no contribution");
    let contribution = request.contribution.ok_or_else(missing)?;
    let id = contribution.id.clone();
    if let Some(day) = DAY_OF.get(&id) {
        return match BY_DAY.get(&(day, id.clone())) {
            Some(known) if known == contribution => Ok(RecordResponse { known: true }),
            _ => {
                let day = Day::from_key(day);
                let message = format!(
                    "{id} was recorded with other content, dated {day}; an id stands for one contribution for ever"
                );
                Err(Refusal::new(Code::AlreadyExists, "id", message))
            }
        };
    }
    let fields = fields::check(&contribution)?;
    let day = fields.day.to_key();
    let author = number(&contribution.author);
    let at = (day, author, contribution.kind.clone());
    let mut sum = SUMS.get(&at).unwrap_or_default();
    sum.count += 1;
    sum.micros = sum.micros.checked_add(fields.micros).ok_or_else(|| {
        Refusal::new(
            Code::OutOfRange,
            "overflow",
            "the sum of this author's contributions of this kind and day does not fit",
        )
    })?;
    SUMS.put(&at, &sum);
    DAY_OF.put(&id, &day);
    BY_AUTHOR.put(&(author, day, id.clone()), &());
    BY_DAY.put(&(day, id), &contribution);
    announce(&Recorded { contribution: Some(contribution) });
    Ok(RecordResponse { known: false })
}
