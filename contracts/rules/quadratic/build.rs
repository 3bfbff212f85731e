fn main() -> Result<(), Box<dyn std::error::Error>> {
    stint_sdk_build::compile("../../charter/proto", "stint/rule/v1/decide.proto")
}
