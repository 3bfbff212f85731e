/**
 * Stint from TypeScript: commons as Connect transports that sign, wait and resend; facts with their proofs.
 *
 * | file | idea |
 * |---|---|
 * | `ledger.ts` | a ledger behind its nodes: status, receipts, proofs |
 * | `commons.ts` | a commons as a transport for typed clients |
 * | `service.ts`, `descriptors.ts` | a contract by its descriptor, nothing generated |
 * | `keys.ts`, `key_file.ts` | keys in memory, and on disk |
 * | `call.ts` | what is signed, byte by byte |
 * | `nodes.ts` | which node is asked, and when the next one is |
 * | `streams.ts` | streams of events, receipts and blocks that resume |
 * | `errors.ts` | refused, expired, or not answered yet |
 * | `grpc.ts`, `node.ts` | gRPC, in Node |
 * | `web.ts` | gRPC-web, in browsers |
 * | `proofs/` | the verifier, alone |
 * | `gen/` | messages and services of the ledger and its contracts, generated |
 */
export { type Call, type SignedCall, VALID_FOR, digest, headersOf, newId, sign, transactionHash } from "./call.js";
export { type Answer, Commons, type Options, isQuery } from "./commons.js";
export { Expired, Refused, StintError, Strange, Unanswered, receiptOf } from "./errors.js";
export { Key, type Signer } from "./keys.js";
export { Ledger, type LedgerOptions } from "./ledger.js";
export { Nodes, PATIENCE_MS } from "./nodes.js";
export { Service } from "./service.js";
export * as proofs from "./proofs/index.js";
