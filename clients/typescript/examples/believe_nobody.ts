// Records a contribution by generated messages, and checks by the genesis file alone that the ledger says so.
//
// usage: node believe_nobody.js GENESIS_FILE KEY_FILE ADDRESS…
import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { Contribute, RecordedSchema } from "stint-client/gen/stint/contribute/v1/contribute_pb";
import { loadKey, openLedger } from "stint-client/node";

const [genesisFile, keyFile, ...addresses] = process.argv.slice(2);
const care = { id: "care-1", author: "bo@example.org", kind: "care", quantity: "2", date: "2026-11-21" };

const ledger = openLedger(addresses, { key: loadKey(keyFile!), genesis: readFileSync(genesisFile!) });
try {
  const { receipt, height } = await ledger.commons("forge").call(Contribute.method.record, { contribution: care });
  // What the node answered, against what the validators signed.
  const proved = await ledger.proveReceipt(receipt!.key, receipt!.id);
  if (Buffer.compare(proved.writesHash, receipt!.writesHash) !== 0) throw new Error("the node told another receipt");
  const event = await ledger.proveEvent(receipt!.key, receipt!.id, 0);
  const { contribution } = fromBinary(RecordedSchema, event.body);
  console.log(`proved in block ${height}: ${contribution?.author} ${contribution?.quantity} ${contribution?.kind}`);
  const keys = ["k/commons/forge", "k/commons/none"];
  const values = await ledger.proveState(keys.map((key) => Buffer.from(key)));
  keys.forEach((key, i) => console.log(`${key}: ${values[i] ? "there" : "proved not to be there"}`));
} finally {
  ledger.close();
}
