/**
 * Keys of the state as strings of bits: each byte a 1 and its eight bits, the end a 0. No key is then the beginning of
 * another one, and bits sort as bytes do.
 */
import { compare } from "../bytes.js";

export const BITS_A_BYTE = 9;

/** Bit `at` of a key; 0 behind its end. */
export function bit(key: Uint8Array, at: number): number {
  const byte = key[Math.floor(at / BITS_A_BYTE)];
  const bits = at % BITS_A_BYTE;
  if (byte === undefined) return 0;
  return bits === 0 ? 1 : (byte >> (8 - bits)) & 1;
}

/** Bytes that the first `bits` bits of a key touch. */
export function bytesOf(bits: number): number {
  return Math.floor(bits / BITS_A_BYTE) + (bits % BITS_A_BYTE > 1 ? 1 : 0);
}

/** The bytes of the first `bits` bits, the rest of the last one zero; fewer where the key is shorter. */
export function firstBits(key: Uint8Array, bits: number): Uint8Array {
  const cut = key.slice(0, bytesOf(bits));
  const rest = bits % BITS_A_BYTE;
  if (rest > 1 && cut.length === bytesOf(bits)) cut[cut.length - 1]! &= ~(0xff >> (rest - 1));
  return cut;
}

/** All keys whose first `at` bits are those of `prefix` and whose next one is `right`. */
export class Below {
  constructor(
    readonly prefix: Uint8Array,
    readonly at: number,
    readonly right: 0 | 1,
  ) {}

  /** Where these keys stand beside `key`: below 0 before it, above 0 behind it, 0 around it. */
  beside(key: Uint8Array): number {
    const [whole, bits] = [Math.floor(this.at / BITS_A_BYTE), this.at % BITS_A_BYTE];
    const first = compare(this.prefix.subarray(0, whole), key.subarray(0, whole));
    if (first !== 0) return first;
    const byte = key[whole];
    if (bits === 0) return this.right - (byte === undefined ? 0 : 1);
    if (byte === undefined) return 1;
    const before = bits > 1 ? this.prefix[whole]! >> (BITS_A_BYTE - bits) : 0;
    return ((before << 1) | this.right) - (byte >> (8 - bits));
  }

  /** The first key that can stand here. */
  first(): Uint8Array {
    const [whole, bits] = [Math.floor(this.at / BITS_A_BYTE), this.at % BITS_A_BYTE];
    const key = [...firstBits(this.prefix, this.at)];
    // Of the byte that follows, the bits so far say no more than that there is one, or not even that.
    if (bits === 1 || (bits === 0 && this.right)) key.push(0);
    if (bits > 0 && this.right) key[whole]! |= 0x80 >> (bits - 1);
    return Uint8Array.from(key);
  }

  /** The first key behind all that can stand here; undefined when none is. */
  end(): Uint8Array | undefined {
    let grows = this.at;
    if (this.right) {
      // The last of the bits before that can still grow; that a byte is there cannot.
      do grows--;
      while (grows >= 0 && (grows % BITS_A_BYTE === 0 || bit(this.prefix, grows) === 1));
      if (grows < 0) return undefined;
    }
    return new Below(this.prefix.slice(0, bytesOf(grows)), grows, 1).first();
  }
}
