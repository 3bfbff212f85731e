fn main() -> Result<(), Box<dyn std::error::Error>> {
    stint_sdk_build::compile("proto", "stint/contribute/v1/contribute.proto")
}
