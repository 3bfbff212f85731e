//! Parts of keys: ids that something follows, and the tags under which events are found.

use stint_sdk::Key;

/// An id in front of other parts: it ends at a `/`, which no id has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(pub String);

impl Id {
    pub fn new(id: &str) -> Id {
        Id(id.into())
    }

    /// The bytes with which all keys of this id begin.
    pub fn prefix(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }
}

impl Key for Id {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
        out.push(b'/');
    }

    fn read(bytes: &mut &[u8]) -> Option<Id> {
        let end = bytes.iter().position(|b| *b == b'/')?;
        let (id, rest) = bytes.split_at(end);
        *bytes = &rest[1..];
        Some(Id(String::from_utf8(id.to_vec()).ok()?))
    }

    /// Its end is seen anyway.
    fn write_part(&self, out: &mut Vec<u8>) {
        self.write(out);
    }

    fn read_part(bytes: &mut &[u8]) -> Option<Id> {
        Id::read(bytes)
    }
}

/// What events are indexed by. Each kind has a letter of its own, so that an agent and a resource of one name stay apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag<'a> {
    All,
    Agent(&'a str),
    Resource(&'a str),
    Process(&'a str),
    /// Connected with a process through what was planned for it.
    Planned(&'a str),
    Action(&'a str),
    /// A commitment, intent, claim or agreement.
    Promise(&'a str),
    Corrects(&'a str),
    /// Waits for a second signature; by party.
    Pending(&'a str),
}

impl Tag<'_> {
    pub fn key(self) -> Id {
        let (letter, name) = match self {
            Tag::All => ("all", ""),
            Tag::Agent(name) => ("a", name),
            Tag::Resource(name) => ("r", name),
            Tag::Process(name) => ("p", name),
            Tag::Planned(name) => ("q", name),
            Tag::Action(name) => ("v", name),
            Tag::Promise(name) => ("m", name),
            Tag::Corrects(name) => ("x", name),
            Tag::Pending(name) => ("w", name),
        };
        Id(format!("{letter}:{name}"))
    }
}
