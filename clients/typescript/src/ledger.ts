/** A ledger, as a program that uses it sees it. */
import {
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
  create,
  fromBinary,
} from "@bufbuild/protobuf";
import { Code, type UnaryResponse } from "@connectrpc/connect";
import { equal, hex } from "./bytes.js";
import { type SignedCall, VALID_FOR, headersOf, newId, sign } from "./call.js";
import { type Answer, Commons, type Options } from "./commons.js";
import { Descriptors } from "./descriptors.js";
import { Expired, Refused, Strange, Unanswered, receiptOf } from "./errors.js";
import { type GetStatusResponse, Ledger as LedgerService, type ProveRequestSchema } from "./gen/stint/v1/ledger_pb.js";
import { type Event, EventSchema, type Receipt, ReceiptSchema } from "./gen/stint/v1/types_pb.js";
import type { Signer } from "./keys.js";
import { type Nodes, heightOf } from "./nodes.js";
import { watch } from "./streams.js";
import { type Proven, type ReceiptFact, type Trust, trustOfGenesis, verify } from "./proofs/index.js";

/** How old the height may be from which a call's last height is counted, milliseconds. */
const HEIGHT_AGE_MS = 5_000;

/** What a ledger is opened with. */
export interface LedgerOptions {
  /** Signs commands. */
  readonly key?: Signer | undefined;
  /**
   * The genesis file's bytes: by them the ledger's name and its validators are known. Without, the first node is
   * believed which ledger this is, and nothing can be proved.
   */
  readonly genesis?: Uint8Array | undefined;
}

