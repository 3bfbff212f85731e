//! JSON as text: objects whose fields are left out when they are empty. Numbers stay exact: they are written as they are read.

use crate::proto::Quantity;

/// An object that is being written.
#[derive(Default)]
pub struct Object(String);

impl Object {
    /// A text; left out when empty.
    pub fn text(self, name: &str, text: &str) -> Object {
        if text.is_empty() { self } else { self.raw(name, &quoted(text)) }
    }

    /// An id below a name space; left out when empty.
    pub fn id(self, name: &str, space: &str, id: &str) -> Object {
        if id.is_empty() { self } else { self.raw(name, &quoted(&format!("{space}{id}"))) }
    }

    /// A list of texts; left out when empty.
    pub fn list(self, name: &str, texts: &[String]) -> Object {
        if texts.is_empty() { self } else { self.raw(name, &array(texts.iter().map(|t| quoted(t)))) }
    }

    /// A measure of Valueflows.
    pub fn measure(self, name: &str, quantity: &Option<Quantity>) -> Object {
        let Some(q) = quantity else { return self };
        let measure = Object::default().raw("om2:hasNumericalValue", &q.value).text("om2:hasUnit", &q.unit);
        self.raw(name, &measure.done())
    }

    /// JSON as it is.
    pub fn raw(mut self, name: &str, json: &str) -> Object {
        self.0.push_str(if self.0.is_empty() { "" } else { "," });
        self.0.push_str(&format!("{}:{json}", quoted(name)));
        self
    }

    pub fn done(self) -> String {
        format!("{{{}}}", self.0)
    }
}

pub fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// One a line: long documents stay readable.
pub fn lines(items: impl Iterator<Item = String>) -> String {
    format!("[\n{}\n]", items.collect::<Vec<_>>().join(",\n"))
}

pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
