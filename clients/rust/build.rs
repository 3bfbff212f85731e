//! Messages and stubs of the contracts that come with Stint, from their own `.proto`.

const CONTRACTS: [&str; 4] = ["book", "charter", "contribute", "value"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let includes = CONTRACTS.map(|c| format!("../../contracts/{c}/proto"));
    let mut compiler = protox::Compiler::new(&includes)?;
    compiler.include_imports(true).include_source_info(false);
    compiler.open_files(CONTRACTS.map(|c| format!("stint/{c}/v1/{c}.proto")))?;
    tonic_prost_build::configure().btree_map(".").build_server(false).compile_fds(compiler.file_descriptor_set())?;
    includes.iter().for_each(|include| println!("cargo:rerun-if-changed={include}"));
    Ok(())
}
