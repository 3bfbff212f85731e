//! What stands on the line behind `call`, `query` or `simulate`: the commons, the method, and its request as flags, as
//! JSON, or as both.
//!
//! Options in front of the method are the program's. Behind it a word is first a field of the request, then the
//! program's; `--dir` and `--node` are the program's everywhere, for they say who describes the method.

use super::{
    flags::{Flag, find, flags, is_switch, set},
    help, value,
};
use crate::cli::{Failure, target::Target};
use bytes::Bytes;
use clap::Args;
use prost::Message;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use std::collections::BTreeMap;
use stint_client::Client;

/// A method and what it is asked.
#[derive(Args)]
pub struct Asked {
    #[command(flatten)]
    pub target: Target,
    /// The commons that is meant; may stand in front of the method as well
    #[arg(long)]
    pub commons: Option<String>,
    /// Print JSON, as it is printed to whatever is no terminal
    #[arg(long)]
    pub json: bool,
    /// Print tables, as they are printed to a terminal
    #[arg(long, conflicts_with = "json")]
    pub table: bool,
    /// COMMONS METHOD and the fields of its request: --FIELD VALUE …, or JSON, - for standard input. The method is
    /// service.method, for example contribute.record, or package.Service/Method; --help behind it shows its fields
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "WORDS")]
    words: Vec<String>,
}

/// Options of the program that stood behind the method; those of a command of its own are by their names.
pub type Late = BTreeMap<String, Option<String>>;

/// All that is needed to ask.
pub struct Ready {
    pub client: Client,
    pub target: Target,
    /// Empty when none is named.
    pub commons: String,
    pub method: MethodDescriptor,
    pub request: Bytes,
    pub json: bool,
    pub table: bool,
    pub late: Late,
}

impl Asked {
    /// Connects, has the method described, and reads the request. `None` when help was asked, and is given. `own` are
    /// the options that the command has beside these, and whether they take a value.
    pub async fn prepare(&self, own: &[(&str, bool)], verb: &str) -> Result<Option<Ready>, Failure> {
        let (mut target, mut words) = (self.target.clone(), self.words.clone());
        reach(&mut target, &mut words)?;
        let (commons, name, rest) = split(self.commons.as_deref(), &words)?;
        let client = target.connect().await?;
        // The commons may come as late as this; it helps to tell services apart.
        let hint = commons.or_else(|| rest.windows(2).find(|two| two[0] == "--commons").map(|two| two[1].as_str()));
        let method = client.describe(name, hint).await?;
        if rest.iter().any(|w| w == "--help" || w == "-h") {
            let place = commons.unwrap_or("COMMONS");
            println!("{}", help::page(&method, &format!("stint {verb} {place} {name} --FIELD VALUE …")));
            return Ok(None);
        }
        let common = [("key", true), ("commons", true), ("json", false), ("table", false)];
        let read = read(&method, rest, &[&common, own].concat())
            .map_err(|e| format!("{e}; its fields: stint {verb} {} {name} --help", commons.unwrap_or("COMMONS")))?;
        let (message, mut late) = read;
        let late_commons = late.remove("commons").flatten();
        target.key = late.remove("key").flatten().or(target.key);
        let commons = commons.map(str::to_string).or(late_commons).unwrap_or_default();
        let (json, table) = (self.json || late.remove("json").is_some(), self.table || late.remove("table").is_some());
        let request = message.encode_to_vec().into();
        Ok(Some(Ready { client, target, commons, method, request, json, table, late }))
    }
}

/// Takes `--dir` and `--node` from anywhere.
fn reach(target: &mut Target, words: &mut Vec<String>) -> Result<(), String> {
    let mut kept = Vec::new();
    let mut rest = std::mem::take(words).into_iter();
    while let Some(word) = rest.next() {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(n, v)| (n, Some(v.to_string())));
        if !matches!(name, "--dir" | "--node") {
            kept.push(word);
            continue;
        }
        let value = value.or_else(|| rest.next()).ok_or_else(|| format!("{name} takes a value"))?;
        match name {
            "--dir" => target.dir = value.into(),
            _ => {
                let addresses =
                    value.split(',').map(|a| a.parse().map_err(|_| format!("{a:?} is no address and port")));
                target.node = addresses.collect::<Result<_, _>>()?;
            }
        }
    }
    *words = kept;
    Ok(())
}

/// Commons, method, and what is behind.
fn split<'a>(given: Option<&'a str>, words: &'a [String]) -> Result<(Option<&'a str>, &'a str, &'a [String]), String> {
    // A method has a dot or a slash, and a commons has neither.
    let is_method = |word: &String| word.contains(['.', '/']);
    match words {
        [flag, ..] if flag.starts_with('-') => {
            Err(format!("{flag} is no option in front of the method; fields of a request stand behind it"))
        }
        [method, rest @ ..] if given.is_some() || is_method(method) => Ok((given, method, rest)),
        [commons, method, rest @ ..] if is_method(method) => Ok((Some(commons), method, rest)),
        [commons, method, ..] => Err(format!(
            "{method:?} is no method; write service.method behind the commons, for example: {commons} contribute.record"
        )),
        _ => Err("name the commons and a method, for example: forge contribute.record".into()),
    }
}

