/**
 * A call, the 32 bytes that its caller signs, and the metadata that carry the signature.
 *
 * ```text
 * version 1 [1] | chain id [32] | key [32] | id [16] | valid until [8] | fuel limit [8]
 * | c [1] | commons [c] | m [2] | method [m] | r [4] | request [r]
 *
 * digest   SHA-256("stint.v1.transaction" 00 | these bytes)
 * hash     SHA-256("stint.v1.transaction-hash" 00 | these bytes | signature [64])
 * ```
 *
 * Integers are big endian, `x[n]` is n bytes of x. `docs/clients/sign.md` draws the same for other languages.
 */
import { encodeBinaryHeader } from "@connectrpc/connect";
import { bigEndian, concat, domainHash, equal, hex, utf8 } from "./bytes.js";
import type { Signer } from "./keys.js";

const VERSION = 1;
export const ID_BYTES = 16;
/** The ledger's own bounds (`proto/src/limits.rs`), checked here so that nothing is sent that it would refuse. */
const COMMONS_BYTES = 63;
const METHOD_BYTES = 256;
const REQUEST_BYTES = 128 * 1024;
const KERNEL_REQUEST_BYTES = 1000 * 1000 + 1024;
const U64 = 2n ** 64n;
/** Heights for which a call stays valid unless its caller says otherwise: about ten minutes of a busy ledger. */
export const VALID_FOR = 6_000n;

const COMMONS = /^[a-z][a-z0-9-]*$/;
const METHOD = /^\/[A-Za-z0-9_.]+\/[A-Za-z0-9_]+$/;
const KERNEL = "/stint.v1.Kernel/";

/** What a caller signs. */
export interface Call {
  /** The ledger that is meant, 32 bytes. */
  readonly chainId: Uint8Array;
  readonly commons: string;
  /** `/package.Service/Method`. */
  readonly method: string;
  /** The request message, encoded. */
  readonly request: Uint8Array;
  /** The caller's public key, 32 bytes. */
  readonly key: Uint8Array;
  /** Unique for the key, 16 bytes: the same id again is the same call, and leads to the first receipt. */
  readonly id: Uint8Array;
  /** Last height at which it may be executed. */
  readonly validUntil: bigint;
  /** Most fuel to burn; 0 asks for the ledger's limit. */
  readonly fuelLimit: bigint;
}

/** A call that any node takes. It may be handed in as often as one likes: it is executed at most once. */
export interface SignedCall {
  readonly call: Call;
  readonly signature: Uint8Array;
}

/** The 32 bytes to sign; throws RangeError, with what would be accepted, when a field breaks its bound. */
export function digest(call: Call): Uint8Array {
  return domainHash("stint.v1.transaction", layout(call));
}

/** Signs a call; throws RangeError for another key than the call's. */
export async function sign(call: Call, signer: Signer): Promise<SignedCall> {
  if (!equal(signer.public, call.key)) {
    throw new RangeError(`the call is of the key ${hex(call.key)}; ${hex(signer.public)} cannot sign it`);
  }
  return { call, signature: await signer.sign(digest(call)) };
}

/** What the receipt of a signed call names it by. */
export function transactionHash({ call, signature }: SignedCall): Uint8Array {
  return domainHash("stint.v1.transaction-hash", layout(call), signature);
}

/** The signature and what belongs to it, as gRPC metadata beside the plain request. */
export function headersOf({ call, signature }: SignedCall): Headers {
  return new Headers({
    "stint-commons": call.commons,
    "stint-key-bin": encodeBinaryHeader(call.key),
    "stint-id-bin": encodeBinaryHeader(call.id),
    "stint-valid-until": String(call.validUntil),
    "stint-fuel": String(call.fuelLimit),
    "stint-signature-bin": encodeBinaryHeader(signature),
  });
}

/** An id that no other call has. */
export function newId(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(ID_BYTES));
}

function layout(call: Call): Uint8Array {
  check(call);
  const [commons, method] = [utf8(call.commons), utf8(call.method)];
  return concat(
    Uint8Array.of(VERSION),
    ...[call.chainId, call.key, call.id, bigEndian(call.validUntil, 8), bigEndian(call.fuelLimit, 8)],
    ...[bigEndian(commons.length, 1), commons],
    ...[bigEndian(method.length, 2), method],
    ...[bigEndian(call.request.length, 4), call.request],
  );
}

function check(call: Call): void {
  const name = JSON.stringify(call.commons);
  const shape = `a lower-case letter, then lower-case letters, digits and dashes, at most ${COMMONS_BYTES}`;
  demand(COMMONS.test(call.commons) && call.commons.length <= COMMONS_BYTES, `${name} cannot name a commons: ${shape}`);
  const path = `/package.Service/Method is accepted, at most ${METHOD_BYTES} bytes`;
  const isMethod = METHOD.test(call.method) && call.method.length <= METHOD_BYTES;
  demand(isMethod, `${JSON.stringify(call.method)} cannot name a method: ${path}`);
  const limit = call.method.startsWith(KERNEL) ? KERNEL_REQUEST_BYTES : REQUEST_BYTES;
  const size = call.request.length;
  demand(size <= limit, `the request has ${size} bytes; the limit of ${call.method} is ${limit}`);
  for (const [field, exact] of [
    ["chainId", 32],
    ["key", 32],
    ["id", ID_BYTES],
  ] as const) {
    demand(call[field].length === exact, `${field} has ${call[field].length} bytes; it takes exactly ${exact}`);
  }
  for (const field of ["validUntil", "fuelLimit"] as const) {
    demand(call[field] >= 0n && call[field] < U64, `${field} is ${call[field]}; 0 to 2^64 - 1 are accepted`);
  }
}

function demand(holds: boolean, message: string): void {
  if (!holds) throw new RangeError(message);
}
