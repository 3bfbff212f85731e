//! The SDK, which `stint contract new` puts beside every new contract.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from("../contracts/sdk");
    let mut files = Vec::new();
    walk(&root, &mut files)?;
    files.sort();
    let mut text = String::from("/// Files of the SDK: path and text.\nconst SDK: &[(&str, &str)] = &[\n");
    for file in files {
        let name = file.strip_prefix(&root)?.display().to_string();
        // The text and not the place: a place would bind the build to this folder.
        text += &format!("    ({name:?}, {:?}),\n", fs::read_to_string(file)?);
    }
    let lock = fs::read_to_string("../contracts/Cargo.lock")?;
    text += &format!("];\n/// The lock file of the project's own contracts.\nconst LOCK: &str = {lock:?};\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("sdk.rs"), text)?;
    println!("cargo:rerun-if-changed=../contracts/sdk");
    println!("cargo:rerun-if-changed=../contracts/Cargo.lock");
    Ok(())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn std::error::Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match path.is_dir() {
            true if name != "target" => walk(&path, files)?,
            false if !name.starts_with('.') => files.push(path),
            _ => {}
        }
    }
    Ok(())
}
