/** Stint in browsers: a ledger by gRPC-web. */
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { Ledger, type LedgerOptions } from "./ledger.js";
import { Nodes } from "./nodes.js";

export * from "./index.js";

/** Opens a ledger by the base URLs of its nodes, for example http://127.0.0.1:36981. */
export function webLedger(urls: readonly string[], options: LedgerOptions = {}): Ledger {
  const transports = urls.map((baseUrl) => createGrpcWebTransport({ baseUrl }));
  return new Ledger(new Nodes(urls, transports), options);
}
