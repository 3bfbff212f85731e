//! A walk over resources, events and processes, breadth first, in one of the two directions.
//!
//! Depth and number of nodes are bounded, and what was not followed is named. A resource may be reached through several events;
//! it is looked at again only when the later one opens more of its past, or of its future.

use crate::{
    fields,
    proto::{Node, NodeKind, RecordedEvent, TraceRequest, TraceResponse},
    state::{EVENTS, PROCESSES, RESOURCES},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
};
use stint_sdk::{Code, Refusal};

const NODES: usize = 200;
const MOST_NODES: usize = 1000;
/// Events of one resource or process that are followed, and of a whole walk: an instance has 16 MB.
pub const FAN: usize = 500;
const LOOKED_AT: usize = 2000;

/// A place on the walk: what, and how it was reached.
#[derive(Clone, Debug)]
pub struct Step {
    pub kind: NodeKind,
    pub id: String,
    pub depth: u32,
    /// The event by which it was reached.
    pub by: Option<Rc<RecordedEvent>>,
    /// The time beyond which nothing belongs to this trail any more.
    pub bound: u64,
}

/// What lies one step further.
#[derive(Default)]
pub struct Further {
    pub steps: Vec<Step>,
    /// Events that were read for it.
    pub looked_at: usize,
    /// There is more that was not read.
    pub more: bool,
}

/// A walk's memory.
pub struct Trail {
    nodes: Vec<Node>,
    known: BTreeSet<(i32, String)>,
    bounds: BTreeMap<(i32, String), u64>,
    waiting: VecDeque<Step>,
    cut: BTreeSet<String>,
    limit: usize,
    depth: u32,
}

/// Walks from what the request names; `next` gives the neighbours of a place, `wider` says whether a bound opens more.
pub fn walk(
    request: &TraceRequest,
    start: u64,
    wider: fn(u64, u64) -> bool,
    next: fn(&Step) -> Result<Further, Refusal>,
) -> Result<TraceResponse, Refusal> {
    fields::id("the start", &request.id)?;
    let kind = NodeKind::try_from(request.kind).unwrap_or(NodeKind::Resource);
    must_exist(kind, &request.id)?;
    let mut trail = Trail {
        nodes: Vec::new(),
        known: BTreeSet::new(),
        bounds: BTreeMap::new(),
        waiting: VecDeque::new(),
        cut: BTreeSet::new(),
        limit: if request.limit == 0 { NODES } else { (request.limit as usize).min(MOST_NODES) },
        depth: if request.depth == 0 { u32::MAX } else { request.depth },
    };
    trail.visit(Step { kind, id: request.id.clone(), depth: 0, by: None, bound: start }, wider);
    let mut looked_at = 0;
    while let Some(step) = trail.waiting.pop_front() {
        if looked_at >= LOOKED_AT {
            trail.cut.insert(step.id);
            continue;
        }
        let further = next(&step)?;
        looked_at += further.looked_at;
        let mut cut = further.more;
        for neighbour in further.steps {
            cut |= step.depth >= trail.depth || !trail.visit(neighbour, wider);
        }
        if cut {
            trail.cut.insert(step.id);
        }
    }
    Ok(TraceResponse { nodes: trail.nodes, cut: trail.cut.into_iter().collect() })
}

impl Trail {
    /// Goes to a place; false when there is no room for it.
    fn visit(&mut self, step: Step, wider: fn(u64, u64) -> bool) -> bool {
        let at = (i32::from(step.kind), step.id.clone());
        if !self.known.contains(&at) {
            if self.nodes.len() >= self.limit {
                return false;
            }
            self.nodes.push(node(&step));
            self.known.insert(at.clone());
        } else if self.bounds.get(&at).is_some_and(|known| !wider(step.bound, *known)) {
            return true;
        }
        self.bounds.insert(at, step.bound);
        self.waiting.push_back(step);
        true
    }
}

fn node(step: &Step) -> Node {
    let mut node = Node { kind: step.kind.into(), id: step.id.clone(), depth: step.depth, ..Node::default() };
    if step.kind == NodeKind::Event {
        let known = step.by.as_ref().and_then(|r| r.event.clone());
        let event = known.or_else(|| EVENTS.get(&step.id)?.event).unwrap_or_default();
        node.action = event.action;
        node.resource = fields::either(&event.resource_inventoried_as, &event.to_resource_inventoried_as).into();
        node.agent = event.provider;
    }
    node
}

fn must_exist(kind: NodeKind, id: &str) -> Result<(), Refusal> {
    let id = id.to_string();
    let (what, there) = match kind {
        NodeKind::Resource => ("resource", RESOURCES.has(&id)),
        NodeKind::Event => ("event", EVENTS.has(&id)),
        NodeKind::Process => ("process", PROCESSES.has(&id)),
    };
    if there {
        Ok(())
    } else {
        Err(Refusal::new(Code::NotFound, what, format!("there is no {what} {id} on this book")))
    }
}
