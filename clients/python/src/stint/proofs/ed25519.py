"""Whether an Ed25519 signature holds by the rules of ZIP-215.

All verifiers must agree on every signature, crafted ones too, so the rules say exactly what counts:

1. S, the second half of the signature, is below the order of the base point.
2. R, the first half, and the key A are points of the curve. A coordinate y of p or more counts as y mod p, and an x of
   zero may carry either sign.
3. [8] S·B = [8] R + [8] k·A with k = SHA-512(R | A | message), over the bytes as they came.

Nothing secret passes through here, so nothing needs to take constant time. Signing is done elsewhere.
"""

from __future__ import annotations

import hashlib

# The field, the order of the base point, and the constant of the curve -x² + y² = 1 + d·x²·y².
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)

# x, y, z and t with x/z and y/z on the curve and t = x·y/z.
Point = tuple[int, int, int, int]
NEUTRAL: Point = (0, 1, 1, 0)


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """True when `signature`, 64 bytes, over `message` is of `key`, 32 bytes."""
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r = _point(key), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    left = _add(_sum_of_multiples(s, BASE, k, _negative(a)), _negative(r))
    for _ in range(3):
        left = _add(left, left)
    x, y, z, _ = left
    return x == 0 and y == z


def _point(encoded: bytes) -> Point | None:
    """The point with this y and this sign of x; None when the curve has none."""
    number = int.from_bytes(encoded, "little")
    y, sign = number % 2**255 % P, number >> 255
    # x² = u / v; the root is found without dividing, up to a factor √-1.
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if v * x * x % P != u:
        return None
    if x % 2 != sign:
        x = -x % P
    return x, y, 1, x * y % P


def _negative(point: Point) -> Point:
    x, y, z, t = point
    return -x % P, y, z, -t % P


def _add(one: Point, two: Point) -> Point:
    """The sum; these formulas hold for any two points, equal ones too."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = two
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _sum_of_multiples(m: int, one: Point, n: int, two: Point) -> Point:
    """m times one and n times two, both in one pass over the bits."""
    table = (NEUTRAL, one, two, _add(one, two))
    total = NEUTRAL
    for bit in reversed(range(ORDER.bit_length())):
        total = _add(total, total)
        which = (m >> bit & 1) | (n >> bit & 1) << 1
        if which:
            total = _add(total, table[which])
    return total


# The point with y = 4/5 and an even x.
_BASE = _point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
assert _BASE is not None
BASE: Point = _BASE
