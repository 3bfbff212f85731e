/** Bytes, and the hashes over them. */
import { sha256 as sha } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

export { bytesToHex as hex, concatBytes as concat, hexToBytes as unhex, utf8ToBytes as utf8 };

/** SHA-256 over the parts, one after the other. */
export function sha256(...parts: Uint8Array[]): Uint8Array {
  return sha(concatBytes(...parts));
}

/** SHA-256("domain" 00 | parts): what is hashed for one purpose is never taken for another. */
export function domainHash(domain: string, ...parts: Uint8Array[]): Uint8Array {
  return sha256(utf8ToBytes(`${domain}\0`), ...parts);
}

/** A whole number, big endian in so many bytes. */
export function bigEndian(value: bigint | number, size: number): Uint8Array {
  return hexToBytes(
    BigInt(value)
      .toString(16)
      .padStart(2 * size, "0"),
  );
}

/** Below 0 when `a` comes before `b`, above 0 when it comes behind: byte by byte, then the shorter one first. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}

/** Whether the two are the same bytes. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return compare(a, b) === 0;
}
