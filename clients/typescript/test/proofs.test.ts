/** The verifier against the vectors that all verifiers share. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Committee, Invalid, type Proven, type ReceiptFact, type Trust, verify } from "stint-client/proofs";
import { CHECKOUT } from "./devnet.js";

interface Case {
  name: string;
  proof: string;
  proves?: object;
  invalid?: string;
}
const vectors = JSON.parse(readFileSync(join(CHECKOUT, "verifier/vectors/proofs.json"), "utf8")) as {
  chain_id: string;
  epoch: number;
  committee: string[];
  proofs: Case[];
};
const unhex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const trust: Trust = {
  chainId: unhex(vectors.chain_id),
  epoch: BigInt(vectors.epoch),
  committee: new Committee(vectors.committee.map(unhex)),
};

/** What a proof proves, as the vectors write it. */
function told({ header, fact }: Proven): object {
  const head = { height: Number(header.height), time_ms: Number(header.timeMs), hash: hex(header.hash) };
  const receipt = (r: ReceiptFact) => ({
    of: Number(r.height),
    index: r.index,
    events: r.events,
    receipt: hex(r.receipt),
  });
  switch (fact.kind) {
    case "block":
      return { ...head, fact: "block", transactions: fact.transactions.map(hex) };
    case "state": {
      const keys = fact.shown
        .leaves()
        .map(({ key, value }) => ({ key: hex(key), ...(value ? { value: hex(value) } : { hidden: true }) }));
      const hidden = fact.shown.hidden().map(({ from, to }) => ({ from: hex(from), ...(to && { to: hex(to) }) }));
      return { ...head, fact: "state", after: Number(fact.height), keys, hidden };
    }
    case "receipt":
      return { ...head, fact: "receipt", ...receipt(fact) };
    case "event":
      return { ...head, fact: "event", ...receipt(fact.receipt), event_index: fact.index, event: hex(fact.event) };
    case "receipts": {
      const receipts = fact.receipts.map((r) => ({ receipt: hex(r.receipt), events: r.events.map(hex) }));
      return { ...head, fact: "receipts", of: Number(fact.height), receipts };
    }
  }
}

for (const { name, proof, proves, invalid } of vectors.proofs) {
  test(name, () => {
    if (proves) assert.deepEqual(told(verify(trust, unhex(proof))), proves);
    else
      assert.throws(
        () => verify(trust, unhex(proof)),
        (error) => error instanceof Invalid && error.message === invalid,
      );
  });
}

test("the vectors hold every kind of fact, and forgeries", () => {
  const facts = new Set(vectors.proofs.flatMap((c) => (c.proves ? [(c.proves as { fact: string }).fact] : [])));
  assert.deepEqual([...facts].sort(), ["block", "event", "receipt", "receipts", "state"]);
  assert.ok(vectors.proofs.filter((c) => c.invalid).length >= 15);
});

for (const { name, proof } of vectors.proofs.filter((c) => c.proves)) {
  test(`${name}: with a byte changed, cut off or added it proves nothing`, () => {
    const whole = unhex(proof);
    for (let at = 0; at < whole.length; at += Math.max(1, Math.floor(whole.length / 40))) {
      const changed = whole.slice();
      changed[at]! ^= 1;
      assert.throws(() => verify(trust, changed), Invalid);
      assert.throws(() => verify(trust, whole.slice(0, at)), Invalid);
    }
    assert.throws(() => verify(trust, Uint8Array.from([...whole, 0])), Invalid);
  });
}