/// The request that words make, and the program's options among them.
fn read(method: &MethodDescriptor, words: &[String], own: &[(&str, bool)]) -> Result<(DynamicMessage, Late), Failure> {
    let all = flags(&method.input());
    let (mut set_later, mut late, mut json): (Vec<(&Flag, String)>, Late, Option<&str>) = Default::default();
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next() {
        let Some(flag) = word.strip_prefix("--") else {
            if let Some(before) = json.replace(word) {
                return Err(format!(
                    "there are two requests, {before} and {word}; a value with a space stands in quotes"
                )
                .into());
            }
            continue;
        };
        let (name, value) = flag.split_once('=').map_or((flag, None), |(n, v)| (n, Some(v.to_string())));
        let found = find(&all, name)?;
        let own = own.iter().find(|(own, _)| *own == name);
        // A field that is named in full goes before the program's option, and that before the end of a name.
        let (takes, field) = match (found, own) {
            (Some(f), None) => (!is_switch(f), Some(f)),
            (Some(f), Some(_)) if f.path.len() == 1 => (!is_switch(f), Some(f)),
            (_, Some((_, takes))) => (*takes, None),
            (None, None) => {
                let top: Vec<String> =
                    all.iter().filter(|f| f.path.len() == 1).map(|f| format!("--{}", f.name())).collect();
                return Err(format!("{} has no field {name}; it has {}", method.input().name(), top.join(", ")).into());
            }
        };
        let is_value =
            |next: &&String| if takes { !next.starts_with("--") } else { matches!(next.as_str(), "true" | "false") };
        let value = value.or_else(|| rest.next_if(is_value).cloned());
        match (field, value) {
            (_, None) if takes => {
                return Err(format!("--{name} takes a value; one that begins with -- is written --{name}=VALUE").into());
            }
            (Some(field), value) => set_later.push((field, value.unwrap_or_else(|| "true".into()))),
            (None, value) => _ = late.insert(name.into(), value),
        }
    }
    let mut message = value::request(&method.input(), json.unwrap_or("{}"))?;
    for (flag, word) in set_later {
        set(&mut message, flag, &word)?;
    }
    Ok((message, late))
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_reflect::DescriptorPool;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(Into::into).collect()
    }

    #[test]
    fn a_commons_stands_in_front_or_is_an_option() {
        let line = words("forge contribute.record --id x");
        assert_eq!(split(None, &line).unwrap(), (Some("forge"), "contribute.record", &line[2..]));
        let line = words("stint.contribute.v1.Contribute/Record {}");
        assert_eq!(split(Some("forge"), &line).unwrap(), (Some("forge"), &line[0][..], &line[1..]));
        assert_eq!(split(None, &line).unwrap().0, None);
        assert!(split(None, &words("forge record")).unwrap_err().contains("for example: forge contribute.record"));
        assert!(split(None, &words("--id x")).unwrap_err().contains("stand behind it"));
        assert!(split(None, &words("forge")).is_err());
    }

    #[test]
    fn fields_go_before_options_and_both_before_nothing() {
        let pool = DescriptorPool::decode(stint_proto::DESCRIPTOR_SET).unwrap();
        let kernel = pool.get_service_by_name("stint.v1.Kernel").unwrap();
        let method = |name: &str| kernel.methods().find(|m| m.name() == name).unwrap();
        let own = [("key", true), ("json", false)];
        let (message, late) =
            read(&method("Admit"), &words("--agent ana --key 00ff --roles a --roles b --json"), &own).unwrap();
        let expected = serde_json::json!({"agent": "ana", "key": "AP8=", "roles": ["a", "b"]});
        assert_eq!(serde_json::to_value(&message).unwrap(), expected);
        assert_eq!(late, Late::from([("json".into(), None)]));
        // The method has no such field.
        let (_, late) = read(&method("Upgrade"), &words("--code-hash 00 --in-steps --key ana"), &own).unwrap();
        assert_eq!(late["key"].as_deref(), Some("ana"));
        let (message, _) =
            read(&method("Upgrade"), &[r#"{"inSteps": true}"#.into(), "--in-steps=false".into()], &own).unwrap();
        assert_eq!(serde_json::to_value(&message).unwrap(), serde_json::json!({}), "a flag changes what the JSON says");
        let said = |line: &str| read(&method("Admit"), &words(line), &own).unwrap_err().to_string();
        assert_eq!(said("--name ana"), "AdmitRequest has no field name; it has --agent, --key, --roles");
        assert!(said("--agent").contains("takes a value"));
        assert!(said("{} {}").contains("two requests"));
    }
}
