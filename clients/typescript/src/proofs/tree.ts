/**
 * The part of a state that a proof shows, under a root that fits.
 *
 * ```text
 *                     root                a subtree with more than 8 keys is a branch, split by the
 *                   /      \              first bit in which its keys differ (key_bits.ts);
 *              branch      bucket         with 8 or fewer it is a bucket: its keys in order
 *             /      \     k1 k2 k3
 *        bucket      bucket
 *
 * node    00 hash [32]                                  a subtree that is not shown
 *         01 n [1] | n times: leaf                      a bucket
 *         02 bit [2] | r [2] | prefix [r] | left node | right node
 * leaf    r [2] | key [r] | 00 value hash [32]
 *         r [2] | key [r] | 01 v [4] | value [v]
 *
 * bucket  SHA-256(00 | for each key: k [2] | key [k] | value hash), zero when empty
 * branch  SHA-256(01 | bit [2] | prefix | left | right)
 * ```
 *
 * Prefixes and keys leave out the bytes that the branch above them fixes: its bit / 9 of them.
 */
import { bigEndian, compare, concat, domainHash, equal, sha256 } from "../bytes.js";
import { BITS_A_BYTE, Below, bit, bytesOf, firstBits } from "./key_bits.js";
import { Invalid, type Reader, Why, ZERO, require } from "./layout.js";

/** Keys of the largest bucket. */
const BUCKET = 8;
/** The longest key, bytes. */
const KEY_BYTES = 1024;
/** Keys and prefixes of one proof when written in full, bytes: a small proof could name long ones again and again. */
const FULL_BYTES = 64 << 20;

/** The proof does not show what was asked of it: the state may hold it or not. */
export class NotShown extends Error {
  override name = "NotShown";
  constructor() {
    super("the proof does not show this part of the state; ask for a proof of these keys");
  }
}

/** A key that is there; without `value` where only its hash is shown. */
export interface Leaf {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** Keys of which nothing is shown: those below a place, or all. */
interface Hidden {
  readonly below: Below | undefined;
}

type Item = Leaf | Hidden;

const isLeaf = (item: Item): item is Leaf => "key" in item;
const beside = (item: Item, key: Uint8Array) =>
  isLeaf(item) ? compare(item.key, key) : (item.below?.beside(key) ?? 0);

/** What a proof shows of a state. */
export class Shown {
  constructor(private readonly items: readonly Item[]) {}

  /** The value of a key, undefined when the state holds no such key; throws NotShown. */
  get(key: Uint8Array): Uint8Array | undefined {
    const item = this.items[this.firstWhere((item) => beside(item, key) >= 0)];
    return item && beside(item, key) === 0 ? shownLeaf(item).value : undefined;
  }

  /** All keys from `from` on and before `to` with their values, in order; throws NotShown. */
  range(from: Uint8Array, to: Uint8Array): Required<Leaf>[] {
    const first = this.firstWhere((item) => beside(item, from) >= 0);
    // Some of the hidden keys around the end may come before it.
    const behind = this.firstWhere((item) => beside(item, to) > 0 || (isLeaf(item) && beside(item, to) === 0));
    return this.items.slice(first, behind).map(shownLeaf);
  }

  /** Every key that is shown, in order. */
  leaves(): Leaf[] {
    return this.items.filter(isLeaf);
  }

  /** The parts of which nothing is shown: each from a key on and before another one, undefined for the end. */
  hidden(): { from: Uint8Array; to: Uint8Array | undefined }[] {
    const parts = this.items.filter((item): item is Hidden => !isLeaf(item));
    return parts.map(({ below }) => ({ from: below?.first() ?? new Uint8Array(), to: below?.end() }));
  }

