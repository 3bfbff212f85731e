fn main() -> Result<(), Box<dyn std::error::Error>> {
    stint_sdk_build::compile("proto", "stint/conformance/v1/conformance.proto")
}
