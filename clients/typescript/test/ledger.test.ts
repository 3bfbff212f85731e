/** Calls, queries, refusals, receipts and proofs through the package; the examples; clients that are not ours. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import { Metadata, credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { Contribute, RecordRequestSchema } from "stint-client/gen/stint/contribute/v1/contribute_pb";
import { Kernel } from "stint-client/gen/stint/v1/kernel_pb";
import { Ledger as LedgerService } from "stint-client/gen/stint/v1/ledger_pb";
import {
  type Commons,
  Expired,
  Key,
  type OpenLedger,
  Refused,
  Strange,
  Unanswered,
  loadKey,
  newId,
  openLedger,
  proofs,
} from "stint-client/node";
import { CHECKOUT, Devnet } from "./devnet.js";
import { blockOf, exportsOf } from "./page.js";

const contribution = (id: string, quantity = "1") => ({
  id,
  author: "ana",
  kind: "talk",
  quantity,
  date: "2026-11-20",
});
const utf8 = (text: string) => new TextEncoder().encode(text);

let devnet: Devnet;
let ledger: OpenLedger;
let forge: Commons;
let key: Key;

before(async () => {
  devnet = await Devnet.start(4);
  key = loadKey(devnet.stewardKey);
  ledger = openLedger(devnet.addresses, { key, genesis: devnet.genesis });
  forge = ledger.commons("forge");
});
after(async () => {
  ledger.close();
  await devnet.close();
});

/** A ledger at other addresses, closed after use. */
async function at<T>(
  addresses: string[],
  signer: Key | undefined,
  use: (other: OpenLedger) => Promise<T>,
  genesis?: Uint8Array,
): Promise<T> {
  const other = openLedger(addresses, { key: signer, genesis });
  try {
    return await use(other);
  } finally {
    other.close();
  }
}

describe("commands", () => {
  test("answer when final, with their receipt", async () => {
    const id = newId();
    const { response, height, receipt } = await forge.call(
      Contribute.method.record,
      { contribution: contribution("final") },
      { id },
    );
    assert.equal(response.known, false);
    assert.deepEqual([receipt?.id, receipt?.height], [id, height]);
    const whole = await ledger.receipt(key.public, id);
    assert.deepEqual(
      whole?.events.map((event) => event.type),
      ["stint.contribute.v1.Recorded"],
    );
    assert.equal(await ledger.receipt(key.public, newId()), undefined);
  });

  test("with the same id and other content are refused", async () => {
    const id = newId();
    await forge.call(Contribute.method.record, { contribution: contribution("once") }, { id });
    const again = forge.call(Contribute.method.record, { contribution: contribution("once", "2") }, { id });
    await assert.rejects(
      again,
      (error) => error instanceof Refused && error.rule === "id" && error.receipt === undefined,
    );
  });

  test("that were sent before are resumed at any node, with the first receipt", async () => {
    const request = toBinary(
      RecordRequestSchema,
      create(RecordRequestSchema, { contribution: contribution("resumed") }),
    );
    const signed = await ledger.sign(key, "forge", "/stint.contribute.v1.Contribute/Record", request);
    const first = await ledger.resume(Contribute.method.record, signed);
    for (const address of devnet.addresses) {
      const again = await at([address], undefined, (other) => other.resume(Contribute.method.record, signed));
      assert.deepEqual(again, first);
    }
  });

  test("go past an address where nobody answers", async () => {
    await at(["127.0.0.1:1", ...devnet.addresses], key, async (other) => {
      const answer = await other
        .commons("forge")
        .call(Contribute.method.record, { contribution: contribution("passed-over") });
      assert.equal(answer.response.known, false);
      assert.notEqual(other.nodes.current, "127.0.0.1:1");
    });
  });

  test("are kept for later when no node answers", async () => {
    const request = toBinary(RecordRequestSchema, create(RecordRequestSchema, { contribution: contribution("later") }));
    const signed = await ledger.sign(key, "forge", "/stint.contribute.v1.Contribute/Record", request);
    const lost = await at(["127.0.0.1:1"], undefined, (nowhere) =>
      nowhere.resume(Contribute.method.record, signed, { patienceMs: 200 }).catch((error: unknown) => error),
    );
    assert.ok(
      lost instanceof Unanswered && lost.code === Code.Unavailable && /within 0.2 s/.test(lost.message),
      String(lost),
    );
    assert.equal((await ledger.resume(Contribute.method.record, lost.call!)).response.known, false);
  });

  test("that were too late say at which height", async () => {
    await forge.call(Contribute.method.record, { contribution: contribution("height") });
    const late = forge.call(Contribute.method.record, { contribution: contribution("too-late") }, { validFor: -1n });
    const expired = await late.catch((error: unknown) => error);
    assert.ok(expired instanceof Expired && expired.height < (await ledger.status()).height, String(expired));
    assert.match(expired.message, new RegExp(`expired at height ${expired.height}`));
  });

  test("that are refused say the rule, and that it is final", async () => {
    const bad = forge.call(Contribute.method.record, { contribution: contribution("bad", "0") });
    await assert.rejects(bad, (error) => {
      assert.ok(error instanceof Refused && error.code === Code.InvalidArgument && error.receipt);
      assert.equal(error.receipt.refusal?.rule, error.rule);
      assert.equal(error.receipt.refusal?.message, error.reason);
      return true;
    });
  });

  test("that are refused carry their numbers for programs", async () => {
    const module = readFileSync(join(CHECKOUT, "contracts/dist/value.wasm"));
    const { response } = await forge.call(Kernel.method.publish, { module });
    const early = forge.call(Kernel.method.deploy, { codeHash: response.codeHash });
    await assert.rejects(
      early,
      (e) => e instanceof Refused && e.rule === "not-ready" && Number(e.facts["wait_ms"]) > 0,
    );
  });

  test("of a stranger are refused by every node", async () => {
    const stranger = new Key(crypto.getRandomValues(new Uint8Array(32)));
    const refused = at(devnet.addresses, stranger, (other) =>
      other.commons("forge").call(Contribute.method.record, { contribution: contribution("stranger") }),
    );
    await assert.rejects(
      refused,
      (e) => e instanceof Refused && e.rule === "unknown-key" && /a steward admits/.test(e.message),
    );
  });

  test("without a key say what is missing", async () => {
    await at(devnet.addresses, undefined, async (other) => {
      const unsigned = other
        .commons("forge")
        .call(Contribute.method.record, { contribution: contribution("unsigned") });
      await assert.rejects(unsigned, /must be signed: open the ledger or the commons with a key/);
    });
  });

  test("a hundred at once are all final", async () => {
    const all = Array.from({ length: 100 }, (_, n) =>
      forge.call(Contribute.method.record, { contribution: contribution(`many-${n}`) }),
    );
    assert.ok((await Promise.all(all)).every((answer) => !answer.response.known));
  });
});

