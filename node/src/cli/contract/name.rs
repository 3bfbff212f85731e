//! Names of new contracts. A contract's name becomes a package, a module and a trait of Rust, and a
//! package and a service of protobuf; some names cannot be all of them.

use heck::ToUpperCamelCase;

/// The forms of a name that can name a contract.
#[derive(Debug, PartialEq, Eq)]
pub struct Name {
    /// `night-pasture`
    pub name: String,
    /// `night_pasture`
    pub snake: String,
    /// `NightPasture`
    pub camel: String,
}

/// Words of Rust, of this edition and reserved for later ones.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];
/// Crates that a contract is built with.
const CRATES: &[&str] =
    &["alloc", "core", "proc-macro", "proto", "prost", "std", "stint-sdk", "stint-sdk-build", "test"];
/// What the service would be called, and something else in the template is.
const TYPES: &[&str] = &[
    "Contract",
    "Refusal",
    "Result",
    "Wrong",
    "Taken",
    "TakeRequest",
    "TakeResponse",
    "SetShareRequest",
    "SetShareResponse",
    "GetLeftRequest",
    "GetLeftResponse",
];

impl Name {
    pub fn read(name: &str) -> Result<Name, String> {
        let refuse = |why: &str| {
            Err(format!(
                "{name:?} cannot name a contract: {why}; accepted are words of lower-case letters and digits with single \
                 dashes between them, the first letter of all a letter, at most 63 characters, for example pasture or \
                 night-pasture"
            ))
        };
        if stint_proto::commons_name(name).is_err() || name.split('-').any(str::is_empty) {
            return refuse("it has another shape");
        }
        // As the code generator makes it of itself: "A" and "B" together are "Ab".
        let camel = name.to_upper_camel_case().to_upper_camel_case();
        if KEYWORDS.contains(&name) {
            return refuse("it is a word of Rust");
        }
        if CRATES.contains(&name) {
            return refuse("a crate that contracts are built with is called so");
        }
        if TYPES.contains(&camel.as_str()) {
            return refuse(&format!("its service would be called {camel}, and a contract has another {camel}"));
        }
        Ok(Name { name: name.into(), snake: name.replace('-', "_"), camel })
    }

    /// A text with the name in its forms.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{{name}}", &self.name).replace("{{snake}}", &self.snake).replace("{{Name}}", &self.camel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Once, `new contract` made a folder in which the struct and the trait had one name, and `new self`
    /// one that cargo could not read.
    #[test]
    fn a_name_that_cannot_work_is_refused_with_what_can() {
        for bad in [
            "",
            "Pasture",
            "pas ture",
            "-pasture",
            "pasture-",
            "night--pasture",
            "1pasture",
            "type",
            "self",
            "crate",
            "yield",
            "contract",
            "proto",
            "prost",
            "stint-sdk",
            "std",
            "test",
            "refusal",
            "result",
            "taken",
            "take-request",
            &"a".repeat(64),
        ] {
            let why = Name::read(bad).expect_err(bad);
            assert!(why.contains("accepted are") && why.contains("night-pasture"), "{why}");
        }
    }

    #[test]
    fn the_service_is_called_as_the_code_generator_calls_it() {
        for (name, camel) in [
            ("pasture", "Pasture"),
            ("night-pasture", "NightPasture"),
            ("a-b", "Ab"),
            ("x1-y2", "X1y2"),
            ("forge-b2", "ForgeB2"),
        ] {
            let read = Name::read(name).expect("a good name");
            assert_eq!(read.camel, camel);
            assert_eq!(read.camel.to_upper_camel_case(), camel);
        }
    }
}
