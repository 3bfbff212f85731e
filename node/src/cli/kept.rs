//! What a contract says of itself, for whoever looks at what it keeps and announces: the names and
//! types of its state, and its messages.

use super::{Failure, show};
use prost::Message;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use std::collections::BTreeMap;
use stint_client::{Client, json};
use stint_proto::v1;
use stint_sdk::Key;

/// A contract's own words.
pub struct Kept {
    pool: DescriptorPool,
    package: String,
    /// Names and types, in the order of its list.
    pub list: Vec<(String, String)>,
}

impl Kept {
    /// Of the contract that serves a commons under a service name.
    pub async fn fetch(client: &Client, commons: &str, service: &str) -> Result<Kept, Failure> {
        let found = client.query(commons, "/stint.v1.Kernel/GetCommons", Default::default()).await?;
        let found = v1::GetCommonsResponse::decode(found)?.contracts.into_iter().find(|c| c.service == service);
        let code_hash = found.ok_or_else(|| format!("nothing serves {commons} as {service}"))?.code_hash;
        let asked = v1::GetCodeRequest { code_hash, facts_only: false }.encode_to_vec();
        let code = client.query(commons, "/stint.v1.Kernel/GetCode", asked.into()).await?;
        Kept::of_module(&v1::GetCodeResponse::decode(code)?.module, service)
    }

    /// Of a module.
    pub fn of_module(module: &[u8], service: &str) -> Result<Kept, Failure> {
        let module = stint_runtime::check(module)?;
        let list = module.state.lines().filter_map(|l| l.split_once(": ")).map(|(n, t)| (n.into(), t.into()));
        Ok(Kept {
            pool: DescriptorPool::decode(module.descriptor.file_set.as_slice())?,
            package: service.rsplit_once('.').map_or("", |(p, _)| p).into(),
            list: list.collect(),
        })
    }

    /// The ledger's own services.
    pub fn of_kernel() -> Result<Kept, Failure> {
        let pool = DescriptorPool::decode(stint_proto::DESCRIPTOR_SET)?;
        Ok(Kept { pool, package: "stint.v1".into(), list: Vec::new() })
    }

    /// A message of the contract, by its full name.
    pub fn message(&self, name: &str) -> Option<MessageDescriptor> {
        self.pool.get_message_by_name(name)
    }

    /// What `/package.Service/Method` answers with.
    pub fn answer(&self, method: &str) -> Option<MessageDescriptor> {
        let (service, name) = method.strip_prefix('/')?.rsplit_once('/')?;
        let found = self.pool.get_service_by_name(service)?.methods().find(|m| m.name() == name);
        found.map(|m| m.output())
    }

    /// The shape of what it keeps under a name.
    pub fn shape(&self, name: &str) -> Result<Shape, Failure> {
        let names = || self.list.iter().map(|k| k.0.as_str()).collect::<Vec<_>>().join(", ");
        let found = self.list.iter().find(|k| k.0 == name);
        let (_, ty) = found.ok_or_else(|| format!("it keeps no {name}; it keeps: {}", names()))?;
        Ok(Shape::read(ty).ok_or_else(|| format!("the type {ty} is not understood"))?)
    }

    /// A value, as its type shows it.
    pub fn value(&self, shape: &Shape, bytes: &[u8]) -> String {
        shape.value(&self.pool, &self.package, bytes)
    }

    /// A key of its state by name and parts, with its shape; `None` when its list has no such name.
    pub fn key(&self, key: &[u8]) -> Option<(String, Shape)> {
        let end = key.iter().position(|b| *b == b'/');
        let name = std::str::from_utf8(&key[..end.unwrap_or(key.len())]).ok()?;
        let shape = self.shape(name).ok()?;
        match (end, shape.keys.is_empty()) {
            (None, true) => Some((name.into(), shape)),
            (Some(end), false) => Some((format!("{name} {}", shape.key(&key[end + 1..])), shape)),
            _ => None,
        }
    }

