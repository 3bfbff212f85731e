//! For a contract's `build.rs`: from its `.proto` to Rust.
//!
//! ```no_run
//! stint_sdk_build::compile("proto", "my/rules/v1/rules.proto").unwrap();
//! ```
//!
//! generates, to be included with `stint_sdk::proto!("my.rules.v1")`:
//!
//! - the messages;
//! - a trait with one function a method, in the order of the `.proto`;
//! - `methods`, a [`Method`](../stint_sdk/struct.Method.html) for each, for tests and for other
//!   contracts that call this one;
//! - `dispatch::<T>(method, request)`, which decodes, calls and encodes;
//! - `SERVICE`, `METHODS` and `DESCRIPTOR`: its name, its methods, and the bytes that travel in the
//!   module.
#![forbid(unsafe_code)]

use prost_build::{Config, Method, Service, ServiceGenerator};
use std::{env, error::Error, fmt::Write, fs, path::PathBuf};

/// Compiles `file`, a path below `include`.
pub fn compile(include: &str, file: &str) -> Result<(), Box<dyn Error>> {
    let mut compiler = protox::Compiler::new([include])?;
    compiler.include_imports(true).include_source_info(false).open_file(file)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("stint.descriptor"), compiler.encode_file_descriptor_set())?;
    Config::new()
        .enable_type_names()
        .btree_map(["."])
        .service_generator(Box::new(Contract))
        .compile_fds(compiler.file_descriptor_set())?;
    println!("cargo:rerun-if-changed={include}");
    Ok(())
}

struct Contract;

impl ServiceGenerator for Contract {
    fn generate(&mut self, service: Service, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = generate(&service, out);
    }
}

fn generate(service: &Service, out: &mut String) -> std::fmt::Result {
    let name = &service.name;
    writeln!(out, "/// The service `{}.{}`: one function a method.", service.package, service.proto_name)?;
    writeln!(out, "pub trait {name} {{")?;
    for m in &service.methods {
        for line in &m.comments.leading {
            writeln!(out, "    ///{line}")?;
        }
        let (f, q, r) = (&m.name, &m.input_type, &m.output_type);
        writeln!(out, "    fn {f}(request: {q}) -> ::core::result::Result<{r}, ::stint_sdk::Refusal>;")?;
    }
    writeln!(out, "}}")?;
    writeln!(out, "/// Decodes the request of a method, calls it, and encodes its response.")?;
    writeln!(
        out,
        "pub fn dispatch<T: {name}>(method: u32, request: &[u8]) -> ::core::result::Result<::stint_sdk::Bytes, ::stint_sdk::Refusal> {{"
    )?;
    writeln!(out, "    match method {{")?;
    for (number, m) in service.methods.iter().enumerate() {
        writeln!(out, "        {number} => ::stint_sdk::answer(request, T::{}),", m.name)?;
    }
    writeln!(out, "        _ => ::core::result::Result::Err(::stint_sdk::no_method(method)),")?;
    writeln!(out, "    }}\n}}")?;
    let full = format!("{}.{}", service.package, service.proto_name);
    writeln!(out, "/// Full name of the service.\npub const SERVICE: &str = \"{full}\";")?;
    writeln!(out, "/// Names of the methods, and whether they only read.")?;
    writeln!(out, "pub const METHODS: &[(&str, bool)] = &[")?;
    for m in &service.methods {
        writeln!(out, "    (\"{}\", {}),", m.proto_name, only_reads(m))?;
    }
    writeln!(out, "];")?;
    writeln!(out, "/// The methods, to be called.\npub mod methods {{\n    use ::stint_sdk::Method;")?;
    for m in &service.methods {
        let name = m.name.to_uppercase();
        let (q, r) = (outside(&m.input_type), outside(&m.output_type));
        writeln!(out, "    /// `{full}/{}`", m.proto_name)?;
        writeln!(out, "    pub const {name}: Method<{q}, {r}> = Method::new(\"{full}\", \"{}\");", m.proto_name)?;
    }
    writeln!(out, "}}")?;
    writeln!(out, "/// The encoded `FileDescriptorSet`.")?;
    writeln!(out, "pub const DESCRIPTOR: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/stint.descriptor\"));")
}

fn only_reads(method: &Method) -> bool {
    use prost_types::method_options::IdempotencyLevel::NoSideEffects;
    method.options.idempotency_level.unwrap_or_default() == NoSideEffects as i32
}

/// A type as the module `methods` sees it.
fn outside(ty: &str) -> String {
    if ty.starts_with("::") || ty == "()" { ty.into() } else { format!("super::{ty}") }
}
