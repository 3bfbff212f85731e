/** The root over a list, as RFC 6962 has it: the left subtree holds the largest power of two below the count. */
import { sha256 } from "../bytes.js";
import { ZERO } from "./layout.js";

/** Hash of one item. */
export function leaf(item: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0), item);
}

/** The root over items; zero over none. */
export function root(items: Uint8Array[]): Uint8Array {
  return ofLeaves(items.map(leaf));
}

function ofLeaves(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length < 2) return leaves[0] ?? ZERO;
  const left = leftOf(leaves.length);
  return node(ofLeaves(leaves.slice(0, left)), ofLeaves(leaves.slice(left)));
}

/**
 * The root over `count` items of which `item` is the one at `index`, by its siblings, lowest first; undefined when
 * their number does not fit.
 */
export function rootOfPath(item: Uint8Array, index: number, count: number, path: Uint8Array[]): Uint8Array | undefined {
  return index < count ? climb(leaf(item), index, count, path) : undefined;
}

function climb(hashed: Uint8Array, index: number, count: number, path: Uint8Array[]): Uint8Array | undefined {
  if (count === 1) return path.length === 0 ? hashed : undefined;
  const sibling = path.at(-1);
  if (sibling === undefined) return undefined;
  const left = leftOf(count);
  const isLeft = index < left;
  const below = climb(hashed, isLeft ? index : index - left, isLeft ? left : count - left, path.slice(0, -1));
  if (below === undefined) return undefined;
  return isLeft ? node(below, sibling) : node(sibling, below);
}

function node(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(1), left, right);
}

function leftOf(count: number): number {
  let left = 1;
  while (2 * left < count) left *= 2;
  return left;
}
