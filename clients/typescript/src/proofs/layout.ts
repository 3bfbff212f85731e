/** Bytes as proofs are laid out. Integers are big endian. */

/** Bytes of a hash. */
export const HASH_BYTES = 32;
/** Stands where there is nothing to hash: the root of an empty list, what genesis hangs on. */
export const ZERO = new Uint8Array(HASH_BYTES);

/** Why a proof proves nothing. */
export const Why = {
  malformed: "the bytes are not a proof of layout 1",
  otherLedger: "the proof is about another ledger",
  otherEpoch: "the proof does not lead from the trusted validators to those who signed",
  brokenChain: "the proof's headers do not follow one another",
  signatures: "the block was not signed by enough of the validators",
  otherCommittee: "the new validators are not those whom the old ones named",
  otherFact: "what the proof shows is not what the signed header names",
} as const;
export type Why = (typeof Why)[keyof typeof Why];

/** A proof that proves nothing; `why` names the step that is wrong. */
export class Invalid extends Error {
  override name = "Invalid";
  constructor(readonly why: Why) {
    super(why);
  }
}

/** Ends the check of a proof when something does not hold. */
export function require(holds: boolean, why: Why = Why.malformed): asserts holds {
  if (!holds) throw new Invalid(why);
}

/** Takes pieces off the front of bytes. What is not there makes the proof malformed. */
export class Reader {
  private at = 0;
  private readonly data: Uint8Array;

  constructor(data: Uint8Array) {
    // Node's Buffers give views where others give copies.
    this.data = Uint8Array.from(data);
  }

  take(size: number): Uint8Array {
    require(this.at + size <= this.data.length);
    this.at += size;
    return this.data.slice(this.at - size, this.at);
  }

  /** At most four bytes. */
  number(size: 1 | 2 | 4): number {
    return this.take(size).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** Eight bytes. */
  long(): bigint {
    return this.take(8).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  }

  hash(): Uint8Array {
    return this.take(HASH_BYTES);
  }

  /** n [4], and n bytes. */
  sized(): Uint8Array {
    return this.take(this.number(4));
  }

  /** So many of something. */
  times<T>(count: number, read: () => T): T[] {
    const out: T[] = [];
    for (let i = 0; i < count; i++) out.push(read());
    return out;
  }

  get empty(): boolean {
    return this.at === this.data.length;
  }
}
