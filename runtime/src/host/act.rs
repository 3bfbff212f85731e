//! A commons that acts: what its charter asks to be called in its name.
//!
//! 1. Only the contract through which a commons acts may ask; while there is none, a contract that
//!    a steward calls may ask to become it.
//! 2. What was asked runs when that contract has ended, so that whoever is called may ask it back.
//! 3. All of it takes effect, or nothing, and the call that asked is refused with it.

use super::{Host, Result, Slice, bytes, charge, node, rule, text, writable};
use crate::{
    abi::{IMPORT_MODULE, price},
    kernel,
    session::Act,
};
use stint_proto::limits::{ACTS, COMMONS_BYTES, KERNEL_REQUEST_BYTES, METHOD_BYTES, REQUEST_BYTES};
use wasmtime::{Caller, Linker};

pub fn define(l: &mut Linker<Host>) -> Result<()> {
    l.func_wrap(
        IMPORT_MODULE,
        "act",
        |mut c: Caller<'_, Host>, commons: u32, cs: u32, method: u32, ms: u32, at: u32, size: u32| {
            charge(&mut c, price::FIND + price::BYTE * u64::from(size))?;
            writable(&c, "act")?;
            let commons = text(&c, "a commons' name", Slice { at: commons, size: cs }, COMMONS_BYTES)?;
            let method = text(&c, "a method's name", Slice { at: method, size: ms }, METHOD_BYTES)?;
            let request = bytes(&c, "a request", Slice { at, size }, REQUEST_BYTES.min(KERNEL_REQUEST_BYTES))?;
            let host = c.data_mut();
            let commons = if commons.is_empty() { host.context.commons.clone() } else { commons };
            let act = Act { commons, method, request };
            let (home, service) = (&host.context.commons, &host.service);
            let charter = kernel::charter(&host.session.overlay, home).map_err(node)?;
            let may = match charter.as_str() {
                "" => kernel::is_constituting(&act, home) && host.roles.iter().any(|r| r == kernel::STEWARD),
                charter => charter == service,
            };
            if !may {
                return Err(rule(format!("act: {home} does not act through {service} (stint.v1.Kernel/Constitute)")));
            }
            if host.session.acts.len() >= ACTS {
                return Err(rule(format!("act: more than {ACTS} calls in the name of {home}")));
            }
            host.session.acts.push(act);
            Ok(())
        },
    )?;
    Ok(())
}