describe("queries", () => {
  test("by a plain typed client", async () => {
    const client = createClient(Contribute, forge);
    assert.equal((await client.record({ contribution: contribution("typed") })).known, false);
    assert.ok((await client.getShares({})).contributions > 0n);
  });

  test("may ask for an older state", async () => {
    const { height } = await forge.call(Contribute.method.record, { contribution: contribution("older") });
    const before = await forge.call(Contribute.method.getShares, {}, { height: height - 1n });
    const now = await forge.call(Contribute.method.getShares, {});
    assert.deepEqual([before.height, now.response.contributions], [height - 1n, before.response.contributions + 1n]);
    const never = forge.call(Contribute.method.getShares, {}, { height: 10n ** 9n });
    await assert.rejects(never, (error) => error instanceof Refused && error.rule === "height");
  });

  test("by reflection, with plain JSON", async () => {
    assert.ok((await ledger.descriptors.names()).includes("stint.contribute.v1.Contribute"));
    const contribute = await forge.service("stint.contribute.v1.Contribute");
    const { receipt } = await contribute.call("Record", { contribution: contribution("json") });
    assert.ok(receipt);
    const { response } = await contribute.call("GetShares", { pageSize: 1 });
    assert.equal((response["shares"] as unknown[]).length, 1);
    await assert.rejects(contribute.call("Recrod"), /has no method Recrod; it has Record, /);
    await assert.rejects(forge.service("a.b.C"), /no service a.b.C is deployed here/);
  });

  test("that stream are read to their end", async () => {
    const client = createClient(LedgerService, ledger.nodes.transport);
    const heights: bigint[] = [];
    for await (const block of client.getHistory({ from: 1n, to: 20n })) heights.push(block.height);
    assert.deepEqual(
      heights,
      Array.from({ length: 20 }, (_, i) => BigInt(i + 1)),
    );
  });
});

