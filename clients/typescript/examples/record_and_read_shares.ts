// Records a contribution and reads the shares that follow. Nothing is generated: the node describes the contract.
//
// usage: node record_and_read_shares.js KEY_FILE ADDRESS…
import { Refused, loadKey, openLedger } from "stint-client/node";

const [keyFile, ...addresses] = process.argv.slice(2);
const talk = { id: "talk-1", author: "ana@example.org", kind: "talk", quantity: "1.5", date: "2026-11-20" };

const ledger = openLedger(addresses, { key: loadKey(keyFile!) });
try {
  const contribute = await ledger.commons("forge").service("stint.contribute.v1.Contribute");
  const { height, response } = await contribute.call("Record", { contribution: talk });
  console.log(`final in block ${height}, ${response["known"] ? "known before" : "new"}`);
  try {
    await contribute.call("Record", { contribution: { ...talk, quantity: "15" } });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    console.log(`refused by ${error.rule}: ${error.reason}`);
  }
  const { response: told } = await contribute.call("GetShares");
  for (const share of told["shares"] as { author: string; points: string; basisPoints: number }[]) {
    console.log(`${share.author}  ${share.points}  ${(share.basisPoints / 100).toFixed(2)} %`);
  }
} finally {
  ledger.close();
}
