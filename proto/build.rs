//! Compiles `stint/v1/*.proto` without a `protoc` on the machine.

use std::{env, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = ["types", "contract", "ledger", "kernel"].map(|f| format!("stint/v1/{f}.proto"));
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(false).open_files(files)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("stint.v1.descriptor"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .client_mod_attribute(".", "#[cfg(feature = \"grpc\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"grpc\")]")
        .bytes(".stint.v1")
        // What is hashed has one order.
        .btree_map(".")
        .compile_fds(compiler.file_descriptor_set())?;
    println!("cargo:rerun-if-changed=stint");
    Ok(())
}
