//! Ostrom's eight principles of commons that last, each with the fields of this charter that answer it.
//!
//! Source: Elinor Ostrom, *Governing the Commons* (1990), chapter 3. A query that finds a blank shows it: nobody can
//! decide for a commons what it needs, but everybody can see what it has not said.

use crate::{
    history::{self, NOW},
    proto::{Answer, Constitution, Field, OstromResponse, Principle, Seat, seat::Class},
    view,
    words::Named,
};
use std::collections::BTreeSet;
use stint_sdk::Refusal;

/// A principle, the question it asks of a charter, and where the answer should stand: fields by the beginning of
/// their paths and the end of them.
struct Asked {
    name: &'static str,
    question: &'static str,
    fields: &'static [(&'static str, &'static str)],
}

const PRINCIPLES: [Asked; 8] = [
    Asked {
        name: "Clearly defined boundaries",
        question: "Who belongs to the commons, and what is it for?",
        fields: &[("/purpose", ""), ("/seats/", "/class"), ("/seats/", "/holder")],
    },
    Asked {
        name: "Rules that fit the place",
        question: "By which rules of its own is taken and given?",
        fields: &[("/rules/contribution", ""), ("/rules/valuation", ""), ("/rules/credit", ""), ("/rules/eco", "")],
    },
    Asked {
        name: "Collective choice",
        question: "How do those who live by the rules change them?",
        fields: &[("/decisions/", "/kind"), ("/decisions/", "/quorum"), ("/seats/", "/weight")],
    },
    Asked {
        name: "Monitoring",
        question: "Who checks what was done, and when are the rules themselves looked at?",
        fields: &[("/rules/contribution", ""), ("/rules/passport", ""), ("/review_by", "")],
    },
    Asked {
        name: "Graduated sanctions",
        question: "What follows when rules are broken, step by step?",
        fields: &[("/sanctions/", "/effect")],
    },
    Asked {
        name: "Ways to resolve conflicts",
        question: "Who may object, and who resolves an appeal?",
        fields: &[("/decisions/", "/objectors"), ("/sanctions/", "/needs")],
    },
    Asked {
        name: "The right to organise",
        question: "By whom is the commons recognised, and who may act for it?",
        fields: &[("/status", ""), ("/decisions/decisions", "/kind"), ("/decisions/kernel", "/kind")],
    },
    Asked {
        name: "Nested commons",
        question: "Of what is it a part, where does it come from, and who of outside sits in it?",
        fields: &[
            ("/parent", ""),
            ("/rules/federation", ""),
            ("/seats/", "/user"),
            ("/seats/", "/supplier"),
            ("/seats/", "/affected"),
        ],
    },
];

pub fn ostrom() -> Result<OstromResponse, Refusal> {
    let charter = view::constitution(NOW);
    let mut fields = view::fields(&charter);
    fields.extend(beside(&charter));
    let principle = |(n, asked): (usize, &Asked)| {
        let answers: Vec<Answer> = asked.fields.iter().flat_map(|asked| answer(&fields, *asked)).collect();
        Principle {
            n: n as u32 + 1,
            name: asked.name.into(),
            question: asked.question.into(),
            blank: answers.iter().all(|answer| answer.value.is_empty()),
            answers,
        }
    };
    Ok(OstromResponse { principles: PRINCIPLES.iter().enumerate().map(principle).collect() })
}

/// The fields that answer, or where there should be one.
fn answer(fields: &[Field], (begins, ends): (&str, &str)) -> Vec<Answer> {
    let fits = |path: &str| match ends {
        "" => path == begins || path.strip_prefix(begins).is_some_and(|rest| rest.starts_with('/')),
        _ => path.starts_with(begins) && path.ends_with(ends),
    };
    let found = fields.iter().filter(|field| fits(&field.path));
    let mut answers: Vec<Answer> =
        found.map(|field| Answer { path: field.path.clone(), value: field.value.clone() }).collect();
    if answers.is_empty() {
        let path = if begins.ends_with('/') { format!("{begins}*{ends}") } else { format!("{begins}{ends}") };
        answers.push(Answer { path, value: String::new() });
    }
    answers
}

/// What is known of a charter beside its text: its status, where it came from, and who of outside sits in it.
fn beside(charter: &Constitution) -> Vec<Field> {
    let head = history::head();
    let mut all = vec![Field { path: "/status".into(), value: head.status().as_str_name().to_lowercase() }];
    all.extend(head.parent.map(|parent| Field { path: "/parent".into(), value: parent.show() }));
    let outside: BTreeSet<&str> = ["user", "supplier", "affected"].into();
    let of = |seat: &Seat| {
        let class = Class::show(seat.class);
        outside
            .contains(class.as_str())
            .then(|| Field { path: format!("/seats/{}/{class}", seat.id), value: seat.holder.clone() })
    };
    all.extend(charter.seats.iter().filter_map(of));
    all
}
