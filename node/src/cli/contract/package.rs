//! A contract's package, as cargo describes it, and the hash of its sources.

use crate::cli::Failure;
use clap::Args;
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use stint_proto::{Hash, hash_parts};

/// A contract's folder, as the commands take it.
#[derive(Args)]
pub struct Folder {
    /// The contract's folder [default: here]
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// How it was named once.
    #[arg(long, hide = true, conflicts_with = "folder")]
    path: Option<PathBuf>,
}

impl Folder {
    pub fn path(&self) -> &Path {
        self.folder.as_deref().or(self.path.as_deref()).unwrap_or(Path::new("."))
    }
}

/// A contract's package.
pub struct Package {
    pub name: String,
    pub version: String,
    pub workspace: PathBuf,
    /// Its `Cargo.toml`.
    pub manifest: PathBuf,
    /// "stint-sdk 0.1.0".
    pub sdk: String,
    /// Folders with sources of the module: its own, and those it depends on by path.
    folders: BTreeSet<PathBuf>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Described>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    version: String,
    manifest_path: PathBuf,
    source: Option<String>,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Dependency {
    path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

impl Package {
    /// Reads the package of a folder.
    pub fn read(folder: &Path) -> Result<Package, Failure> {
        let manifest = folder.join("Cargo.toml");
        let missing = |_| format!("{} holds no Cargo.toml; go to a contract's folder, or name it", folder.display());
        let manifest = manifest.canonicalize().map_err(missing)?;
        let out = Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--no-deps", "--manifest-path"])
            .arg(&manifest)
            .output()
            .map_err(|e| format!("cargo does not start: {e}; install Rust first"))?;
        if !out.status.success() {
            return Err(String::from_utf8_lossy(&out.stderr).trim().to_string().into());
        }
        let all: Metadata = serde_json::from_slice(&out.stdout)?;
        let own = all.packages.iter().find(|p| p.manifest_path == manifest);
        let own = own.ok_or_else(|| format!("{} is a workspace; name a contract's folder in it", folder.display()))?;
        if !own.targets.iter().any(|t| t.crate_types.iter().any(|c| c == "cdylib")) {
            return Err(format!(
                "{} makes no module: its Cargo.toml needs [lib] crate-type = [\"cdylib\", \"rlib\"]",
                own.name
            )
            .into());
        }
        let mut folders = BTreeSet::new();
        let mut todo = vec![own];
        while let Some(package) = todo.pop() {
            let folder = package.manifest_path.parent().map(Path::to_path_buf).unwrap_or_default();
            if !folders.insert(folder) {
                continue;
            }
            for path in package.dependencies.iter().filter_map(|d| d.path.as_ref()) {
                let found = all.packages.iter().find(|p| p.source.is_none() && p.manifest_path.parent() == Some(path));
                let outside = || {
                    format!(
                        "{} depends on {}, outside its workspace {}: its bytes would depend on that path; make it a member",
                        package.name,
                        path.display(),
                        all.workspace_root.display()
                    )
                };
                todo.push(found.ok_or_else(outside)?);
            }
        }
        let sdk = all.packages.iter().find(|p| p.name == "stint-sdk");
        Ok(Package {
            name: own.name.clone(),
            version: own.version.clone(),
            workspace: all.workspace_root.clone(),
            manifest: manifest.clone(),
            sdk: sdk.map(|p| format!("{} {}", p.name, p.version)).unwrap_or_default(),
            folders,
        })
    }

    /// The folder of its `Cargo.toml`.
    pub fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.workspace)
    }

    /// SHA-256 over every source of the module: `path size [8] | path | size [8] | bytes` in the
    /// order of the paths below the workspace. Tests and what is hidden are left out; the lock file
    /// is in, for it names every dependency by its hash.
    pub fn source_hash(&self) -> Result<Hash, Failure> {
        let mut files = BTreeSet::from([self.workspace.join("Cargo.toml"), self.workspace.join("Cargo.lock")]);
        for folder in &self.folders {
            collect(folder, &mut files)?;
        }
        let mut parts = Vec::new();
        for file in files {
            let name = file.strip_prefix(&self.workspace)?.to_string_lossy().into_owned();
            let bytes = fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
            for part in [name.as_bytes(), &bytes] {
                parts.extend_from_slice(&(part.len() as u64).to_be_bytes());
                parts.extend_from_slice(part);
            }
        }
        Ok(hash_parts(&[&parts]))
    }
}

fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let left_out = ["target", "dist", "tests", "tests.rs", "README.md"];
        if name.starts_with('.') || left_out.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.insert(path);
        }
    }
    Ok(())
}