    /// An event as JSON on a line.
    pub fn event(&self, event: &v1::Event) -> Option<String> {
        json::line(&self.message(&event.r#type)?, event.body.clone()).ok()
    }
}

/// Contracts' own words by commons and service, fetched once; `None` for those that cannot be had.
pub struct Shelf<'a> {
    client: &'a Client,
    found: BTreeMap<(String, String), Option<Kept>>,
}

impl<'a> Shelf<'a> {
    pub fn new(client: &'a Client) -> Shelf<'a> {
        Shelf { client, found: BTreeMap::new() }
    }

    pub async fn of(&mut self, commons: &str, service: &str) -> Option<&Kept> {
        let at = (commons.to_string(), service.to_string());
        if !self.found.contains_key(&at) {
            let kept = Kept::fetch(self.client, commons, service).await.ok();
            self.found.insert(at.clone(), kept);
        }
        self.found.get(&at)?.as_ref()
    }

    /// A key of the whole state: told by whoever keeps it, else as it is.
    pub async fn key(&mut self, key: &[u8]) -> String {
        let raw = || show::fit(&key.escape_ascii().to_string(), 100);
        self.tell(key, None).await.unwrap_or_else(raw)
    }

    /// A key of the whole state, told by whoever keeps it, and a value under it.
    pub async fn tell(&mut self, key: &[u8], value: Option<&[u8]>) -> Option<String> {
        let Place { commons, service, own } = Place::of(key)?;
        let kept = self.of(commons, service).await?;
        let (told, shape) = kept.key(own)?;
        let value = value.map(|v| format!("  {}", kept.value(&shape, v))).unwrap_or_default();
        Some(show::fit(&format!("{commons}/{service} {told}{value}"), 160))
    }
}

/// What `c/<commons>/<service>/<generation>/<key>` names.
struct Place<'a> {
    commons: &'a str,
    service: &'a str,
    own: &'a [u8],
}

impl Place<'_> {
    fn of(key: &[u8]) -> Option<Place<'_>> {
        let mut parts = key.strip_prefix(b"c/")?.splitn(4, |b| *b == b'/');
        let mut text = || std::str::from_utf8(parts.next()?).ok();
        let (commons, service, _) = (text()?, text()?, text()?);
        Some(Place { commons, service, own: parts.next()? })
    }
}

/// What `Map<(u32, String), Contribution>` says: parts of the key, and the value.
pub struct Shape {
    /// None for a single value.
    pub keys: Vec<String>,
    value: String,
}

impl Shape {
    fn read(ty: &str) -> Option<Shape> {
        let (kind, rest) = ty.split_once('<')?;
        let rest = rest.strip_suffix('>')?;
        let parts = split(rest);
        let flat = |p: &str| match p.strip_prefix('(').and_then(|p| p.strip_suffix(')')) {
            Some(tuple) => split(tuple),
            None => vec![p.to_string()],
        };
        match (kind, parts.as_slice()) {
            ("Item", [value]) => Some(Shape { keys: Vec::new(), value: value.clone() }),
            ("Map", [key, value]) => Some(Shape { keys: flat(key), value: value.clone() }),
            ("Index", [property, key]) => {
                Some(Shape { keys: [flat(property), flat(key)].concat(), value: "()".into() })
            }
            _ => None,
        }
    }

    /// A key's parts, as the SDK wrote them.
    pub fn key(&self, mut bytes: &[u8]) -> String {
        let mut out = Vec::new();
        for (n, part) in self.keys.iter().enumerate() {
            let number = part.strip_prefix('u').and_then(|b| b.parse::<usize>().ok()).map(|bits| bits / 8);
            let fixed = part.strip_prefix("[u8; ").and_then(|p| p.strip_suffix(']')).and_then(|p| p.parse().ok());
            let last = n + 1 == self.keys.len();
            let text;
            let head = match number.or(fixed) {
                Some(size) => {
                    let Some((head, tail)) = bytes.split_at_checked(size) else { break };
                    bytes = tail;
                    head
                }
                None if last => bytes,
                // A text in front of other parts shows its end.
                None => {
                    let Some(part) = String::read_part(&mut bytes) else { break };
                    text = part;
                    text.as_bytes()
                }
            };
            out.push(match number {
                Some(_) => head.iter().fold(0u64, |sum, b| sum << 8 | u64::from(*b)).to_string(),
                None if fixed.is_some() => hex::encode(head),
                None => String::from_utf8_lossy(head).into_owned(),
            });
        }
        show::fit(&out.join(" / "), 120)
    }

