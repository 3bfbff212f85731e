//! What is listed page by page: a page's token names the state and the last entry, so that all pages are of one state.
//!
//! ```text
//! token   1 [1] | height [8] | what the last entry is named by
//! ```

use crate::core::Node;
use bytes::Bytes;
use std::sync::Arc;
use stint_proto::{
    Code, Refusal,
    limits::{NAME_BYTES, PAGE_ROWS},
    v1,
};
use stint_runtime::{Listed, State};

const LAYOUT: u8 = 1;

/// A page of agents.
pub fn agents(node: &Node, asked: &v1::ListAgentsRequest) -> Result<v1::ListAgentsResponse, Refusal> {
    let at = Page::of(node, asked.height, asked.page_size, &asked.page_token)?;
    let (agents, more) = at.read(node, stint_runtime::list_agents)?;
    let next_page_token = at.next(more, agents.last().map(|a| a.name.as_bytes()));
    Ok(v1::ListAgentsResponse { height: at.height, agents, next_page_token })
}

/// A page of published code.
pub fn code(node: &Node, asked: &v1::ListCodeRequest) -> Result<v1::ListCodeResponse, Refusal> {
    let at = Page::of(node, asked.height, asked.page_size, &asked.page_token)?;
    let (code, more) = at.read(node, stint_runtime::list_code)?;
    let next_page_token = at.next(more, code.last().map(|c| &c.code_hash[..]));
    Ok(v1::ListCodeResponse { height: at.height, code, next_page_token })
}

/// Entries of a state behind a name, at most so many.
type List<T> = fn(Arc<dyn State>, &[u8], usize) -> Listed<T>;

struct Page<'a> {
    height: u64,
    after: &'a [u8],
    rows: usize,
}

impl<'a> Page<'a> {
    fn of(node: &Node, height: u64, size: u32, token: &'a [u8]) -> Result<Page<'a>, Refusal> {
        let (asked, after) = read(token, height)?;
        let (height, _) = node.asked(asked)?;
        let rows = if size == 0 { 100 } else { (size as usize).min(PAGE_ROWS) };
        Ok(Page { height, after, rows })
    }

    fn read<T>(&self, node: &Node, list: List<T>) -> Result<(Vec<T>, bool), Refusal> {
        let state = Arc::new(node.store.state_at(self.height));
        list(state, self.after, self.rows).map_err(|e| node.unreadable(&e))
    }

    fn next(&self, more: bool, last: Option<&[u8]>) -> Bytes {
        let token = |last: &[u8]| [&[LAYOUT], &self.height.to_be_bytes()[..], last].concat().into();
        last.filter(|_| more).map(token).unwrap_or_default()
    }
}

/// The state that is asked, and behind which entry.
fn read(token: &[u8], height: u64) -> Result<(u64, &[u8]), Refusal> {
    let refused = |message: &str| Refusal::new(Code::InvalidArgument, "page-token", message);
    match token {
        [] => Ok((height, &[])),
        [LAYOUT, rest @ ..] => match rest.split_first_chunk::<8>() {
            Some((at, after)) if !after.is_empty() && after.len() <= NAME_BYTES => {
                let at = u64::from_be_bytes(*at);
                match height == 0 || height == at {
                    true => Ok((at, after)),
                    false => Err(refused(&format!("the token is of the state after block {at}; leave the height out"))),
                }
            }
            _ => Err(refused("the token is no page's; give the one that the page before came with, or none")),
        },
        _ => Err(refused("the token is of another layout; begin again without one")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{add, chain, extend, in_memory};
    use stint_store::Keep;

    /// Agents that are admitted between two pages belong to neither.
    #[test]
    fn pages_are_of_one_state() {
        let node = in_memory(Keep::default());
        let all = chain(60);
        extend(&node, &all[..50]);
        let ask = |page_token: Bytes| {
            let asked = v1::ListAgentsRequest { page_size: 3, page_token, height: 0 };
            agents(&node, &asked).unwrap()
        };
        let first = ask(Bytes::new());
        extend(&node, &all[50..]);
        add(&node, Vec::new());
        let second = ask(first.next_page_token.clone());
        let third = ask(second.next_page_token.clone());
        let names: Vec<_> =
            [&first, &second, &third].iter().flat_map(|p| p.agents.iter().map(|a| &a.name[..])).collect();
        // Validators of the genesis file are agents, too; the first one is ana.
        assert_eq!(names, ["agent10", "agent20", "agent30", "agent40", "agent50", "ana", "v1", "v2", "v3"]);
        assert_eq!([first.height, second.height, third.height], [50; 3]);
        assert!(third.next_page_token.is_empty());
        assert_eq!(ask(Bytes::new()).height, 61);
        assert_eq!(first.agents[0].keys[0].len(), 32);
    }

    #[test]
    fn a_token_that_is_none_is_refused() {
        let node = in_memory(Keep::default());
        extend(&node, &chain(3));
        for (token, height) in
            [(&b"\x01short"[..], 0), (b"\x02\0\0\0\0\0\0\0\x01ana", 0), (b"\x01\0\0\0\0\0\0\0\x01ana", 2)]
        {
            let asked = v1::ListCodeRequest { page_size: 0, page_token: token.to_vec().into(), height };
            assert_eq!(code(&node, &asked).unwrap_err().rule, "page-token", "{token:?}");
        }
        let ahead =
            v1::ListCodeRequest { page_token: b"\x01\0\0\0\0\0\0\0\x09ana".to_vec().into(), ..Default::default() };
        assert_eq!(code(&node, &ahead).unwrap_err().code, Code::OutOfRange);
    }
}
