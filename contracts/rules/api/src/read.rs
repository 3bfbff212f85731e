//! Parameters and contributions, read with refusals that name them.

use crate::proto::{Contribution, Param, Parameter};
use stint_sdk::{Params, Ratio, Refusal};

/// Parameters that a rule takes: path, type, meaning, default, bounds; see [`Parameter`].
pub type Schema = [[&'static str; 5]];

/// A schema for a manifest.
pub fn schema(schema: &Schema) -> Vec<Parameter> {
    let parameter = |[path, ty, meaning, default, bounds]: &[&str; 5]| Parameter {
        path: (*path).into(),
        r#type: (*ty).into(),
        meaning: (*meaning).into(),
        default: (*default).into(),
        bounds: (*bounds).into(),
    };
    schema.iter().map(parameter).collect()
}

/// A schema as a table of Markdown, for a rule's README.
pub fn table(schema: &Schema) -> String {
    let mut text = String::from("| parameter | type | meaning | default | bounds |\n|---|---|---|---|---|\n");
    for [path, ty, meaning, default, bounds] in schema {
        let cells =
            [format!("`{path}`"), ty.replace('|', ", "), (*meaning).into(), (*default).into(), (*bounds).into()];
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text
}

/// Reads parameters; refuses those that the schema does not have.
pub fn parse(params: &[Param], schema: &Schema) -> Result<Params, Refusal> {
    let params = Params::new(params.iter().map(|p| (p.path.as_str(), p.value.as_str())))?;
    let paths: Vec<&str> = schema.iter().map(|[path, ..]| *path).collect();
    params.only(&paths)?;
    Ok(params)
}

/// Parameters from pairs, in the order of their paths.
pub fn params<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Param> {
    let mut list: Vec<Param> =
        pairs.into_iter().map(|(path, value)| Param { path: path.into(), value: value.into() }).collect();
    list.sort_by(|a, b| a.path.cmp(&b.path));
    list
}

/// The numbers of a contribution. A refusal names the contribution.
pub trait Facts {
    /// How much was accepted, 0 or more.
    fn amount(&self) -> Result<Ratio, Refusal>;
    /// A further fact as a number, when it is there.
    fn fact(&self, name: &str) -> Result<Option<Ratio>, Refusal>;
    /// A further fact as a number, which must be there.
    fn needed(&self, name: &str) -> Result<Ratio, Refusal>;
    /// `120 h`, `70`.
    fn shown(&self) -> String;
}

impl Facts for Contribution {
    fn amount(&self) -> Result<Ratio, Refusal> {
        number(self, "quantity", &self.quantity)
    }

    fn fact(&self, name: &str) -> Result<Option<Ratio>, Refusal> {
        self.attributes.get(name).map(|value| number(self, name, value)).transpose()
    }

    fn needed(&self, name: &str) -> Result<Ratio, Refusal> {
        let missing = || refuse(format!("the contribution {} has no {name}, which this rule needs", self.id));
        self.fact(name)?.ok_or_else(missing)
    }

    fn shown(&self) -> String {
        [self.quantity.as_str(), self.unit.as_str()].join(" ").trim_end().into()
    }
}

fn number(c: &Contribution, name: &str, value: &str) -> Result<Ratio, Refusal> {
    let found = Ratio::parse(value).ok().filter(|ratio| !ratio.is_negative());
    let refuse = || {
        let shown: String = value.chars().take(40).collect();
        refuse(format!("the contribution {} has the {name} {shown:?}; it must be an exact number, 0 or more", c.id))
    };
    found.ok_or_else(refuse)
}

fn refuse(message: String) -> Refusal {
    Refusal::invalid("contribution", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_or_refused_by_the_name_of_the_contribution() {
        let attributes = [("value".to_string(), "-1".to_string()), ("rate".into(), "20.00".into())];
        let c = Contribution {
            id: "e18".into(),
            quantity: "120".into(),
            unit: "h".into(),
            attributes: attributes.into(),
            ..Contribution::default()
        };
        assert_eq!((c.amount().unwrap(), c.shown().as_str()), (Ratio::from(120u64), "120 h"));
        assert_eq!(c.needed("rate").unwrap(), Ratio::from(20u64));
        assert_eq!(c.fact("paid").unwrap(), None);
        for refusal in [c.needed("paid").unwrap_err(), c.fact("value").unwrap_err()] {
            assert_eq!(refusal.rule, "contribution");
            assert!(refusal.message.contains("e18"), "{refusal}");
        }
        assert_eq!(Contribution::default().amount().unwrap_err().rule, "contribution");
    }

    #[test]
    fn parameters_that_no_schema_has_are_refused() {
        let schema: &Schema = &[["alpha", "decimal", "what a contribution keeps", "", "0 to 1"]];
        assert!(parse(&params([("alpha", "0.5")]), schema).is_ok());
        assert_eq!(parse(&params([("alfa", "0.5")]), schema).unwrap_err().rule, "params");
        assert_eq!(super::schema(schema)[0].path, "alpha");
    }
}
