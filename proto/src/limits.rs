//! Every bound that a user or a peer can meet, in one table.
//!
//! | what | bound | why this value |
//! |---|---|---|
//! | a request message | 128 kB | ten times the largest batch a contract reads at once |
//! | a transaction | 256 kB | a request and its envelope; a module comes in one transaction |
//! | a published module | 1 MB | the contracts here have 80 to 890 kB |
//! | a block's transactions | 1 MB | 32 blocks a second of this size were measured on 4 validators |
//! | transactions in a block | 8,192 | a receipt each, hashed and written in one batch |
//! | a module's descriptor | 128 kB, 100 files, 1,000 methods | the contracts here have 2 to 3 kB; decoded, it takes some hundred times its bytes |
//! | all published code | 256 MB | every node keeps it compiled and mapped, some five times as large |
//! | code that waits to be compiled | 30 s of it | with more, new code would be refused for longer than a caller waits |
//! | a name of an agent or role | 64 bytes | fits a table column |
//! | a commons' name | 63 bytes | a DNS label |
//! | members given at founding | 1,000 | a page |
//! | a state key, a value | 256 B, 64 kB | a value fits a RocksDB block cache line of pages |
//! | an event, events a call | 16 kB, 64 | a receipt stays below a block |
//! | a response | 1 MB | a page of 1,000 rows of 1 kB |
//! | fuel a call, a block, a query | 1e8, 2.5e8, 1e10 | the slowest unit measured takes 1.2 ns: 0.12 s, 0.3 s, 12 s; the usual one 0.25 ns |
//! | fuel that a commons may be held to in a block, at least | 1e6 | some small calls |
//! | an address of a validator | 64 bytes | the longest with a port has 47 |
//! | receipts of a block before a call | 4 MB | with the largest call after them they fit a message to a peer that joins |
//! | details of a refusal, each | 16, 256 bytes | a line of a table |
//! | calls of contracts in one another | 8 deep | a charter, its book, and what they ask |
//! | keys that a simulation lists | 10,000 | a page of 1,000 rows with their indexes |
//! | calls that a simulation lists | 1,000 | what a person reads |
//! | time from publishing to serving | 8 ms a kB | twice what compiling takes on a busy core |
//! | old keys deleted by one step after an upgrade | 1,000 | a page |
//! | a contract's memory in a query, in a command | 16 MB, 4 MB | most calls touch 0.2 MB; a chain of loads through 16 MB is four times slower than through 4 |
//! | memory of a call and all that are in one another under it | 16 MB | one contract of a query may have it whole |
//! | valid-until ahead of the tip | 36,000 heights | one hour at ten blocks a second |
//! | pool | 64 MB, 50,000 calls | ten seconds of the target load |
//! | when a full pool is tried again | 1 s | some blocks |
//! | pool, one sender | 10,000 calls | a fifth of the pool |
//! | calls under way on one stream | 1,024 | two blocks of the target load |
//! | queries at once | 64 | each has 16 MB of memory at most, with all that it calls |
//! | what-ifs at once, each for | 2, 10 min | each keeps a core busy |
//! | connections | 2,048, fewer where fewer files may be open | 20 kB each, and files are left for the node's own data |
//! | a connection's first words | 10 s | a client's system retries a lost packet for three |
//! | large requests and answers under way | 128 MB | each query that may run has 2 MB of them |
//! | queries at once of one connection | 16 | a quarter of all: four busy clients share a node evenly |
//! | what each has beside that | 16 kB | a usual call; who fills the above does not keep it out |
//! | a request, an answer, until it is through | 30 s, 60 s | a module over 300 kbit/s |
//! | streams of calls, of history, of reflection at once | 256, 64, 256 | each holds some messages: 1 MB, 7 MB, 0.3 MB at most |
//! | calls at once that wait for their key to become known | 256 | 1.5 s each; who has just been admitted elsewhere |
//! | calls of a batch, its answer | 256, 16 MB | a stream takes more; receipts behind these bytes are cut |
//! | streams that watch, at once | 4,096 | an idle one takes some 20 kB |
//! | what is read ahead for one that watches | 64 kB and a message | a slow reader holds no more, whatever it watches; 256 MB for all, 512 MB if each message has as much |
//! | what such messages have above 128 kB, of all streams | 96 MB, 3 MB each | thirty readers of the largest receipts at once; others wait in turn, and who does not take its own for 120 s is sent away |
//! | fields of what is watched, each | 8, 256 bytes | as details of a refusal |
//! | word of how far a stream has looked | every 5 s, or 10,000 heights | so much is looked through again by who resumes |
//! | stored blocks that are read for them at once | 8 | 7 MB each at most; all others wait in turn |
//! | blocks at the tip that are shared by all who watch | 64, 16 MB | three seconds of a busy ledger; as many bytes of large blocks before it |
//! | blocks and receipts that every node keeps, at least | 50,000 heights | calls are told from repetitions by them for an hour, and nodes that join need as many |
//! | far behind | 1,000 heights | fewer are fetched by the engine one by one |
//! | blocks that the engine keeps for others | 10,000 heights | ten minutes of a busy ledger; who lags more fetches them as a node that joins |
//! | calls that one validator tells another, until they are checked | 2 MB | twice the largest message; all validators have as much |
//! | clocks of validators differ by | 10 s | they do not greet each other beyond |
//! | double signs of one key that are recorded, and that wait here to be reported | 16 | more prove nothing new, and a liar makes any number |
//! | unexecuted blocks behind the tip (K) | 4 | results are certified at most that much later |

