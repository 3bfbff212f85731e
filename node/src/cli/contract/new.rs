//! `stint contract new`: a project that builds anywhere, because the SDK lies in it.

use super::build::write;
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
    #[arg(long)]
    path: Option<PathBuf>,
}

impl New {
    pub fn execute(&self) -> Result<(), Failure> {
        stint_proto::commons_name(&self.name).map_err(|m| format!("{:?} is no name for a contract: {m}", self.name))?;
        let folder = self.path.clone().unwrap_or_else(|| PathBuf::from(&self.name));
        if folder.exists() {
            return Err(format!("{} exists already; choose another name, or another --path", folder.display()).into());
        }
        let snake = self.name.replace('-', "_");
        let camel: String = self.name.split('-').map(capital).collect();
        let fill =
            |text: &str| text.replace("{{name}}", &self.name).replace("{{snake}}", &snake).replace("{{Name}}", &camel);
        for (path, text) in TEMPLATE {
            write(&folder.join(fill(path)), fill(text).as_bytes())?;
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
            "{} is a contract: {camel} gives each member of a commons a share, and counts what it takes.\n",
            folder.display()
        );
        println!("  cd {}", folder.display());
        println!("  stint contract test      its tests, natively and on the ledger's runtime");
        println!("  stint contract check     what a ledger would say of it");
        println!("  stint contract deploy --commons COMMONS");
        Ok(())
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
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
