"""The root over a list, as RFC 6962 has it: the left subtree holds the largest power of two below the count."""

from __future__ import annotations

from collections.abc import Sequence

from .layout import ZERO, sha256


def leaf(item: bytes) -> bytes:
    """Hash of one item."""
    return sha256(b"\0", item)


def root(items: Sequence[bytes]) -> bytes:
    """The root over items; zero over none."""
    return root_of_leaves([leaf(item) for item in items])


def root_of_leaves(leaves: Sequence[bytes]) -> bytes:
    """The root over hashed items."""
    if len(leaves) < 2:
        return leaves[0] if leaves else ZERO
    left = _left(len(leaves))
    return _node(root_of_leaves(leaves[:left]), root_of_leaves(leaves[left:]))


def root_of_path(item: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """The root over `count` items of which `item` is the one at `index`, by its siblings, lowest first; None when
    their number does not fit."""

    def climb(hashed: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
        if count == 1:
            return None if path else hashed
        if not path:
            return None
        left = _left(count)
        if index < left:
            below = climb(hashed, index, left, path[:-1])
            return below and _node(below, path[-1])
        below = climb(hashed, index - left, count - left, path[:-1])
        return below and _node(path[-1], below)

    return climb(leaf(item), index, count, path) if index < count else None


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1", left, right)


def _left(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1
