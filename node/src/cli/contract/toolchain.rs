//! The compiler for modules: found or made by the script that the project's own contracts use.

use crate::cli::Failure;
use std::{
    io::Write,
    process::{Command, Stdio},
};

const SCRIPT: &str = include_str!("../../../../scripts/wasm-toolchain");

/// A compiler to `wasm32-unknown-unknown`.
pub struct Toolchain {
    pub rustc: String,
    /// What it says of itself; the same words mean the same bytes.
    pub version: String,
    /// Where cargo keeps the sources of dependencies.
    pub cargo_home: String,
}

impl Toolchain {
    /// Finds it, or makes it, which takes a minute or two the first time.
    pub fn find() -> Result<Toolchain, Failure> {
        let mut bash = Command::new("bash")
            .args(["-s"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("bash does not start: {e}"))?;
        if let Some(mut input) = bash.stdin.take() {
            input.write_all(SCRIPT.as_bytes())?;
        }
        let out = bash.wait_with_output()?;
        if !out.status.success() {
            return Err("there is no compiler for Wasm here; see above".into());
        }
        let text = String::from_utf8(out.stdout)?;
        let value = |name: &str| {
            let line = text.lines().find_map(|l| l.strip_prefix(&format!("export {name}='")));
            line.map(|v| v.trim_end_matches('\'').to_string()).ok_or_else(|| format!("the toolchain names no {name}"))
        };
        Ok(Toolchain {
            rustc: value("RUSTC")?,
            version: value("STINT_WASM_RUSTC")?,
            cargo_home: value("STINT_WASM_CARGO_HOME")?,
        })
    }
}
