//! `stint state`: what a contract keeps, by the names and types that its module declares.

use super::{Failure, call::json, show, target::Target};
use crate::client::ClientError;
use clap::Args;
use prost::Message;
use prost_reflect::DescriptorPool;
use stint_proto::v1;

/// Shows what a contract keeps.
#[derive(Args)]
pub struct State {
    #[command(flatten)]
    target: Target,
    /// The commons that is meant
    #[arg(long)]
    commons: String,
    /// On the state after this block [default: the newest]
    #[arg(long, default_value_t = 0)]
    height: u64,
    /// Entries at most
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// For example stint.contribute.v1.Contribute
    service: String,
    /// The map or item to show [default: their names]
    name: Option<String>,
}

impl State {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let found = client.query(&self.commons, "/stint.v1.Kernel/GetCommons", Default::default()).await?;
        let found = v1::GetCommonsResponse::decode(found)?.contracts.into_iter().find(|c| c.service == self.service);
        let code_hash = found.ok_or_else(|| format!("nothing serves {} as {}", self.commons, self.service))?.code_hash;
        let asked = v1::GetCodeRequest { code_hash, facts_only: false }.encode_to_vec();
        let code = client.query(&self.commons, "/stint.v1.Kernel/GetCode", asked.into()).await?;
        let module = stint_runtime::check(&v1::GetCodeResponse::decode(code)?.module)?;
        let kept: Vec<(&str, &str)> = module.state.lines().filter_map(|l| l.split_once(": ")).collect();
        let Some(name) = &self.name else {
            let rows: Vec<_> = kept.iter().map(|(n, t)| [n.to_string(), t.to_string()]).collect();
            println!("{}", show::table(&["name", "type"], &rows));
            return Ok(());
        };
        let names = || kept.iter().map(|k| k.0).collect::<Vec<_>>().join(", ");
        let ty =
            kept.iter().find(|k| k.0 == name).ok_or_else(|| format!("it keeps no {name}; it keeps: {}", names()))?;
        let shape = Shape::read(ty.1).ok_or_else(|| format!("the type {} is not understood", ty.1))?;
        let pool = DescriptorPool::decode(module.descriptor.file_set.as_slice())?;
        let package = self.service.rsplit_once('.').map_or("", |(p, _)| p);

        let prefix: Vec<u8> = if shape.keys.is_empty() { name.clone().into() } else { format!("{name}/").into() };
        let mut after = Vec::new();
        let mut left = self.limit;
        while left > 0 {
            let asked = v1::ListStateRequest {
                commons: self.commons.clone(),
                service: self.service.clone(),
                prefix: prefix.clone().into(),
                after: after.into(),
                page_size: left.min(1000),
                height: self.height,
            };
            let page = client.ledger().list_state(asked).await.map_err(ClientError::from)?.into_inner();
            for e in &page.entries {
                let key = shape.key(e.key.get(prefix.len()..).unwrap_or_default());
                println!("{key}  {}", shape.value(&pool, package, &e.value));
            }
            left = left.saturating_sub(page.entries.len() as u32);
            after = page.next.to_vec();
            if after.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

/// What `Map<(u32, String), Contribution>` says: parts of the key, and the value.
struct Shape {
    keys: Vec<String>,
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

    fn key(&self, mut bytes: &[u8]) -> String {
        let mut out = Vec::new();
        for (n, part) in self.keys.iter().enumerate() {
            let number = part.strip_prefix('u').and_then(|b| b.parse::<usize>().ok()).map(|bits| bits / 8);
            let fixed = part.strip_prefix("[u8; ").and_then(|p| p.strip_suffix(']')).and_then(|p| p.parse().ok());
            let last = n + 1 == self.keys.len();
            let Some((head, tail)) = bytes.split_at_checked(number.or(fixed).unwrap_or(bytes.len())) else { break };
            out.push(match number {
                Some(_) => head.iter().fold(0u64, |sum, b| sum << 8 | u64::from(*b)).to_string(),
                None if fixed.is_some() => hex::encode(head),
                None => String::from_utf8_lossy(head).into_owned(),
            });
            bytes = tail;
            if last {
                break;
            }
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
            json(&ty, bytes.clone().into()).ok()
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
        assert_eq!(Shape::read("Item<u64>").unwrap().keys.len(), 0);
        assert!(Shape::read("Heap<u64>").is_none());
    }
}
