//! The importer's messages, from the contract's own `.proto`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let include = "../contracts/contribute/proto";
    let mut compiler = protox::Compiler::new([include])?;
    compiler.include_imports(true).include_source_info(false).open_file("stint/contribute/v1/contribute.proto")?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_client(false)
        .compile_fds(compiler.file_descriptor_set())?;
    println!("cargo:rerun-if-changed={include}");
    Ok(())
}
