//! How a commons acts: by its charter, and by nothing else.

use crate::{Refusal, context, host::side, service::outcome};

/// The service of a commons' charter.
pub const CHARTER: &str = "stint.charter.v1.Charter";

/// Calls `/package.Service/Method` in the name of this commons; only a commons' charter may. An
/// empty `commons` is this one.
///
/// Whoever is called sees the caller `<commons>/stint.charter.v1.Charter`, in this commons with the
/// role `steward`, in another one with the roles that it gave to that name. The kernel's methods,
/// `/stint.v1.Kernel/…`, can be called too. When the call is refused, nothing of it remains. While it
/// runs, the charter can be asked, and answers with all that it has written so far.
pub fn act(commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
    outcome(&side::host_act(commons, method, request, 0))
}

/// True when the commons itself calls, by a decision of its charter.
pub fn by_the_commons() -> bool {
    let context = context();
    context.caller.strip_prefix(context.commons.as_str()).and_then(|rest| rest.strip_prefix('/')) == Some(CHARTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::host;

    #[test]
    fn the_commons_is_its_own_charter_and_nobody_else() {
        let calls = |caller: &str| {
            host(|h| {
                h.context.commons = "forge".into();
                h.context.caller = caller.into();
            });
            by_the_commons()
        };
        assert!(calls("forge/stint.charter.v1.Charter"));
        for other in [
            "",
            "ana",
            "forge",
            "forge/stint.book.v1.Book",
            "mend/stint.charter.v1.Charter",
            "forge/stint.charter.v1.Charter2",
        ] {
            assert!(!calls(other), "{other}");
        }
    }
}
