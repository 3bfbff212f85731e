// In a browser: asks a query by gRPC-web, signs a command, and checks by the genesis file that the ledger says so.
import { createClient } from "@connectrpc/connect";
import { Contribute } from "stint-client/gen/stint/contribute/v1/contribute_pb";
import { Key, Refused, webLedger } from "stint-client/web";

export interface Setting {
  urls: string[];
  genesis: string;
  // Of a key for this page alone; WebCrypto can hold one that no script reads (`Signer`).
  seed: number[];
}

export async function recordInTheBrowser({ urls, genesis, seed }: Setting) {
  const key = new Key(Uint8Array.from(seed));
  const ledger = webLedger(urls, { key, genesis: new TextEncoder().encode(genesis) });
  const forge = ledger.commons("forge");
  const contribution = { id: "web-1", author: "cy@example.org", kind: "talk", quantity: "1", date: "2026-11-22" };
  const { height, receipt } = await forge.call(Contribute.method.record, { contribution });
  const proved = await ledger.proveReceipt(receipt!.key, receipt!.id);
  const again = { contribution: { ...contribution, quantity: "2" } };
  const refusal = await createClient(Contribute, forge)
    .record(again)
    .catch((error: unknown) => error);
  const shares = await createClient(Contribute, forge).getShares({});
  return {
    proved: proved.height === height,
    rule: refusal instanceof Refused ? refusal.rule : "",
    authors: shares.shares.map((share) => share.author),
  };
}
