fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The charter's own descriptor is the one that stays: it is compiled last.
    stint_sdk_build::compile("proto", "stint/rule/v1/decide.proto")?;
    stint_sdk_build::compile("proto", "stint/charter/v1/charter.proto")
}
