/** Keys on disk and in memory. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { Key, KeyFileError, createKey, loadKey } from "stint-client/node";

const folder = mkdtempSync(join(tmpdir(), "stint-keys-"));
after(() => rmSync(folder, { recursive: true }));

test("a key is its owner's alone", () => {
  const path = join(folder, "ana.key");
  const key = createKey(path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(loadKey(path).public, key.public);
  assert.throws(() => createKey(path), /choose a name that is free/);
  chmodSync(path, 0o640);
  assert.throws(() => loadKey(path), /mode 640.*chmod 600/);
});

test("what is no key is refused with what is", () => {
  const path = join(folder, "none.key");
  assert.throws(() => loadKey(path), KeyFileError);
  for (const content of ["", "stint-key-v1 12", `stint-key-v1 ${"g".repeat(64)}`, `stint-key-v1 ${"a".repeat(66)}`]) {
    writeFileSync(path, content, { mode: 0o600 });
    assert.throws(() => loadKey(path), /one line is accepted: stint-key-v1/);
  }
  assert.throws(() => new Key(new Uint8Array(31)), /31 bytes.*exactly 32/);
});

test("a key shows nothing of what it is made of", () => {
  const path = join(folder, "shown.key");
  const key = createKey(path);
  const seed = readFileSync(path, "utf8").trim().split(" ")[1]!;
  const bytes = Buffer.from(seed, "hex").join(", ");
  for (const shown of [
    String(key),
    inspect(key, { showHidden: true, depth: 9, breakLength: 1e6 }),
    JSON.stringify(key),
  ]) {
    assert.ok(!shown.includes(seed) && !shown.includes(bytes) && !shown.includes(bytes.replaceAll(" ", "")), shown);
  }
});
