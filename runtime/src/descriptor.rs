use prost::Message;
use prost_types::{FileDescriptorSet, method_options::IdempotencyLevel};
use stint_proto::limits::METHOD_BYTES;

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
    /// Reads the section `stint.descriptor`. It must hold exactly one service outside the packages
    /// `google.` and `stint.v1`, with unary methods only.
    pub fn parse(file_set: &[u8]) -> Result<Descriptor, String> {
        let set = FileDescriptorSet::decode(file_set).map_err(|e| format!("the descriptor cannot be read: {e}"))?;
        let mut found = Vec::new();
        for file in &set.file {
            let package = file.package();
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
        let name = format!("{package}.{}", service.name());
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let mut methods: Vec<Method> = Vec::new();
        for m in &service.method {
            let method = Method {
                name: m.name().into(),
                query: m.options.as_ref().is_some_and(|o| o.idempotency_level() == IdempotencyLevel::NoSideEffects),
                input: m.input_type().trim_start_matches('.').into(),
                output: m.output_type().trim_start_matches('.').into(),
            };
            if m.client_streaming() || m.server_streaming() {
                return Err(format!("{name}/{} streams; methods of contracts are unary", method.name));
            }
            let full = format!("/{name}/{}", method.name);
            if full.len() > METHOD_BYTES || !full[1..].chars().all(|c| plain(c) || c == '/') {
                return Err(format!("{full:?} is no method name of at most {METHOD_BYTES} plain characters"));
            }
            if methods.iter().any(|other| other.name == method.name) {
                return Err(format!("{full} is declared twice"));
            }
            methods.push(method);
        }
        if methods.is_empty() {
            return Err(format!("the service {name} has no methods"));
        }
        Ok(Descriptor { service: name, methods, file_set: file_set.to_vec() })
    }

    /// A method by its name, with its number.
    pub fn method(&self, name: &str) -> Option<(u32, &Method)> {
        let place = self.methods.iter().position(|m| m.name == name)?;
        Some((place as u32, &self.methods[place]))
    }
}
