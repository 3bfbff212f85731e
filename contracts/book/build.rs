fn main() -> Result<(), Box<dyn std::error::Error>> {
    stint_sdk_build::compile("proto", "stint/book/v1/book.proto")
}
