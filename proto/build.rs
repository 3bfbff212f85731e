//! Compiles `stint/v1/*.proto` without a `protoc` on the machine.

use std::{env, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = ["types", "contract", "ledger", "kernel"].map(|f| format!("stint/v1/{f}.proto"));
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // With the words of the files, for whoever asks a node what its methods mean.
    fs::write(out.join("stint.v1.descriptor"), compiler.encode_file_descriptor_set())?;
    let mut set = compiler.file_descriptor_set();
    set.file.iter_mut().for_each(|file| file.source_code_info = None);
    tonic_prost_build::configure()
        .client_mod_attribute(".", "#[cfg(feature = \"grpc\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"grpc\")]")
        .bytes(".stint.v1")
        // What is hashed has one order.
        .btree_map(".")
        .compile_fds(set)?;
    println!("cargo:rerun-if-changed=stint");
    Ok(())
}
