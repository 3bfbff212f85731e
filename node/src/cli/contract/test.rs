//! `stint contract test`.

use super::{
    build::{build, target_folder, write},
    host::{FUEL, MODULES},
    package::Package,
};
use crate::cli::Failure;
use clap::Args;
use std::{collections::BTreeMap, env, fs, path::PathBuf, process::Command};
use stint_proto::hash_parts;
use stint_runtime::Contracts;

/// Runs a contract's tests.
#[derive(Args)]
pub struct Test {
    /// The contract's folder
    #[arg(long, default_value = ".")]
    path: PathBuf,
    /// Folders of other contracts that the tests deploy
    #[arg(long)]
    with: Vec<PathBuf>,
    /// Natively only, without building a module
    #[arg(long)]
    native: bool,
    /// What else cargo's tests are told, after --
    #[arg(last = true)]
    rest: Vec<String>,
}

impl Test {
    pub fn execute(&self) -> Result<(), Failure> {
        let package = Package::read(&self.path)?;
        let target = target_folder().join("contracts");
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--package", &package.name, "--manifest-path"]).arg(&package.manifest);
        cargo.arg("--target-dir").arg(&target).env_remove("CARGO_TARGET_DIR");
        if !self.native {
            let modules = target.join("modules").join(place(&package));
            let _ = fs::remove_dir_all(&modules);
            for folder in self.with.iter().map(PathBuf::as_path).chain([package.folder()]) {
                let built = build(&Package::read(folder)?, true)?;
                // The descriptor says under which name the tests deploy it.
                let service = service_of(&built.module)?;
                write(&modules.join(format!("{service}.wasm")), &built.module)?;
            }
            let fuel = fuel_folder(&package);
            let _ = fs::remove_dir_all(&fuel);
            fs::create_dir_all(&fuel)?;
            cargo.env("STINT_TEST_HOST", env::current_exe()?).env(MODULES, &modules).env(FUEL, &fuel);
        }
        if !self.rest.is_empty() {
            cargo.arg("--").args(&self.rest);
        }
        match cargo.status()?.success() {
            false => Err("a test failed; see above".into()),
            true if self.native => Ok(()),
            true => {
                println!("every step also ran on the ledger's runtime, with the same answers");
                Ok(())
            }
        }
    }
}

fn service_of(module: &[u8]) -> Result<String, Failure> {
    let author = Some(std::sync::Arc::new(|_: &str| {}) as _);
    let contracts = Contracts::with(stint_runtime::ContractsOptions { author, ..Default::default() })?;
    Ok(contracts.compile(module)?.descriptor.service)
}

fn fuel_folder(package: &Package) -> PathBuf {
    target_folder().join("contracts/fuel").join(place(package))
}

/// Names a package by where it lies.
fn place(package: &Package) -> String {
    hash_parts(&[package.manifest.to_string_lossy().as_bytes()]).to_string()[..16].to_string()
}

/// The most fuel that each method burnt in the last `stint contract test`.
pub fn fuel_seen(package: &Package) -> BTreeMap<String, u64> {
    let mut most: BTreeMap<String, u64> = BTreeMap::new();
    for file in fs::read_dir(fuel_folder(package)).into_iter().flatten().flatten() {
        let seen: BTreeMap<String, u64> =
            fs::read(file.path()).ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default();
        for (method, fuel) in seen {
            let m = most.entry(method).or_default();
            *m = fuel.max(*m);
        }
    }
    most
}
