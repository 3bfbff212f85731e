/**
 * The nodes of a ledger: one is asked, and when it does not answer, the next.
 *
 * 1. What is asked may be asked twice: a query changes nothing, and a signed call is executed at most once.
 * 2. An answer is never older than one that was given before: a node that lags is passed over.
 * 3. A node that is reached but silent is left after `ATTEMPT_MS`; the question goes to another one.
 */
import type { DescMessage, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import type { Transport, UnaryResponse } from "@connectrpc/connect";
import { Refused, Unanswered } from "./errors.js";

/** How long a caller waits unless it says otherwise, milliseconds. */
export const PATIENCE_MS = 60_000;
/**
 * How long one node may be silent, milliseconds: a busy ledger is final within a second, a change of leader takes a
 * few.
 */
const ATTEMPT_MS = 15_000;
/** Between two attempts, milliseconds: so many at first, twice as many each time, but no more than the second. */
export const FIRST_PAUSE_MS = 20;
export const LONGEST_PAUSE_MS = 1_000;

export const HEIGHT = "stint-height";

/** How a question is asked. */
export interface Asking {
  readonly header?: Headers;
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** An answer from a state older than one already seen counts as none. */
  readonly fresh?: boolean;
}

/** Of a command its block; of a query the state that was read; 0 where neither is told. */
export function heightOf(reply: { header: Headers; trailer: Headers }): bigint {
  return BigInt(reply.trailer.get(HEIGHT) ?? reply.header.get(HEIGHT) ?? 0);
}

/** Waits so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Connections to all nodes that are known. */
export class Nodes {
  private index = 0;
  private newest = 0n;

  constructor(
    readonly addresses: readonly string[],
    private readonly transports: readonly Transport[],
  ) {
    if (transports.length === 0) throw new RangeError("no address was given; name at least one node");
  }

  /** The newest height of which any answer told. */
  get newestHeight(): bigint {
    return this.newest;
  }

  /** The address of the node that is asked now. */
  get current(): string {
    return this.addresses[this.index]!;
  }

  /** The connection to it. */
  get transport(): Transport {
    return this.transports[this.index]!;
  }

  /** Asks the next node from now on, unless another call has moved on already. */
  leave(address: string): void {
    if (this.current === address) this.index = (this.index + 1) % this.transports.length;
  }

  /** Remembers that a height is final. */
  saw(height: bigint): void {
    if (height > this.newest) this.newest = height;
  }

  /** Asks one node after the other until one answers; throws Refused, or Unanswered when the patience is over. */
  async ask<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageShape<I>,
    { header, patienceMs, signal, fresh = false }: Asking = {},
  ): Promise<UnaryResponse<I, O>> {
    return this.tryEach(
      async (transport, timeoutMs) => {
        const reply = await transport.unary(method, signal, timeoutMs, header, input as never);
        if (fresh && heightOf(reply) < this.newest) return undefined;
        this.saw(heightOf(reply));
        return reply;
      },
      patienceMs,
      signal,
    );
  }

  /** Does something with one node after the other until it has an answer; undefined stands for one that lags. */
  async tryEach<T>(
    once: (transport: Transport, timeoutMs: number) => Promise<T | undefined>,
    patienceMs: number = PATIENCE_MS,
    signal?: AbortSignal,
  ): Promise<T> {
    const end = performance.now() + patienceMs;
    let [pauseMs, doubts, last]: [number, number, Refused | undefined] = [FIRST_PAUSE_MS, 0, undefined];
    for (let leftMs = patienceMs; leftMs > 0; leftMs = end - performance.now()) {
      const tried = this.index;
      try {
        const told = await once(this.transports[tried]!, Math.ceil(Math.min(leftMs, ATTEMPT_MS)));
        if (told !== undefined) return told;
      } catch (error) {
        // What the caller gave up is not tried elsewhere.
        signal?.throwIfAborted();
        last = Refused.of(error);
        if (last.isOfOneNode) doubts++;
        // What every node says is so.
        const isOpen = last.isTransient || (last.isOfOneNode && doubts < this.transports.length);
        if (!isOpen) throw last;
      }
      this.leave(this.addresses[tried]!);
      await pause(Math.min(pauseMs, Math.max(0, end - performance.now())));
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
    throw new Unanswered(patienceMs, last);
  }
}
