/** Stint in Node: a ledger by gRPC, and keys on disk. */
import type { ChannelCredentials } from "@grpc/grpc-js";
import { GrpcTransport } from "./grpc.js";
import { Ledger, type LedgerOptions } from "./ledger.js";
import { Nodes } from "./nodes.js";

export * from "./index.js";
export { GrpcTransport } from "./grpc.js";
export { KeyFileError, createKey, loadKey } from "./key_file.js";

/** A ledger that must be closed: its connections keep a program running. */
export type OpenLedger = Ledger & { close(): void };

/** Opens a ledger by the addresses of its nodes, host:port. */
export function openLedger(
  addresses: readonly string[],
  options: LedgerOptions & { credentials?: ChannelCredentials } = {},
): OpenLedger {
  const transports = addresses.map((address) => new GrpcTransport(address, options.credentials));
  const close = () => transports.forEach((transport) => transport.close());
  return Object.assign(new Ledger(new Nodes(addresses, transports), options), { close });
}