/// A request message, bytes.
pub const REQUEST_BYTES: usize = 128 * 1024;
/// A request of `stint.v1.Kernel`, bytes: a module must fit.
pub const KERNEL_REQUEST_BYTES: usize = MODULE_BYTES + 1024;
/// A transaction in its canonical bytes.
pub const TRANSACTION_BYTES: usize = 256 * 1024;
/// A transaction of `stint.v1.Kernel`, bytes.
pub const KERNEL_TRANSACTION_BYTES: usize = KERNEL_REQUEST_BYTES + 1024;
/// A contract's module as published, bytes.
pub const MODULE_BYTES: usize = 1000 * 1000;
/// All modules that a ledger publishes, bytes.
pub const CODE_BYTES: u64 = 256 << 20;
/// The section `stint.descriptor` of a module, bytes.
pub const DESCRIPTOR_BYTES: usize = 128 * 1024;
/// Files of a descriptor.
pub const DESCRIPTOR_FILES: usize = 100;
/// Methods of a contract.
pub const METHODS: usize = 1000;
/// Double signs of one key that are recorded, and that wait at a node to be reported.
pub const EVIDENCE_OF_KEY: usize = 16;
/// All transactions of a block with their length prefixes, bytes.
pub const BLOCK_BYTES: usize = 1024 * 1024;
/// Transactions in a block.
pub const BLOCK_TRANSACTIONS: usize = 8192;
/// A method's full name, bytes.
pub const METHOD_BYTES: usize = 256;
/// An agent's or a role's name, bytes.
pub const NAME_BYTES: usize = 64;
/// A commons' name, bytes.
pub const COMMONS_BYTES: usize = 63;
/// Free text of the kernel, such as a commons' purpose, bytes.
pub const TEXT_BYTES: usize = 4096;
/// Members given when a commons is founded.
pub const FOUNDING_MEMBERS: usize = 1000;
/// Roles of one agent in one commons.
pub const ROLES: usize = 16;
/// A state key within a contract, bytes.
pub const KEY_BYTES: usize = 256;
/// A state value, bytes.
pub const VALUE_BYTES: usize = 64 * 1024;
/// An event's body, bytes.
pub const EVENT_BYTES: usize = 16 * 1024;
/// Events of one call.
pub const EVENTS: usize = 64;
/// A contract's response, bytes.
pub const RESPONSE_BYTES: usize = 1024 * 1024;
/// Receipts of a block, bytes; the calls after that are refused and may be sent again.
pub const BLOCK_RECEIPT_BYTES: usize = 4 << 20;
/// A refusal's message, bytes; longer ones are cut.
pub const MESSAGE_BYTES: usize = 1024;
/// Details of a refusal.
pub const DETAILS: usize = 16;
/// A detail of a refusal, bytes.
pub const DETAIL_BYTES: usize = 256;
/// How deep contracts call one another; the first call counts.
pub const CALL_DEPTH: usize = 8;
/// Keys that a simulation lists.
pub const SIMULATED_READS: usize = 10_000;
/// Calls that a simulation lists.
pub const SIMULATED_CALLS: usize = 1000;
/// Ledger time between publishing code and its first service, milliseconds for each kB begun, after
/// what was published before: validators compile it meanwhile, one after the other, beside the blocks.
pub const READY_MS_PER_KB: u64 = 8;
/// Ledger time that validators may have to compile for; code is refused until less is left.
pub const COMPILE_BACKLOG_MS: u64 = 30_000;
/// Keys of the old state that one `Migrate` deletes.
pub const CLEANED_KEYS: usize = 1000;
/// Fuel of one call.
pub const CALL_FUEL: u64 = 100_000_000;
/// Fuel of all calls of one block; the calls after that are refused and may be sent again.
pub const BLOCK_FUEL: u64 = 250_000_000;
/// The smallest quota of fuel that a commons can be given for a block.
pub const COMMONS_FUEL: u64 = 1_000_000;
/// An address of a validator, bytes.
pub const ADDRESS_BYTES: usize = 64;
/// The time in which a block's calls shall be executed, milliseconds. Usual ones take a tenth of
/// it; a block of nothing but the slowest calls takes at most twice as long.
pub const BLOCK_TARGET_MS: u64 = 250;
/// Fuel of one query.
pub const QUERY_FUEL: u64 = 10_000_000_000;
/// A contract's linear memory in a query, and that of all contracts in the middle of a call under
/// one query or signed call together, bytes.
pub const MEMORY_BYTES: usize = 16 << 20;
/// A contract's linear memory in a command, and in a fresh instance, bytes.
pub const COMMAND_MEMORY_BYTES: usize = 4 << 20;
/// How far ahead of the newest block `valid_until` may lie, heights.
pub const VALIDITY_WINDOW: u64 = 36_000;
/// Blocks and receipts that every node keeps at least, heights.
pub const KEPT_HEIGHTS: u64 = 50_000;
/// A node that lags so many heights behind its peers fetches from them before it starts its engine.
pub const FAR_BEHIND: u64 = 1_000;
/// Blocks that the engine keeps for validators that lag, heights.
pub const ENGINE_HEIGHTS: u64 = 10_000;
/// Calls that one validator told another and that wait to be checked, bytes.
pub const GOSSIP_BYTES: usize = 2 << 20;
/// How far the clocks of validators may differ, milliseconds.
pub const VALIDATOR_CLOCKS_MS: u64 = 10_000;
/// Calls waiting in the pool.
pub const POOL_CALLS: usize = 50_000;
/// Bytes waiting in the pool.
pub const POOL_BYTES: usize = 64 << 20;
/// When a call that found the pool full is sent again, milliseconds.
pub const POOL_RETRY_MS: u64 = 1_000;
/// Calls of one key waiting in the pool.
pub const POOL_SENDER_CALLS: usize = 10_000;
/// Calls under way on one submission stream.
pub const STREAM_CALLS: usize = 1024;
/// Connections of one node.
pub const CONNECTIONS: usize = 2048;
/// Time in which a connection must say that it speaks HTTP/2, milliseconds.
pub const GREETING_MS: u64 = 10_000;
/// Requests and answers under way on one node, bytes above [`LIGHT_BYTES`] each.
pub const UNDER_WAY_BYTES: usize = 128 << 20;
/// What a request and its answer have without being weighed, bytes.
pub const LIGHT_BYTES: usize = 16 * 1024;
/// Time in which a request must have come, milliseconds.
pub const REQUEST_MS: u64 = 30_000;
/// Time in which an answer must be taken, milliseconds.
pub const ANSWER_MS: u64 = 60_000;
/// Submission streams at the same time on one node.
pub const SUBMIT_STREAMS: usize = 256;
/// Streams of history at the same time on one node.
pub const HISTORIES: usize = 64;
/// Streams of reflection at the same time on one node.
pub const REFLECTIONS: usize = 256;
/// A question to reflection, bytes.
pub const REFLECTION_BYTES: usize = 4096;
/// Calls at the same time that wait for their key to become known.
pub const UNKNOWN_KEYS: usize = 256;
/// Calls of one batch.
pub const BATCH_CALLS: usize = 256;
/// Answers of one batch, bytes; receipts behind that stand without response and events.
pub const BATCH_ANSWER_BYTES: usize = 16 << 20;
/// Streams that watch one node at the same time.
pub const WATCHES: usize = 4096;
/// What is read ahead for one of them, bytes; the message that reaches it is the last one.
pub const WATCH_AHEAD_BYTES: usize = 64 * 1024;
/// What is read ahead beyond twice as much, of all streams together, bytes.
pub const WATCH_LARGE_BYTES: usize = 96 << 20;
/// No message has more, bytes: a receipt with the largest response and all events, a block with its calls.
pub const WATCH_LARGEST_BYTES: usize = 3 << 20;
/// Fields that one of them may ask for.
pub const WATCH_FIELDS: usize = 8;
/// A field and its value, bytes.
pub const WATCH_FIELD_BYTES: usize = 256;
/// Time after which a stream says how far it has looked, milliseconds.
pub const WATCH_PROGRESS_MS: u64 = 5_000;
/// Heights after which it does.
pub const WATCH_PROGRESS_HEIGHTS: u64 = 10_000;
/// Readers of stored blocks, for all streams that watch.
pub const WATCH_READERS: usize = 8;
/// Blocks at the tip that those who watch share.
pub const WATCH_TAIL_BLOCKS: usize = 64;
/// The same, bytes.
pub const WATCH_TAIL_BYTES: usize = 16 << 20;
/// Queries that run at the same time on one node.
pub const QUERIES: usize = 64;
/// Queries of one connection at the same time.
pub const QUERIES_OF_ONE: usize = 16;
/// What-ifs that run at the same time on one node.
pub const WHAT_IFS: usize = 2;
/// How long one runs, milliseconds.
pub const WHAT_IF_MS: u64 = 10 * 60 * 1000;
/// Rows of one page.
pub const PAGE_ROWS: usize = 1000;
/// Keys and values of a page of a state, bytes; the first entry may have more.
pub const PAGE_BYTES: usize = 4 << 20;
/// K: a header certifies results at most this many heights behind its own.
pub const EXECUTION_LAG: u64 = 4;
/// How far a block's time may lie ahead of a validator's clock before it waits, milliseconds.
pub const CLOCK_SKEW_MS: u64 = 500;
/// Validators of one ledger.
pub const VALIDATORS: usize = 100;
