/**
 * Streams of the ledger that go on whatever happens to the node they are read from.
 *
 * With each message `WatchEvents`, `WatchReceipts` and `WatchBlocks` of `stint.v1.Ledger` give the place behind it,
 * `next`, a cursor that is the same on every node. A stream that breaks is asked again from there, of the next node, so
 * that nothing is missing and nothing comes twice.
 *
 * 1. A node that dies, stops, is silent, or has no room for another reader is left for the next one.
 * 2. What is refused for good, such as a filter that means nothing, ends the stream with `Refused`; what a node no
 *    longer keeps does when no node keeps it.
 */
import type { DescMessage, DescMethodServerStreaming, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Code, type Transport } from "@connectrpc/connect";
import { Refused } from "./errors.js";
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS, type Nodes, pause } from "./nodes.js";

/** A node that says nothing for so long is taken for dead, milliseconds: it tells its progress every five seconds. */
export const SILENCE_MS = 15_000;

/** The messages of a stream, for ever; those of progress too. */
export async function* watch<I extends DescMessage, O extends DescMessage>(
  nodes: Nodes,
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  silenceMs: number = SILENCE_MS,
): AsyncGenerator<MessageShape<O>, never> {
  let asked = request;
  let [pauseMs, letGo] = [FIRST_PAUSE_MS, 0];
  for (;;) {
    const tried = nodes.current;
    try {
      for await (const message of once(nodes.transport, method, asked, silenceMs)) {
        const { next } = message as { next?: unknown };
        // Requests of all three have this field.
        asked = { ...(asked as object), from: next } as unknown as MessageInitShape<I>;
        [pauseMs, letGo] = [FIRST_PAUSE_MS, 0];
        yield message;
      }
    } catch (error) {
      const refused = Refused.of(error);
      const isLetGo = refused.code === Code.OutOfRange;
      letGo = isLetGo ? letGo + 1 : 0;
      if (letGo === nodes.addresses.length || !(isLetGo || refused.isTransient)) throw refused;
    }
    nodes.leave(tried);
    await pause(pauseMs);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
}

/** The messages of one node, until it ends, breaks or falls silent. */
async function* once<I extends DescMessage, O extends DescMessage>(
  transport: Transport,
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  silenceMs: number,
): AsyncGenerator<MessageShape<O>> {
  const given = new AbortController();
  // Only a node that is waited for can be silent: a reader may take its time.
  const watched = <T>(wait: Promise<T>): Promise<T> => {
    const silent = setTimeout(() => given.abort(), silenceMs);
    return wait.finally(() => clearTimeout(silent));
  };
  const asked = (async function* () {
    yield request;
  })();
  try {
    const opened = await watched(transport.stream(method, given.signal, undefined, undefined, asked));
    const messages = opened.message[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await watched(messages.next());
      if (done) return;
      yield value;
    }
  } finally {
    given.abort();
  }
}
