//! Questions to the book. None costs more as the book grows: each walks an index from a place, or reads sums.

mod events;
mod journal;
mod rebuild;
mod resource;
mod trace;
mod trail;

pub use events::{agreement, events, get_event, process, promise};
pub use journal::{journal, lines};
pub use rebuild::rebuild;
pub use resource::{declarations, resource, stock_of};
pub use trace::{trace, track};
