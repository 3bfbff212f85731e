fn main() -> Result<(), Box<dyn std::error::Error>> {
    stint_sdk_build::compile("proto", "stint/rule/v1/rule.proto")
}
