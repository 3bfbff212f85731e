//! The functions of its host are found when it is loaded.

fn main() {
    println!("cargo:rustc-cdylib-link-arg=--allow-undefined");
}
