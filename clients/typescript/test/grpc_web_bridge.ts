/**
 * gRPC-web for a node that speaks none: HTTP/1.1 in, gRPC out, and what browsers ask of a server on another origin.
 *
 * A node that answers gRPC-web itself needs none of this; `web.test.ts` asks it first. What stands here is also the
 * list of what such a node must do: answer HTTP/1.1, take the preflight, allow the metadata of `sign.md`, expose the
 * trailers.
 */
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, Metadata, type ServiceError, credentials } from "@grpc/grpc-js";

const SENT = [
  "content-type",
  "x-grpc-web",
  "x-user-agent",
  "grpc-timeout",
  "stint-commons",
  "stint-key-bin",
  "stint-id-bin",
];
const SENT_TOO = ["stint-valid-until", "stint-fuel", "stint-signature-bin", "stint-height"];
const TOLD = [
  "grpc-status",
  "grpc-message",
  "grpc-status-details-bin",
  "stint-rule",
  "stint-receipt-bin",
  "stint-height",
];
const FRAME_BYTES = 5;
const TRAILERS = 0x80;

export interface Bridge {
  readonly url: string;
  close(): void;
}

/** Opens a bridge to a node. */
export async function openBridge(address: string): Promise<Bridge> {
  const client = new Client(address, credentials.createInsecure());
  const server = createServer((request, response) => void pass(client, request, response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const close = () => {
    server.closeAllConnections();
    server.close();
    client.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

async function pass(client: Client, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-expose-headers", TOLD.join(","));
  if (request.method === "OPTIONS") {
    response.setHeader("access-control-allow-methods", "POST");
    response.setHeader("access-control-allow-headers", [...SENT, ...SENT_TOO].join(","));
    response.writeHead(204).end();
    return;
  }
  const body = Buffer.concat(await request.toArray());
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith("stint-"))
      metadata.set(name, name.endsWith("-bin") ? Buffer.from(String(value), "base64") : String(value));
  }
  const bytes = (given: Buffer) => given;
  response.setHeader("content-type", "application/grpc-web+proto");
  let answered: Buffer | undefined;
  const call = client.makeUnaryRequest(
    request.url!,
    bytes,
    bytes,
    body.subarray(FRAME_BYTES),
    metadata,
    (error, answer) => {
      answered = answer;
      if (error) finish(response, error.code, error.details, error);
    },
  );
  call.on("metadata", (told: Metadata) => linesOf(told).forEach(([name, value]) => response.setHeader(name, value)));
  call.on("status", (status: { code: number; metadata: Metadata }) =>
    setImmediate(() => {
      if (answered) response.write(frame(0, answered));
      if (status.code === 0) finish(response, 0, "", status);
    }),
  );
}

function finish(
  response: ServerResponse,
  code: number,
  message: string,
  { metadata }: Pick<ServiceError, "metadata">,
): void {
  const lines = [["grpc-status", String(code)], ["grpc-message", encodeURIComponent(message)], ...linesOf(metadata)];
  response.end(frame(TRAILERS, Buffer.from(lines.map(([name, value]) => `${name}: ${value}\r\n`).join(""))));
}

function linesOf(metadata: Metadata): [string, string][] {
  const told = Object.entries(metadata.getMap()).filter(([name]) => TOLD.includes(name));
  return told.map(([name, value]) => [name, typeof value === "string" ? value : value.toString("base64")]);
}

function frame(kind: number, content: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_BYTES);
  head.writeUInt8(kind);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}
