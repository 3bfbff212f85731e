//! `stint contract build`.
//!
//! One compiler, one set of flags, one package at a time, and no path of the machine in the result.
//! Then two sections are added: the descriptor is the SDK's, and `stint.meta` names SDK, compiler
//! and sources.

use super::{
    package::{Folder, Package},
    toolchain::Toolchain,
};
use crate::cli::Failure;
use clap::Args;
use prost::Message;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};
use stint_proto::{Hash, hash_parts, v1::ModuleMeta};
use stint_runtime::{abi::META_SECTION, check};

/// Compiles a contract.
#[derive(Args)]
pub struct Build {
    #[command(flatten)]
    folder: Folder,
    /// Where the module goes [default: NAME.wasm in the contract's folder dist]
    #[arg(long)]
    out: Option<PathBuf>,
    /// A build for its author: panics name their lines; no ledger takes it
    #[arg(long)]
    development: bool,
}

impl Build {
    pub fn execute(&self) -> Result<(), Failure> {
        let package = Package::read(self.folder.path())?;
        let built = build(&package, self.development)?;
        let out =
            self.out.clone().unwrap_or_else(|| package.folder().join("dist").join(format!("{}.wasm", package.name)));
        write(&out, &built.module)?;
        println!("{}: {} bytes", out.display(), built.module.len());
        println!("code    {}", hash_parts(&[&built.module]));
        println!("source  {}", built.source);
        println!("by      {}", built.compiler);
        Ok(())
    }
}

/// A module and where it comes from.
pub struct Built {
    pub module: Vec<u8>,
    pub source: Hash,
    pub compiler: String,
}

/// Where builds keep what they can use again: beside Stint's own outputs, for all contracts.
pub fn target_folder() -> PathBuf {
    let cache = || env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cache")));
    let own = env::var_os("STINT_TARGET").map(PathBuf::from);
    own.or_else(|| Some(cache()?.join("stint/target"))).unwrap_or_else(|| PathBuf::from("target"))
}

/// Compiles a package.
pub fn build(package: &Package, development: bool) -> Result<Built, Failure> {
    let toolchain = Toolchain::find()?;
    let source = package.source_hash()?;
    // One folder for all contracts, so that dependencies compile once on a machine.
    let target = target_folder().join("wasm").join(if development { "development" } else { "release" });
    own(&target, package)?;
    let mut flags = vec![
        format!("--remap-path-prefix={}=/target", target.display()),
        format!("--remap-path-prefix={}=/workspace", package.workspace.display()),
        format!("--remap-path-prefix={}=/cargo", toolchain.cargo_home),
        "-Clink-arg=-zstack-size=32768".into(),
    ];
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--lib",
        "--target",
        "wasm32-unknown-unknown",
        "--package",
        &package.name,
    ]);
    cargo.arg("--manifest-path").arg(&package.manifest).arg("--target-dir").arg(&target);
    if development {
        // Names, lines and the words of a panic stay in.
        cargo.args(["--features", "stint-sdk/development", "--config", "profile.release.strip=false"]);
        cargo.args(["--config", "profile.release.debug='line-tables-only'", "--config", "profile.release.lto=false"]);
        flags[1] = format!("--remap-path-prefix={}/=", package.workspace.display());
    } else {
        // A small memory is most of what makes a call cheap.
        flags.push("-Clink-arg=--initial-memory=131072".into());
    }
    env::vars_os().filter(|(name, _)| alters_bytes(&name.to_string_lossy())).for_each(|(name, _)| {
        cargo.env_remove(name);
    });
    cargo.env("RUSTC", &toolchain.rustc);
    // A folder's name may have spaces.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    let status = cargo.status().map_err(|e| format!("cargo does not start: {e}"))?;
    if !status.success() {
        return Err(format!("{} does not compile; see above", package.name).into());
    }
    let made = made(&target, package);
    let mut module = fs::read(&made).map_err(|e| format!("{}: {e}", made.display()))?;
    let compiler = toolchain.version;
    let meta = ModuleMeta {
        sdk: package.sdk.clone(),
        compiler: compiler.clone(),
        source_hash: bytes::Bytes::copy_from_slice(&source.0),
    };
    add_section(&mut module, META_SECTION, &meta.encode_to_vec());
    if !development {
        check(&module).map_err(|why| format!("the module would be refused: {why}"))?;
    }
    Ok(Built { module, source, compiler })
}

/// What an author's own environment must not change in a module.
fn alters_bytes(variable: &str) -> bool {
    let names =
        ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL"];
    let families = ["CARGO_PROFILE_", "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_"];
    names.contains(&variable) || families.iter().any(|f| variable.starts_with(f))
}

/// The module as cargo leaves it.
fn made(target: &Path, package: &Package) -> PathBuf {
    target.join("wasm32-unknown-unknown/release").join(format!("{}.wasm", package.name.replace('-', "_")))
}

/// Cargo names a module by its package alone: what another workspace left under the same name goes.
fn own(target: &Path, package: &Package) -> Result<(), Failure> {
    let mark = target.join(format!("{}.owner", package.name));
    let owner = package.workspace.to_string_lossy();
    if fs::read_to_string(&mark).is_ok_and(|o| o == owner) {
        return Ok(());
    }
    let made = made(target, package);
    let deps = made.parent().map(|p| p.join("deps")).unwrap_or_default();
    for left in [deps.join(made.file_name().unwrap_or_default()), made.clone()] {
        let _ = fs::remove_file(left);
    }
    write(&mark, owner.as_bytes())
}

/// Appends a custom section.
pub fn add_section(module: &mut Vec<u8>, name: &str, data: &[u8]) {
    let mut body = Vec::new();
    leb(&mut body, name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(data);
    module.push(0);
    leb(module, body.len());
    module.extend_from_slice(&body);
}

fn leb(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()).into())
}
