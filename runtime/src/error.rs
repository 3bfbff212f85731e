use crate::StateError;

/// What stops a node rather than a call.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// State could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The state holds what this code never wrote.
    #[error("the state is damaged at {key}: {reason}")]
    Damaged {
        /// The state key, for people.
        key: String,
        /// What is wrong with its value.
        reason: String,
    },
    /// The folder for compiled code cannot be used.
    #[error("the folder {folder} for compiled code: {reason}")]
    Cache {
        /// The folder.
        folder: String,
        /// What the system says.
        reason: String,
    },
    /// The Wasm engine failed where it must not.
    #[error("the Wasm engine: {0}")]
    Engine(String),
}

impl From<wasmtime::Error> for RuntimeError {
    fn from(e: wasmtime::Error) -> Self {
        RuntimeError::Engine(format!("{e:#}"))
    }
}