/** A ledger behind one or more of its nodes. `openLedger` of ./node and `webLedger` of ./web make one. */
export class Ledger {
  readonly descriptors: Descriptors;
  private readonly key: Signer | undefined;
  private readonly trust: Trust | undefined;
  private knownChainId: Uint8Array | undefined;
  private heightAskedMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly nodes: Nodes,
    options: LedgerOptions,
  ) {
    this.descriptors = new Descriptors(nodes);
    this.key = options.key;
    this.trust = options.genesis && trustOfGenesis(options.genesis);
    this.knownChainId = this.trust?.chainId;
  }

  /** One commons: a transport for typed clients. `key` signs instead of the ledger's. */
  commons(name: string, key: Signer | undefined = this.key): Commons {
    return new Commons(this, name, key);
  }

  /** The ledger's name: SHA-256 of its genesis file. */
  async chainId(): Promise<Uint8Array> {
    this.knownChainId ??= (await this.status()).chainId;
    return this.knownChainId;
  }

  /** Where a node stands. */
  async status(): Promise<GetStatusResponse> {
    const status = await this.ask(LedgerService.method.getStatus, {});
    if (this.knownChainId && !equal(status.chainId, this.knownChainId)) {
      throw new Strange(`a node of the ledger ${hex(status.chainId)} answers; meant is ${hex(this.knownChainId)}`);
    }
    this.nodes.saw(status.height);
    return status;
  }

  /** A query of `stint.v1.Ledger`. */
  async ask<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    return (await this.nodes.ask(method, create(method.input, input))).message;
  }

  /** Signs a command, valid for so many heights from now on. Nothing is sent. */
  async sign(
    signer: Signer,
    commons: string,
    method: string,
    request: Uint8Array,
    options: Options = {},
  ): Promise<SignedCall> {
    const { id = newId(), validFor = VALID_FOR, fuelLimit = 0n } = options;
    const validUntil = (await this.recentHeight()) + validFor;
    const chainId = await this.chainId();
    return sign({ chainId, commons, method, request, key: signer.public, id, validUntil, fuelLimit }, signer);
  }

  /**
   * What became of a call that was handed in before; brings it to the ledger if it never arrived. The same call again
   * leads to the first receipt.
   */
  async resume<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signed: SignedCall,
    options: Options = {},
  ): Promise<Answer<MessageShape<O>>> {
    const message = fromBinary(method.input, signed.call.request);
    const reply = await this.submitMessage(method, message, signed, options);
    return { response: reply.message, height: heightOf(reply), receipt: receiptOf(reply.trailer) };
  }

  /** Hands a signed call in until it is final; throws Refused, Expired, or Unanswered, which holds the call. */
  async submitMessage<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    message: MessageShape<I>,
    signed: SignedCall,
    { patienceMs, signal }: Options,
  ): Promise<UnaryResponse<I, O>> {
    try {
      return await this.nodes.ask(method, message, { header: headersOf(signed), patienceMs, signal });
    } catch (error) {
      if (error instanceof Refused && error.isExpiry) throw new Expired(signed.call.validUntil);
      if (error instanceof Unanswered) error.call = signed;
      throw error;
    }
  }

  /** The receipt of a call by its key and id, with response and events; undefined while it is not final. */
  async receipt(key: Uint8Array, id: Uint8Array): Promise<Receipt | undefined> {
    try {
      return (await this.ask(LedgerService.method.getReceipt, { key, id })).receipt;
    } catch (error) {
      if (error instanceof Refused && error.code === Code.NotFound) return undefined;
      throw error;
    }
  }

  /**
   * Any fact, checked against the genesis file's validators; throws Invalid. The typed ones below also check that it is
   * the fact that was asked.
   */
  async prove(request: MessageInitShape<typeof ProveRequestSchema>): Promise<Proven> {
    if (!this.trust) throw new TypeError("proofs need whom to believe: open the ledger with the genesis file's bytes");
    return verify(this.trust, (await this.ask(LedgerService.method.prove, request)).proof);
  }

  /** The receipt of a call, without its events, proved. */
  async proveReceipt(key: Uint8Array, id: Uint8Array): Promise<Receipt> {
    const { fact } = await this.prove({ fact: { case: "receipt", value: { key, id } } });
    return receiptAsked(fact.kind === "receipt" ? fact : undefined, key, id);
  }

  /** One event of a call, by its place from 0, proved. */
  async proveEvent(key: Uint8Array, id: Uint8Array, index: number): Promise<Event> {
    const { fact } = await this.prove({ fact: { case: "event", value: { call: { key, id }, index } } });
    const event = fact.kind === "event" && fact.index === index ? fact : undefined;
    receiptAsked(event?.receipt, key, id);
    return fromBinary(EventSchema, event!.event);
  }

  /**
   * The values of keys of the whole state in their order, proved; undefined where it is proved that the key is not
   * there.
   */
  async proveState(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const { fact } = await this.prove({ fact: { case: "state", value: { keys } } });
    if (fact.kind !== "state") throw otherFact();
    return keys.map((key) => fact.shown.get(key));
  }

  /**
   * What happens on the ledger, in order, for ever: `watchEvents`, `watchReceipts` or `watchBlocks`, resumed on any
   * node (`streams.ts`). Keep the `next` of a message to go on behind it later: it is the `from` of the next request.
   */
  watch<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    silenceMs?: number,
  ): AsyncGenerator<MessageShape<O>, never> {
    return watch(this.nodes, method, request, silenceMs);
  }

  private async recentHeight(): Promise<bigint> {
    if (performance.now() - this.heightAskedMs > HEIGHT_AGE_MS) {
      await this.status();
      this.heightAskedMs = performance.now();
    }
    return this.nodes.newestHeight;
  }
}

/** The proved receipt, if it is of the call that was asked. */
function receiptAsked(fact: ReceiptFact | undefined, key: Uint8Array, id: Uint8Array): Receipt {
  const receipt = fact && fromBinary(ReceiptSchema, fact.receipt);
  if (!receipt || !equal(receipt.key, key) || !equal(receipt.id, id)) {
    throw otherFact();
  }
  return receipt;
}

function otherFact(): Strange {
  return new Strange("the node proved another fact than the one that was asked; ask another node");
}
