/** Keys in memory. Keys on disk: `key_file.ts`, in Node alone. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { hex } from "./bytes.js";

export const SEED_BYTES = 32;

/** Whoever signs calls: a key in memory, or one that is kept elsewhere, as WebCrypto and hardware do. */
export interface Signer {
  /** The ed25519 public key, 32 bytes. */
  readonly public: Uint8Array;
  /** The signature over a message, 64 bytes. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** An agent's ed25519 key. What it is made of is neither printed nor written as JSON. */
export class Key implements Signer {
  readonly #seed: Uint8Array;
  readonly public: Uint8Array;

  /** The key of a seed, 32 bytes. */
  constructor(seed: Uint8Array) {
    if (seed.length !== SEED_BYTES) {
      throw new RangeError(`a seed of ${seed.length} bytes was given; a key has exactly ${SEED_BYTES}`);
    }
    this.#seed = seed.slice();
    this.public = ed25519.getPublicKey(this.#seed);
  }

  sign(message: Uint8Array): Uint8Array {
    return ed25519.sign(message, this.#seed);
  }

  toString(): string {
    return `Key(${hex(this.public)})`;
  }
}