    fn value(&self, pool: &DescriptorPool, package: &str, bytes: &[u8]) -> String {
        let bytes = bytes.to_vec();
        let plain = match self.value.as_str() {
            "()" => Some(String::new()),
            "String" => String::decode(bytes.as_slice()).ok(),
            "u64" => u64::decode(bytes.as_slice()).ok().map(|n| n.to_string()),
            "u32" => u32::decode(bytes.as_slice()).ok().map(|n| n.to_string()),
            "i64" => i64::decode(bytes.as_slice()).ok().map(|n| n.to_string()),
            "bool" => bool::decode(bytes.as_slice()).ok().map(|n| n.to_string()),
            "Vec<u8>" => Vec::<u8>::decode(bytes.as_slice()).ok().map(hex::encode),
            _ => None,
        };
        let last = self.value.rsplit("::").next().unwrap_or(&self.value);
        let message = || {
            let ty = pool.get_message_by_name(&format!("{package}.{last}"))?;
            json::line(&ty, bytes.clone().into()).ok()
        };
        plain.or_else(message).unwrap_or_else(|| hex::encode(&bytes))
    }
}

/// Splits at commas outside brackets.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in text.chars() {
        match c {
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.iter().map(|p| p.trim().to_string()).filter(|p| !p.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_the_sdk_writes_them() {
        let shape = Shape::read("Map<(u32, String), Contribution>").unwrap();
        assert_eq!(
            (shape.keys.as_slice(), shape.value.as_str()),
            (&["u32".to_string(), "String".into()][..], "Contribution")
        );
        assert_eq!(shape.key(b"\0\0\x01\x02abc"), "258 / abc");
        assert_eq!(Shape::read("Index<u8, [u8; 2]>").unwrap().key(&[7, 0xab, 0xcd]), "7 / abcd");
        let texts = Shape::read("Index<String, (String, u8)>").unwrap();
        assert_eq!(texts.key(b"a\0\xffb\0\x01c\0\x01\x07"), "a\u{fffd}b / c / 7");
        assert_eq!(Shape::read("Item<u64>").unwrap().keys.len(), 0);
        assert!(Shape::read("Heap<u64>").is_none());
    }

    /// Once, a simulation told its events by their sizes and its keys by their bytes.
    #[test]
    fn keys_values_and_events_are_told_by_the_contract_that_keeps_them() {
        let module = include_bytes!("../../../contracts/dist/contribute.wasm");
        let kept = Kept::of_module(module, "stint.contribute.v1.Contribute").unwrap();
        let key = |key: &[u8]| kept.key(key).map(|(told, _)| told);
        assert_eq!(key(b"id/c7"), Some("id c7".into()));
        assert_eq!(key(b"ids/c7"), None);
        assert_eq!(key(b"id"), None);
        let (_, shape) = kept.key(b"id/c7").unwrap();
        assert_eq!(kept.value(&shape, &20_454u32.encode_to_vec()), "20454");
        let rule = v1::Event { r#type: "stint.contribute.v1.NoSuch".into(), ..Default::default() };
        assert_eq!(kept.event(&rule), None);
        let place = Place::of(b"c/forge/a.v1.A/0/id/c/7").unwrap();
        assert_eq!((place.commons, place.service, place.own), ("forge", "a.v1.A", &b"id/c/7"[..]));
        assert!(Place::of(b"k/agent/ana").is_none() && Place::of(b"c/forge/a.v1.A").is_none());
    }
}
