"""Keys of the state as strings of bits: each byte a 1 and its eight bits, the end a 0.

No key is then the beginning of another one, and bits sort as bytes do.
"""

from __future__ import annotations

from dataclasses import dataclass

BITS_A_BYTE = 9


def bit(key: bytes, at: int) -> int:
    """Bit `at` of a key; 0 behind its end."""
    whole, bits = divmod(at, BITS_A_BYTE)
    if whole >= len(key):
        return 0
    return 1 if bits == 0 else key[whole] >> 8 - bits & 1


def bytes_of(bits: int) -> int:
    """Bytes that the first `bits` bits of a key touch."""
    return bits // BITS_A_BYTE + (bits % BITS_A_BYTE > 1)


def first_bits(key: bytes, bits: int) -> bytes:
    """The bytes of the first `bits` bits, the rest of the last one zero; fewer where the key is shorter."""
    cut = key[: bytes_of(bits)]
    rest = bits % BITS_A_BYTE
    if rest < 2 or len(cut) < bytes_of(bits):
        return cut
    return cut[:-1] + bytes([cut[-1] & ~(0xFF >> rest - 1) & 0xFF])


@dataclass(frozen=True)
class Below:
    """All keys whose first `at` bits are those of `prefix` and whose next one is `right`."""

    prefix: bytes
    at: int
    right: int

    def beside(self, key: bytes) -> int:
        """Where these keys stand beside `key`: -1 before it, 1 after it, 0 around it."""
        whole, bits = divmod(self.at, BITS_A_BYTE)
        ours, theirs = self.prefix[:whole], key[:whole]
        if ours != theirs:
            return -1 if ours < theirs else 1
        byte = key[whole] if whole < len(key) else None
        if bits == 0:
            return self.right - (byte is not None)
        if byte is None:
            return 1
        before = self.prefix[whole] >> BITS_A_BYTE - bits if bits > 1 else 0
        own, other = before << 1 | self.right, byte >> 8 - bits
        return (own > other) - (own < other)

    def first(self) -> bytes:
        """The first key that can stand here."""
        whole, bits = divmod(self.at, BITS_A_BYTE)
        key = bytearray(first_bits(self.prefix, self.at))
        if bits == 0:
            return bytes(key) + b"\0" * self.right
        if bits == 1:
            # The bits so far say no more of the byte than that there is one.
            key.append(0)
        if self.right:
            key[whole] |= 0x80 >> bits - 1
        return bytes(key)

    def end(self) -> bytes | None:
        """The first key behind all that can stand here; None when none is."""
        grows = self.at
        if self.right:
            # The last of the bits before that can still grow; that a byte is there cannot.
            free = (i for i in reversed(range(self.at)) if i % BITS_A_BYTE and not bit(self.prefix, i))
            found = next(free, None)
            if found is None:
                return None
            grows = found
        return Below(self.prefix[: bytes_of(grows)], grows, 1).first()
