/**
 * Keys on disk: one file a key, readable by its owner alone.
 *
 * ```text
 * stint-key-v1 <64 hexadecimal digits: the ed25519 seed>
 * ```
 */
import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { hex, unhex } from "./bytes.js";
import { Key, SEED_BYTES } from "./keys.js";

const PREFIX = "stint-key-v1 ";
const LINE = /^stint-key-v1 ([0-9a-fA-F]{64})\s*$/;
/** Nobody but the owner may read or write the file. */
const MODE = 0o600;
const OTHERS = 0o077;

/** A key file that cannot be used; the message says what would be accepted. */
export class KeyFileError extends Error {
  override name = "KeyFileError";
}

/** Reads a key from a file that only its owner may read; throws KeyFileError. */
export function loadKey(path: string): Key {
  const line = LINE.exec(withFile(path, "r", "", readOwn));
  if (!line)
    throw new KeyFileError(`the key file ${path} holds no key; one line is accepted: ${PREFIX}<64 hexadecimal digits>`);
  return new Key(unhex(line[1]!));
}

/** Draws a new key and writes it to a new file; throws KeyFileError when there is one: none is ever overwritten. */
export function createKey(path: string): Key {
  const seed = randomBytes(SEED_BYTES);
  withFile(path, "wx", "; choose a name that is free", (file) => {
    writeSync(file, `${PREFIX}${hex(seed)}\n`);
    fsyncSync(file);
  });
  return new Key(seed);
}

function readOwn(file: number, path: string): string {
  const mode = fstatSync(file).mode & 0o777;
  if (mode & OTHERS) {
    const wish = `make it yours alone: chmod 600 ${path}`;
    throw new KeyFileError(
      `the key file ${path} can be read by others (mode ${mode.toString(8).padStart(3, "0")}); ${wish}`,
    );
  }
  return readFileSync(file, "latin1");
}

function withFile<T>(path: string, flags: string, hint: string, use: (file: number, path: string) => T): T {
  let file: number;
  try {
    file = openSync(path, flags, MODE);
  } catch (error) {
    throw new KeyFileError(`the key file ${path}: ${(error as Error).message}${hint}`);
  }
  try {
    return use(file, path);
  } finally {
    closeSync(file);
  }
}
