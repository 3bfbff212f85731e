use prost_types::{DescriptorProto, FileDescriptorSet, method_options::IdempotencyLevel};
use std::collections::BTreeSet;
use stint_proto::{
    limits::{DESCRIPTOR_FILES, METHOD_BYTES, METHODS},
    quoted,
};

/// The service that a contract offers, as its own `.proto` describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Descriptor {
    /// Full name, for example `stint.contribute.v1.Contribute`.
    pub service: String,
    /// In the order of the `.proto`: a method's place is its number in `stint_call`.
    pub methods: Vec<Method>,
    /// The encoded `FileDescriptorSet`, for reflection.
    pub file_set: Vec<u8>,
}

/// A method of a contract's service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name without the service.
    pub name: String,
    /// True for `option idempotency_level = NO_SIDE_EFFECTS`.
    pub query: bool,
    /// Full name of the request message.
    pub input: String,
    /// Full name of the response message.
    pub output: String,
}

impl Descriptor {
    /// Understands the section `stint.descriptor`, whose bytes are kept. It must hold exactly one
    /// service outside the packages `google.` and `stint.v1`, with unary methods only, and the
    /// messages that these take and give.
    pub(crate) fn of(set: &FileDescriptorSet, file_set: &[u8]) -> Result<Descriptor, String> {
        if set.file.len() > DESCRIPTOR_FILES {
            return Err(format!("the descriptor has {} files; the limit is {DESCRIPTOR_FILES}", set.file.len()));
        }
        let mut found = Vec::new();
        let mut messages = BTreeSet::new();
        for file in &set.file {
            let package = file.package();
            collect(package, &file.message_type, &mut messages)?;
            if package == "stint.v1" || package.starts_with("google.") {
                continue;
            }
            found.extend(file.service.iter().map(|s| (package, s)));
        }
        let [(package, service)] = found.as_slice() else {
            return Err(format!("the descriptor has {} services; a contract is exactly one", found.len()));
        };
        if package.is_empty() {
            return Err("the service has no package; give its .proto one, for example my.rules.v1".into());
        }
        let name = plain(format!("{package}.{}", service.name()))?;
        match service.method.len() {
            0 => return Err(format!("the service {name} has no methods")),
            n if n > METHODS => return Err(format!("the service {name} has {n} methods; the limit is {METHODS}")),
            _ => {}
        }
        let mut methods: Vec<Method> = Vec::new();
        let mut names = BTreeSet::new();
        for m in &service.method {
            let full = format!("/{name}/{}", plain(m.name().into())?);
            if full.len() > METHOD_BYTES {
                return Err(format!("{full} has {} bytes; the limit is {METHOD_BYTES}", full.len()));
            }
            if m.client_streaming() || m.server_streaming() {
                return Err(format!("{full} streams; methods of contracts are unary"));
            }
            if !names.insert(m.name()) {
                return Err(format!("{full} is declared twice"));
            }
            let message = |given: &str| match given.strip_prefix('.') {
                Some(known) if messages.contains(known) => Ok(known.to_string()),
                _ => Err(format!("{full} takes or gives {}, which the descriptor does not declare", quoted(given))),
            };
            methods.push(Method {
                name: m.name().into(),
                query: m.options.as_ref().is_some_and(|o| o.idempotency_level() == IdempotencyLevel::NoSideEffects),
                input: message(m.input_type())?,
                output: message(m.output_type())?,
            });
        }
        Ok(Descriptor { service: name, methods, file_set: file_set.to_vec() })
    }

    /// A method by its name, with its number.
    pub fn method(&self, name: &str) -> Option<(u32, &Method)> {
        let place = self.methods.iter().position(|m| m.name == name)?;
        Some((place as u32, &self.methods[place]))
    }
}

/// Full names of messages, nested ones too.
fn collect(within: &str, declared: &[DescriptorProto], names: &mut BTreeSet<String>) -> Result<(), String> {
    for message in declared {
        let full = if within.is_empty() { message.name().to_string() } else { format!("{within}.{}", message.name()) };
        let full = plain(full)?;
        collect(&full, &message.nested_type, names)?;
        if let Some(twice) = names.replace(full) {
            return Err(format!("the message {twice} is declared twice"));
        }
    }
    Ok(())
}

/// A name as protobuf has them, and no longer than one that a client may call.
fn plain(name: String) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    match !name.is_empty() && name.len() <= METHOD_BYTES && name.chars().all(fits) {
        true => Ok(name),
        false => Err(format!("{} is no name: letters, digits, _ and ., at most {METHOD_BYTES}", quoted(&name))),
    }
}
