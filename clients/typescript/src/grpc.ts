/** gRPC by `@grpc/grpc-js` as a Connect transport, for Node. */
import {
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
  create,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import {
  ConnectError,
  type StreamResponse,
  type Transport,
  type UnaryResponse,
  decodeBinaryHeader,
  encodeBinaryHeader,
} from "@connectrpc/connect";
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  Metadata,
  type ServiceError,
  credentials,
} from "@grpc/grpc-js";

/** A page of state, or a simulation with all that it read and wrote, bytes. */
const LARGEST_ANSWER = 80 << 20;

const OPTIONS = {
  "grpc.max_receive_message_length": LARGEST_ANSWER,
  // A node that comes back is noticed soon.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  // A connection that leads nowhere is noticed without traffic.
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  // Proxies of the environment are for other traffic.
  "grpc.enable_http_proxy": 0,
};

/** A connection to one node, at host:port. */
export class GrpcTransport implements Transport {
  private readonly client: Client;

  constructor(address: string, secured: ChannelCredentials = credentials.createInsecure()) {
    this.client = new Client(address, secured, OPTIONS);
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: MessageInitShape<I>,
  ): Promise<UnaryResponse<I, O>> {
    return new Promise((resolve, reject) => {
      let [told, trailer] = [new Headers(), new Headers()];
      let message: MessageShape<O>;
      const call = this.client.makeUnaryRequest(
        pathOf(method),
        (request: MessageShape<I>) => Buffer.from(toBinary(method.input, request)),
        (bytes) => fromBinary(method.output, bytes),
        create(method.input, input),
        metadataOf(header),
        deadlineIn(timeoutMs),
        (error, response) => (error ? reject(errorOf(error)) : (message = response!)),
      );
      call.on("metadata", (metadata: Metadata) => (told = headersOf(metadata)));
      call.on("status", (status: { code: number; metadata: Metadata }) => {
        trailer = headersOf(status.metadata);
        // The response's callback may come before or after; both come in one turn of the loop.
        if (status.code === 0) {
          setImmediate(() =>
            resolve({ stream: false, service: method.parent, method, header: told, trailer, message }),
          );
        }
      });
      signal?.addEventListener("abort", () => call.cancel(), { once: true });
    });
  }

  async stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: AsyncIterable<MessageInitShape<I>>,
  ): Promise<StreamResponse<I, O>> {
    // On the wire all kinds of streams are alike.
    const call = this.client.makeBidiStreamRequest<MessageShape<I>, MessageShape<O>>(
      pathOf(method),
      (request) => Buffer.from(toBinary(method.input, request)),
      (bytes) => fromBinary(method.output, bytes),
      metadataOf(header),
      deadlineIn(timeoutMs),
    );
    signal?.addEventListener("abort", () => call.cancel(), { once: true });
    const [told, trailer] = [new Headers(), new Headers()];
    call.on("metadata", (metadata: Metadata) => headersOf(metadata).forEach((value, name) => told.append(name, value)));
    call.on("status", (status: { metadata: Metadata }) =>
      headersOf(status.metadata).forEach((value, name) => trailer.append(name, value)),
    );
    // Whoever reads the answers hears of what goes wrong.
    send(call, method.input, input).catch((error: Error) => call.destroy(error));
    return { stream: true, service: method.parent, method, header: told, trailer, message: received(call) };
  }

  /** Ends the connection. */
  close(): void {
    this.client.close();
  }
}

/** Writes the requests no faster than the node takes them. */
async function send<I extends DescMessage, O>(
  call: ClientDuplexStream<MessageShape<I>, O>,
  schema: I,
  input: AsyncIterable<MessageInitShape<I>>,
): Promise<void> {
  for await (const message of input) {
    if (!call.write(create(schema, message))) await new Promise((drained) => call.once("drain", drained));
  }
  call.end();
}

/** The answers as they come; a reader that stops reading stops the node. */
async function* received<I, O>(call: ClientDuplexStream<I, O>): AsyncIterable<O> {
  try {
    for await (const message of call) yield message as O;
  } catch (error) {
    throw errorOf(error as ServiceError);
  } finally {
    call.cancel();
  }
}

function pathOf(method: DescMethodUnary | DescMethodStreaming): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function deadlineIn(timeoutMs: number | undefined): { deadline?: number } {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function metadataOf(header: HeadersInit | undefined): Metadata {
  const metadata = new Metadata();
  new Headers(header).forEach((value, name) => {
    metadata.set(name, name.endsWith("-bin") ? Buffer.from(decodeBinaryHeader(value)) : value);
  });
  return metadata;
}

function headersOf(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const name of Object.keys(metadata.getMap())) {
    // Names of HTTP/2's own begin with a colon.
    if (name.startsWith(":")) continue;
    for (const value of metadata.get(name))
      headers.append(name, typeof value === "string" ? value : encodeBinaryHeader(value));
  }
  return headers;
}

function errorOf(error: ServiceError): ConnectError {
  if (error.metadata === undefined) return ConnectError.from(error);
  // Both number the codes as gRPC does.
  return new ConnectError(error.details, error.code as number, headersOf(error.metadata), undefined, error);
}
