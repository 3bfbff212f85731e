//! `stint contract test`.

use super::{
    build::{build, target_folder, write},
    host::{FUEL, MODULES, NATIVE},
    package::{Folder, Package},
};
use crate::cli::Failure;
use clap::Args;
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
    process::Command,
};
use stint_proto::hash_parts;
use stint_runtime::Contracts;

/// Runs a contract's tests.
#[derive(Args)]
pub struct Test {
    #[command(flatten)]
    folder: Folder,
    /// Folders of other contracts that the tests deploy or publish, and of older versions that they upgrade
    #[arg(long, value_name = "FOLDER")]
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
        let package = Package::read(self.folder.path())?;
        let target = target_folder().join("contracts");
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--package", &package.name, "--manifest-path"]).arg(&package.manifest);
        cargo.arg("--target-dir").arg(&target).env_remove("CARGO_TARGET_DIR");
        if !self.native {
            let modules = target.join("modules").join(place(&package));
            let _ = fs::remove_dir_all(&modules);
            for folder in self.with.iter().map(PathBuf::as_path).chain([package.folder()]) {
                let package = Package::read(folder)?;
                let built = build(&package, true)?;
                // The tests ask for it by the service in its descriptor, and by its package.
                let file = format!("{} {}.wasm", package.name, package.version);
                write(&modules.join(service_of(&built.module)?).join(file), &built.module)?;
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
                let alone = ran_alone(&package);
                match alone.is_empty() {
                    true => println!("every step also ran on the ledger's runtime, with the same answers"),
                    false => println!("steps also ran on the ledger's runtime, with the same answers; natively only:"),
                }
                alone.iter().for_each(|why| println!("  {why}"));
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

/// Why tests of the last run left the runtime behind.
fn ran_alone(package: &Package) -> BTreeSet<String> {
    let files = fs::read_dir(fuel_folder(package)).into_iter().flatten().flatten().map(|f| f.path());
    let told = files.filter(|f| f.extension().is_some_and(|e| e == NATIVE));
    told.filter_map(|f| fs::read_to_string(f).ok()).collect()
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
