//! Purpose and review date.

use super::{Fields, add};
use crate::{path::Leaves, proto::About, words};
use stint_sdk::{Refusal, Time};

pub fn leaves(about: &About) -> Leaves {
    let mut leaves = Leaves::new();
    add(&mut leaves, "purpose", &about.purpose);
    add(&mut leaves, "review_by", &about.review_by);
    leaves
}

/// The status is not a text that could be patched: it is set by what happens.
pub fn read(fields: &mut Fields) -> Result<About, Refusal> {
    let purpose = fields.take("purpose");
    words::said("purpose", &purpose, "a commons says what it is for")?;
    let review_by = match fields.take("review_by").as_str() {
        "" => String::new(),
        text => Time::parse(text)?.to_string(),
    };
    Ok(About { purpose, review_by, status: 0 })
}