describe("proofs", () => {
  test("by the genesis file alone", async () => {
    const { receipt, height } = await forge.call(Contribute.method.record, { contribution: contribution("proved") });
    assert.deepEqual(await ledger.proveReceipt(key.public, receipt!.id), receipt);
    assert.equal((await ledger.proveEvent(key.public, receipt!.id, 0)).type, "stint.contribute.v1.Recorded");
    const [there, absent] = await ledger.proveState([utf8("k/commons/forge"), utf8("k/commons/none")]);
    assert.ok(there && absent === undefined);
    const { fact } = await ledger.prove({ fact: { case: "receipts", value: height } });
    assert.ok(fact.kind === "receipts" && fact.height === height);
  });

  test("of a range, complete; what is hidden is not taken for absent", async () => {
    const [from, to] = [utf8("k/member/forge/"), utf8("k/member/forge0")];
    const { fact } = await ledger.prove({ fact: { case: "state", value: { ranges: [{ from, to }] } } });
    assert.ok(fact.kind === "state");
    assert.deepEqual(
      fact.shown.range(from, to).map(({ key: k }) => new TextDecoder().decode(k)),
      ["k/member/forge/steward"],
    );
    assert.throws(() => fact.shown.range(utf8(""), utf8("\u{10ffff}")), proofs.NotShown);
  });

  test("prove nothing to whoever trusts other validators", async () => {
    const other = Buffer.from(String(devnet.genesis).replace('"devnet"', '"other"'));
    await at(
      devnet.addresses,
      undefined,
      async (stranger) => {
        await assert.rejects(
          stranger.proveState([utf8("k/commons/forge")]),
          (e) => e instanceof proofs.Invalid && e.why === proofs.Why.otherLedger,
        );
        await assert.rejects(stranger.status(), Strange);
      },
      other,
    );
  });
});

describe("examples", () => {
  const run = (name: string, ...args: string[]) => {
    const source = readFileSync(join(CHECKOUT, "clients/typescript/examples", `${name}.ts`), "utf8");
    assert.ok(source.split("\n").length <= 36, "an example is short");
    return String(execFileSync(process.execPath, [join(import.meta.dirname, "../examples", `${name}.js`), ...args]));
  };

  test("record and read shares", () => {
    const said = run("record_and_read_shares", devnet.stewardKey, ...devnet.addresses);
    assert.match(said, /final in block \d+, new\nrefused by id: talk-1 was recorded with other content/);
    assert.match(said, /ana@example.org {2}1.5 {2}/);
  });

  test("the one on the index page", async () => {
    type Shares = (addresses: string[], keyFile: string) => Promise<{ author: string }[]>;
    const { shares } = await exportsOf<{ shares: Shares }>(blockOf("docs/clients/README.md"));
    const authors = (await shares(devnet.addresses, devnet.stewardKey)).map((share) => share.author);
    assert.ok(authors.includes("ana"), String(authors));
  });

  test("believe nobody", () => {
    const said = run("believe_nobody", join(devnet.folder, "genesis.json"), devnet.stewardKey, ...devnet.addresses);
    assert.match(
      said,
      /proved in block \d+: bo@example.org 2 care\nk\/commons\/forge: there\nk\/commons\/none: proved not to be there/,
    );
  });
});

/** `@grpc/grpc-js` and `@grpc/proto-loader` alone. */
describe("a client that is not ours", () => {
  type Told = { code?: number; details?: string; metadata?: Metadata; answer?: { contributors: number } };

  function ask(method: string, commons: string): Promise<Told> {
    const loaded = loadSync("stint/contribute/v1/contribute.proto", {
      includeDirs: [join(CHECKOUT, "contracts/contribute/proto")],
    });
    // The loader's types end here.
    const { Contribute: Stub } = (loadPackageDefinition(loaded) as any).stint.contribute.v1;
    const client = new Stub(devnet.addresses[2], credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set("stint-commons", commons);
    return new Promise((done) => {
      client[method]({}, metadata, (error: Told | null, answer: Told["answer"]) => {
        client.close();
        done(error ?? { ...(answer && { answer }) });
      });
    });
  }

  test("asks a query", async () => {
    assert.ok((await ask("GetShares", "forge")).answer!.contributors > 0);
  });

  test("is told the rule of a refusal, and what makes a command one", async () => {
    const unsigned = await ask("Record", "forge");
    assert.deepEqual([unsigned.code, unsigned.metadata?.get("stint-rule")], [Code.Unauthenticated, ["unsigned"]]);
    assert.match(unsigned.details!, /stint-signature-bin/);
    assert.equal((await ask("GetShares", "nowhere")).code, Code.NotFound);
  });
});
