//! `stint contract new`: a project that builds anywhere, because the SDK lies in it.

use super::{build::write, name::Name};
use crate::cli::Failure;
use clap::Args;
use std::{path::PathBuf, process::Command};

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// Files of a new contract: path and text. `{{name}}`, `{{snake}}` and `{{Name}}` stand for its name.
const TEMPLATE: [(&str, &str); 8] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    ("build.rs", include_str!("template/build.rs.txt")),
    ("proto/{{snake}}/v1/{{snake}}.proto", include_str!("template/service.proto.txt")),
    ("src/lib.rs", include_str!("template/lib.rs.txt")),
    ("src/state.rs", include_str!("template/state.rs.txt")),
    ("src/tests.rs", include_str!("template/tests.rs.txt")),
    ("README.md", include_str!("template/README.md.txt")),
    (".gitignore", "target/\ndist/\n"),
];

/// Makes a contract.
#[derive(Args)]
pub struct New {
    /// Its name: lower-case letters, digits and dashes, for example pasture
    name: String,
    /// Folder to make [default: the name]
    folder: Option<PathBuf>,
    /// How the folder was named once.
    #[arg(long, hide = true, conflicts_with = "folder")]
    path: Option<PathBuf>,
}

impl New {
    pub fn execute(&self) -> Result<(), Failure> {
        let name = Name::read(&self.name)?;
        let folder = self.folder.as_ref().or(self.path.as_ref()).cloned().unwrap_or_else(|| PathBuf::from(&self.name));
        if folder.exists() {
            return Err(
                format!("{} exists already; choose another name, or name another folder", folder.display()).into()
            );
        }
        for (path, text) in TEMPLATE {
            write(&folder.join(name.fill(path)), name.fill(text).as_bytes())?;
        }
        for (path, text) in SDK {
            write(&folder.join("sdk").join(path), text.as_bytes())?;
        }
        // The versions with which the SDK is tested; cargo takes out what this contract does not use.
        write(&folder.join("Cargo.lock"), LOCK.as_bytes())?;
        let manifest = folder.join("Cargo.toml");
        let lock = |offline: bool| {
            let mut cargo = Command::new("cargo");
            cargo.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(&manifest);
            cargo.args(offline.then_some("--offline"));
            cargo.output().is_ok_and(|o| o.status.success())
        };
        if !lock(true) && !lock(false) {
            return Err(format!(
                "cargo cannot resolve the dependencies; try: cargo metadata --manifest-path {}",
                manifest.display()
            )
            .into());
        }
        println!(
            "{} is a contract: {} gives each member of a commons a share, and counts what it takes.\n",
            folder.display(),
            name.camel
        );
        println!("  cd {}", folder.display());
        println!("  stint contract test      its tests, natively and on the ledger's runtime");
        println!("  stint contract check     what a ledger would say of it");
        println!("  stint contract deploy --commons COMMONS");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_that_travels_is_whole() {
        for needed in ["Cargo.toml", "src/lib.rs", "src/wasm.rs", "src/testing/world.rs", "build/src/lib.rs"] {
            assert!(SDK.iter().any(|(path, _)| *path == needed), "{needed}");
        }
        assert!(LOCK.contains("name = \"prost\""));
    }
}