  /** The place of the first item for which something holds that holds for all behind it. */
  private firstWhere(holds: (item: Item) => boolean): number {
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.items[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function shownLeaf(item: Item): Required<Leaf> & { value: Uint8Array } {
  if (!isLeaf(item) || item.value === undefined) throw new NotShown();
  return { key: item.key, value: item.value };
}

/** A branch whose subtrees are being read. */
class Branch {
  left: Uint8Array | undefined;
  constructor(
    readonly at: number,
    readonly prefix: Uint8Array,
  ) {}

  get right(): 0 | 1 {
    return this.left === undefined ? 0 : 1;
  }

  /**
   * Whether what has `bits` bits, these first and `next` at this branch, can stand in the subtree that is read next.
   */
  takes(key: Uint8Array, bits: number, next: number): boolean {
    return bits > this.at && equal(firstBits(key, this.at), this.prefix) && next === this.right;
  }
}

/** Reads nodes in the order branch, left, right. */
class Parts {
  readonly items: Item[] = [];
  /** Bytes that keys and prefixes may still take. */
  private room = FULL_BYTES;
  constructor(private readonly reader: Reader) {}

  hidden(above: Branch | undefined): Uint8Array {
    this.spend(above?.prefix.length ?? 0);
    this.items.push({ below: above && new Below(above.prefix, above.at, above.right) });
    const hash = this.reader.hash();
    // What is empty has nothing to hide, and nothing else hashes to zero.
    require(!equal(hash, ZERO));
    return hash;
  }

  bucket(above: Branch | undefined): Uint8Array {
    const count = this.reader.number(1);
    // Only the whole state can be empty.
    require(count <= BUCKET && (count > 0 || above === undefined));
    const parts: Uint8Array[] = [Uint8Array.of(0)];
    let before: Uint8Array | undefined;
    for (let i = 0; i < count; i++) {
      const key = this.key(above);
      require(above === undefined || above.takes(key, key.length * BITS_A_BYTE + 1, bit(key, above.at)));
      require(before === undefined || compare(before, key) < 0);
      const { value, hash } = this.value();
      this.items.push({ key, value });
      parts.push(bigEndian(key.length, 2), key, hash);
      before = key;
    }
    return count === 0 ? ZERO : sha256(...parts);
  }

  branch(above: Branch | undefined): Branch {
    const at = this.reader.number(2);
    const prefix = this.key(above);
    require(prefix.length === bytesOf(at) && equal(firstBits(prefix, at), prefix));
    // Keys that a branch splits go on.
    const next = above && above.at % BITS_A_BYTE === 0 ? 1 : bit(prefix, above?.at ?? 0);
    require(above === undefined || above.takes(prefix, at, next));
    return new Branch(at, prefix);
  }

  /** A key or prefix of which the branch above fixes the first bytes. */
  private key(above: Branch | undefined): Uint8Array {
    const known = above?.prefix.subarray(0, Math.floor(above.at / BITS_A_BYTE)) ?? new Uint8Array();
    const key = concat(known, this.reader.take(this.reader.number(2)));
    this.spend(key.length);
    require(key.length <= KEY_BYTES);
    return key;
  }

  private value(): { value: Uint8Array | undefined; hash: Uint8Array } {
    const kind = this.reader.number(1);
    if (kind === 0) return { value: undefined, hash: this.reader.hash() };
    require(kind === 1);
    const value = this.reader.sized();
    return { value, hash: domainHash("stint.v1.value", value) };
  }

  private spend(bytes: number): void {
    this.room -= bytes;
    require(this.room >= 0);
  }
}

/** A part of a tree and its root; throws Invalid when no tree can look so. */
export function readTree(reader: Reader): { shown: Shown; root: Uint8Array } {
  const parts = new Parts(reader);
  // The branches above what is read now. Each splits at a later bit than the one before it, so there are at most as
  // many as a key has bits.
  const branches: Branch[] = [];
  for (;;) {
    const above = branches.at(-1);
    const kind = reader.number(1);
    if (kind === 2) {
      branches.push(parts.branch(above));
      continue;
    }
    if (kind > 2) throw new Invalid(Why.malformed);
    let hash = kind === 0 ? parts.hidden(above) : parts.bucket(above);
    // Closes every branch whose right subtree this was.
    while (branches.at(-1)?.left) {
      const { at, prefix, left } = branches.pop()!;
      hash = sha256(Uint8Array.of(1), bigEndian(at, 2), prefix, left!, hash);
    }
    const open = branches.at(-1);
    if (open === undefined) return { shown: new Shown(parts.items), root: hash };
    open.left = hash;
  }
}
