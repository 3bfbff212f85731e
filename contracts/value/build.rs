fn main() -> Result<(), Box<dyn std::error::Error>> {
    stint_sdk_build::compile("proto", "stint/value/v1/value.proto")
}
