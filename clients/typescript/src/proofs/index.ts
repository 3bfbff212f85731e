/**
 * Checks what a ledger says, without believing whoever says it and without asking anyone.
 *
 * | file | idea |
 * |---|---|
 * | `proof.ts` | a fact under signatures, and its check |
 * | `header.ts` | what validators sign, and who they are |
 * | `tree.ts`, `key_bits.ts` | the part of a state that a proof shows |
 * | `merkle.ts` | the root over a list |
 * | `layout.ts` | bytes as proofs are laid out |
 * | `genesis.ts` | whom a genesis file names |
 */
export { trustOfGenesis } from "./genesis.js";
export { Committee, type Header } from "./header.js";
export { Invalid, Why } from "./layout.js";
export { type Fact, PROOF_BYTES, type Proven, type ReceiptFact, type Trust, verify } from "./proof.js";
export { type Leaf, NotShown, type Shown } from "./tree.js";
