/** The signing vectors, by the package and by the page's own code; and that code against a node. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import { RecordRequestSchema, RecordResponseSchema } from "stint-client/gen/stint/contribute/v1/contribute_pb";
import { type Call, Key, digest, headersOf, sign, transactionHash } from "stint-client/node";
import { CHECKOUT, Devnet } from "./devnet.js";
import { blockOf, exportsOf } from "./page.js";

type Bytes = string | { byte: string; times: number };
interface Case {
  name: string;
  seed: string;
  key: string;
  id: string;
  valid_until: string;
  fuel_limit: string;
  commons: string;
  method: string;
  request: Bytes;
  digest: string;
  signature: string;
  transaction_hash: string;
}
const vectors = JSON.parse(readFileSync(join(CHECKOUT, "proto/vectors/signing.json"), "utf8")) as {
  chain_id: string;
  calls: Case[];
  refused: { name: string; field: string; value: Bytes }[];
};
const unhex = (text: string) => Buffer.from(text, "hex");
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytesOf = (given: Bytes) =>
  typeof given === "string" ? unhex(given) : Buffer.alloc(given.times, unhex(given.byte));

function callOf(c: Case): Call {
  return {
    chainId: unhex(vectors.chain_id),
    commons: c.commons,
    method: c.method,
    request: bytesOf(c.request),
    key: unhex(c.key),
    id: unhex(c.id),
    validUntil: BigInt(c.valid_until),
    fuelLimit: BigInt(c.fuel_limit),
  };
}

const block = blockOf("docs/clients/sign.md");
const onThePage = await exportsOf<{
  digest(
    chainId: Buffer,
    key: Buffer,
    id: Buffer,
    validUntil: bigint,
    fuel: bigint,
    commons: string,
    method: string,
    request: Buffer,
  ): Buffer;
  command(
    client: Client,
    genesis: Buffer,
    seed: Buffer,
    commons: string,
    method: string,
    request: Buffer,
  ): Promise<Buffer>;
}>(block);

for (const c of vectors.calls) {
  test(`${c.name}: the package and the page's code sign it as the vectors say`, async () => {
    const call = callOf(c);
    const signed = await sign(call, new Key(unhex(c.seed)));
    assert.equal(hex(digest(call)), c.digest);
    assert.equal(hex(signed.signature), c.signature);
    assert.equal(hex(transactionHash(signed)), c.transaction_hash);
    const { chainId, key, id, validUntil, fuelLimit, commons, method, request } = call as {
      [F in keyof Call]: Call[F] & Buffer;
    };
    assert.equal(hex(onThePage.digest(chainId, key, id, validUntil, fuelLimit, commons, method, request)), c.digest);
    // Base64 as gRPC has it, with or without padding.
    assert.equal(
      headersOf(signed).get("stint-signature-bin"),
      unhex(c.signature).toString("base64").replace(/=+$/, ""),
    );
  });
}

for (const { name, field, value } of vectors.refused) {
  test(`${name}: refused by the package`, () => {
    const changed = { ...vectors.calls[0]!, [field]: value } as Case;
    assert.throws(() => digest(callOf(changed)), RangeError);
  });
}

test("another key cannot sign a call", async () => {
  await assert.rejects(sign(callOf(vectors.calls[0]!), new Key(new Uint8Array(32).fill(9))), /cannot sign it/);
});

test("the page's code is short", () => {
  const code = block.split("\n").filter((line) => line && !/^\s*(\/\/|\/\*)/.test(line));
  assert.ok(code.length <= 36, `${code.length} lines`);
});

let devnet: Devnet;
before(async () => (devnet = await Devnet.start(1)));
after(() => devnet.close());

test("the page's code calls a command", async () => {
  const client = new Client(devnet.addresses[0]!, credentials.createInsecure());
  const contribution = { id: "talk-2", author: "ana", kind: "talk", quantity: "1", date: "2026-11-20" };
  const request = Buffer.from(toBinary(RecordRequestSchema, create(RecordRequestSchema, { contribution })));
  const call = () =>
    onThePage.command(
      client,
      devnet.genesis,
      devnet.stewardSeed,
      "forge",
      "/stint.contribute.v1.Contribute/Record",
      request,
    );
  // Two calls with two ids; the contract knows the second one's content.
  assert.equal(fromBinary(RecordResponseSchema, await call()).known, false);
  assert.equal(fromBinary(RecordResponseSchema, await call()).known, true);
  client.close();
});
