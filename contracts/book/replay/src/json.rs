//! JSON with its numbers as they are written: an amount that went through a float would no longer be the published one.

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// In the order in which it is written.
    Map(Vec<(String, Json)>),
}

/// What is no JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoJson(pub String);

/// Lists and maps in one another at most.
const DEPTH: usize = 64;

impl Json {
    /// Reads a whole document.
    pub fn parse(text: &str) -> Result<Json, NoJson> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(DEPTH)?;
        reader.blanks();
        if reader.at < text.len() { reader.fail("the end") } else { Ok(value) }
    }

    /// A field of a map.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.fields().iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// The first of several fields that is there.
    pub fn any(&self, names: &[&str]) -> Option<&Json> {
        names.iter().find_map(|n| self.get(n)).filter(|v| **v != Json::Null)
    }

    /// A text field; empty when it is not there.
    pub fn text_of(&self, name: &str) -> &str {
        self.get(name).map_or("", Json::text)
    }

    /// A text, or a number as it is written; else empty.
    pub fn text(&self) -> &str {
        match self {
            Json::Text(text) | Json::Number(text) => text,
            _ => "",
        }
    }

    /// The fields of a map; else none.
    pub fn fields(&self) -> &[(String, Json)] {
        match self {
            Json::Map(fields) => fields,
            _ => &[],
        }
    }

    /// The items of a list; a single text is a list of one.
    pub fn items(&self) -> Vec<&Json> {
        match self {
            Json::List(items) => items.iter().collect(),
            Json::Text(_) | Json::Number(_) => vec![self],
            _ => Vec::new(),
        }
    }

    /// A map that says its own name, unless it does already.
    pub fn named(&self, name: &str) -> Json {
        let mut fields = self.fields().to_vec();
        if self.get("id").is_none() {
            fields.push(("id".into(), Json::Text(name.into())));
        }
        Json::Map(fields)
    }

    /// Whether it says true.
    pub fn is_true(&self) -> bool {
        *self == Json::Bool(true)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn fail<T>(&self, wanted: &str) -> Result<T, NoJson> {
        let line = self.text.get(..self.at).unwrap_or_default().lines().count().max(1);
        Err(NoJson(format!("line {line}: {wanted} is missing")))
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\n' | '\r' | '\t')) {
            self.at += 1;
        }
    }

    /// Takes a word off, if it is next.
    fn word(&mut self, word: &str) -> bool {
        let is = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += if is { word.len() } else { 0 };
        is
    }

    fn value(&mut self, depth: usize) -> Result<Json, NoJson> {
        self.blanks();
        if depth == 0 {
            return self.fail("an end of lists in lists");
        }
        match self.peek() {
            Some('"') => self.string().map(Json::Text),
            Some('[') => self.list(depth),
            Some('{') => self.map(depth),
            Some('-' | '0'..='9') => Ok(self.number()),
            _ if self.word("null") => Ok(Json::Null),
            _ if self.word("true") => Ok(Json::Bool(true)),
            _ if self.word("false") => Ok(Json::Bool(false)),
            _ => self.fail("a value"),
        }
    }

    fn number(&mut self) -> Json {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit() || "+-.eE".contains(c)) {
            self.at += 1;
        }
        Json::Number(self.text.get(start..self.at).unwrap_or_default().into())
    }

    fn list(&mut self, depth: usize) -> Result<Json, NoJson> {
        self.next();
        let mut items = Vec::new();
        loop {
            self.blanks();
            if self.word("]") {
                return Ok(Json::List(items));
            }
            if !items.is_empty() && !self.word(",") {
                return self.fail("a comma or ]");
            }
            items.push(self.value(depth - 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Json, NoJson> {
        self.next();
        let mut fields = Vec::new();
        loop {
            self.blanks();
            if self.word("}") {
                return Ok(Json::Map(fields));
            }
            if !fields.is_empty() && !self.word(",") {
                return self.fail("a comma or }");
            }
            self.blanks();
            let name = self.string()?;
            self.blanks();
            if !self.word(":") {
                return self.fail("a colon");
            }
            fields.push((name, self.value(depth - 1)?));
        }
    }

    fn string(&mut self) -> Result<String, NoJson> {
        if !self.word("\"") {
            return self.fail("a text");
        }
        let mut out = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(out),
                Some('\\') => out.push(self.escaped()?),
                Some(c) if c >= ' ' => out.push(c),
                _ => return self.fail("the end of a text"),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, NoJson> {
        match self.next() {
            Some(c @ ('"' | '\\' | '/')) => Ok(c),
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('u') => self.unicode(),
            _ => self.fail("an escape"),
        }
    }

    fn unicode(&mut self) -> Result<char, NoJson> {
        let first = self.unit()?;
        let code = match first {
            0xd800..=0xdbff if self.word("\\u") => {
                0x10000 + ((first - 0xd800) << 10) + (self.unit()?.wrapping_sub(0xdc00) & 0x3ff)
            }
            unit => unit,
        };
        char::from_u32(code).map_or_else(|| self.fail("a character"), Ok)
    }

    fn unit(&mut self) -> Result<u32, NoJson> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        match u32::from_str_radix(digits, 16) {
            Ok(unit) if digits.len() == 4 => {
                self.at += 4;
                Ok(unit)
            }
            _ => self.fail("four digits of a character"),
        }
    }
}
