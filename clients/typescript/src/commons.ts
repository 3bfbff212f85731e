/**
 * A commons as a Connect transport: whatever client is put on it, its commands are signed, resent and waited for.
 *
 * ```ts
 * const forge = ledger.commons("forge");
 * await createClient(Contribute, forge).record({ contribution });      // a plain typed client
 * await forge.call(Contribute.method.record, { contribution });        // the same, with height and receipt
 * const contribute = await forge.service("stint.contribute.v1.Contribute");
 * await contribute.call("Record", { contribution });                   // nothing generated
 * ```
 */
import {
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
  create,
  toBinary,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { StreamResponse, Transport, UnaryResponse } from "@connectrpc/connect";
import type { SignedCall } from "./call.js";
import { receiptOf } from "./errors.js";
import type { Receipt } from "./gen/stint/v1/types_pb.js";
import type { Signer } from "./keys.js";
import type { Ledger } from "./ledger.js";
import { HEIGHT, heightOf } from "./nodes.js";
import { Service } from "./service.js";

/** What a method answered, and after which block. */
export interface Answer<Response> {
  readonly response: Response;
  /** The block of the command; of a query the state that was read. */
  readonly height: bigint;
  /** Of a command, without response and events; `Ledger.receipt` gives all of it. */
  readonly receipt: Receipt | undefined;
}

/** How one call is made. */
export interface Options {
  /** Of a command: its id, 16 bytes; drawn at random when left out. */
  readonly id?: Uint8Array;
  /** Of a command: for how many heights it stays valid. */
  readonly validFor?: bigint;
  /** Of a command: most fuel to burn; 0 asks for the ledger's limit. */
  readonly fuelLimit?: bigint;
  /** Of a query: on the state after this block; 0 for the newest. */
  readonly height?: bigint;
  /** How long to wait, milliseconds. */
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Whether a method changes nothing and needs no signature. */
export function isQuery(method: DescMethodUnary | DescMethodStreaming): boolean {
  return method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}

/** A commons, reached through any node of its ledger. */
export class Commons implements Transport {
  constructor(
    readonly ledger: Ledger,
    readonly name: string,
    private readonly signer: Signer | undefined,
  ) {}

  /** Asks a query, or signs a command and waits until it is final; throws Refused, Expired or Unanswered. */
  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options: Options = {},
  ): Promise<Answer<MessageShape<O>>> {
    const reply = await this.reply(method, create(method.input, input), options);
    return { response: reply.message, height: heightOf(reply), receipt: receiptOf(reply.trailer) };
  }

  /** A contract by its full service name, as a node describes it; in browsers generated code takes its place. */
  async service(name: string): Promise<Service> {
    return new Service(this, await this.ledger.descriptors.service(name));
  }

  /** What a plain client asks of a transport. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: MessageInitShape<I>,
  ): Promise<UnaryResponse<I, O>> {
    const height = BigInt(new Headers(header).get(HEIGHT) ?? 0);
    return this.reply(method, create(method.input, input), { signal, patienceMs: timeoutMs, height });
  }

  /** Streams are of the ledger, not of contracts: they go to the current node as they are. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    ...how: [AbortSignal?, number?, HeadersInit?, AsyncIterable<MessageInitShape<I>>?]
  ): Promise<StreamResponse<I, O>> {
    const [signal, timeoutMs, header, input = none()] = how;
    return this.ledger.nodes.transport.stream(method, signal, timeoutMs, header, input);
  }

  private async reply<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    message: MessageShape<I>,
    { height = 0n, ...options }: Options,
  ): Promise<UnaryResponse<I, O>> {
    if (!isQuery(method))
      return this.ledger.submitMessage(method, message, await this.sign(method, message, options), options);
    const header = new Headers({ "stint-commons": this.name });
    if (height > 0n) header.set(HEIGHT, String(height));
    return this.ledger.nodes.ask(method, message, { ...options, header, fresh: height === 0n });
  }

  private sign<I extends DescMessage>(
    method: DescMethodUnary<I>,
    message: MessageShape<I>,
    options: Options,
  ): Promise<SignedCall> {
    const path = `/${method.parent.typeName}/${method.name}`;
    if (!this.signer)
      throw new TypeError(`${path} is a command and must be signed: open the ledger or the commons with a key`);
    return this.ledger.sign(this.signer, this.name, path, toBinary(method.input, message), options);
  }
}

async function* none(): AsyncIterable<never> {}
