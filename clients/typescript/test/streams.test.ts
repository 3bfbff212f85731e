/** Streams that resume: whatever happens to the node that is read, nothing is missing and nothing comes twice. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type DescMethodServerStreaming, fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { Contribute, RecordedSchema } from "stint-client/gen/stint/contribute/v1/contribute_pb";
import { type OpenLedger, Refused, loadKey, openLedger } from "stint-client/node";
import { Devnet } from "./devnet.js";

const ROUNDS = Number(process.env["STINT_KILL_ROUNDS"] ?? 3);
/** Contributions that are recorded between two kills. */
const ROUND_CALLS = 20;
const RECORDED = { commons: "forge", type: "Recorded" };

interface Watched {
  next: unknown;
  what: { case: string; value: { event: { body: Uint8Array } } };
}

let devnet: Devnet;
let writing: OpenLedger;
let watchEvents: DescMethodServerStreaming | undefined;

before(async () => {
  devnet = await Devnet.start(4);
  writing = openLedger(devnet.addresses, { key: loadKey(devnet.stewardKey) });
  const service = await writing.descriptors.service("stint.v1.Ledger");
  watchEvents = service.methods.find((method) => method.name === "WatchEvents") as
    | DescMethodServerStreaming
    | undefined;
});
after(async () => {
  writing.close();
  await devnet.close();
});

function streams(name: string, run: (method: DescMethodServerStreaming) => Promise<void>): void {
  test(name, () => {
    assert(watchEvents, "the node offers streams");
    return run(watchEvents);
  });
}

async function record(id: string): Promise<void> {
  const contribution = { id, author: "ana", kind: "talk", quantity: "1", date: "2026-11-20" };
  await writing.commons("forge").call(Contribute.method.record, { contribution });
}

/** The contributions that events tell of, each with the cursor behind it, up to the one that is named. */
async function heard(ledger: OpenLedger, request: object, last: string): Promise<{ id: string; next: unknown }[]> {
  const told: { id: string; next: unknown }[] = [];
  for await (const message of ledger.watch(watchEvents!, { filter: RECORDED, ...request } as never)) {
    const { next, what } = message as unknown as Watched;
    if (what.case !== "event") continue;
    const id = fromBinary(RecordedSchema, what.value.event.body).contribution!.id;
    told.push({ id, next });
    if (id === last) break;
  }
  return told;
}

streams("a stream goes on behind the message that it is given", async () => {
  for (let n = 0; n < 5; n++) await record(`cursor-${n}`);
  const all = await heard(writing, { from: {} }, "cursor-4");
  assert.deepEqual(
    all.map(({ id }) => id),
    ["cursor-0", "cursor-1", "cursor-2", "cursor-3", "cursor-4"],
  );
  const rest = await heard(writing, { from: all[1]!.next }, "cursor-4");
  assert.deepEqual(
    rest.map(({ id }) => id),
    ["cursor-2", "cursor-3", "cursor-4"],
  );
});

streams("a filter that means nothing ends the stream", async (method) => {
  const stream = writing.watch(method, { filter: { type: "Recorded", fields: ["no equals sign"] } } as never);
  await assert.rejects(stream.next(), (error) => error instanceof Refused && error.code === Code.InvalidArgument);
});

streams("a silent node is left", async (method) => {
  const reading = openLedger(devnet.addresses);
  // Without a cursor it begins behind the newest block: it is open when it has told its progress.
  const stream = reading.watch(method, { filter: RECORDED } as never, 7_000);
  assert.equal(((await stream.next()).value as unknown as Watched).what.case, "progress");
  const silent = devnet.addresses.indexOf(reading.nodes.current);
  writing.nodes.leave(devnet.addresses[silent]!);
  devnet.freeze(silent);
  try {
    await record("while-silent");
    for (;;) {
      const { what } = (await stream.next()).value as unknown as Watched;
      if (what.case === "event") break;
    }
    assert.notEqual(reading.nodes.current, devnet.addresses[silent]);
  } finally {
    devnet.thaw(silent);
    await stream.return(undefined as never);
    reading.close();
  }
});

streams("nothing is missing and nothing comes twice when the nodes die", async () => {
  const reading = openLedger(devnet.addresses);
  const told = heard(reading, { from: {} }, "last");
  const recorded: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const some = Array.from({ length: ROUND_CALLS }, (_, n) => `round-${round}-${n}`);
    const calls = some.map(record);
    const readFrom = devnet.addresses.indexOf(reading.nodes.current);
    await devnet.kill(readFrom);
    await Promise.all(calls);
    recorded.push(...some);
    await devnet.restart(readFrom);
  }
  await record("last");
  const ids = (await told).map(({ id }) => id).filter((id) => id.startsWith("round-"));
  assert.equal(new Set(ids).size, ids.length, "an event came twice");
  assert.deepEqual([...ids].sort(), recorded.sort());
  reading.close();
});
