"""A call, the 32 bytes that its caller signs, and the metadata that carry the signature.

```text
version 1 [1] | chain id [32] | key [32] | id [16] | valid until [8] | fuel limit [8]
| c [1] | commons [c] | m [2] | method [m] | r [4] | request [r]

digest   SHA-256("stint.v1.transaction" 00 | these bytes)
hash     SHA-256("stint.v1.transaction-hash" 00 | these bytes | signature [64])
```

Integers are big endian, `x[n]` is n bytes of x. `docs/clients/sign.md` draws the same for other languages.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import struct
from dataclasses import dataclass, field

from .keys import Key

VERSION = 1
ID_BYTES = 16
KEY_BYTES = 32
CHAIN_ID_BYTES = 32
# The ledger's own bounds (`proto/src/limits.rs`), checked here so that nothing is sent that it would refuse.
COMMONS_BYTES = 63
METHOD_BYTES = 256
REQUEST_BYTES = 128 * 1024
KERNEL_REQUEST_BYTES = 1000 * 1000 + 1024
# Heights for which a call stays valid unless its caller says otherwise: about ten minutes of a busy ledger. A node
# accepts at most 36,000.
VALID_FOR = 6_000

_COMMONS = re.compile(r"[a-z][a-z0-9-]*")
_METHOD = re.compile(r"/[A-Za-z0-9_.]+/[A-Za-z0-9_]+")
_KERNEL = "/stint.v1.Kernel/"

Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True)
class Call:
    """What a caller signs. Raises ValueError, with what would be accepted, when a field breaks its bound."""

    # The ledger that is meant, 32 bytes.
    chain_id: bytes
    commons: str
    # `/package.Service/Method`.
    method: str
    # The request message, encoded.
    request: bytes = field(repr=False)
    # The caller's public key, 32 bytes.
    key: bytes
    # Unique for the key: the same id again is the same call, and leads to the first receipt.
    id: bytes
    # Last height at which it may be executed.
    valid_until: int
    # Most fuel to burn; 0 asks for the ledger's limit.
    fuel_limit: int = 0

    def __post_init__(self) -> None:
        if not _COMMONS.fullmatch(self.commons) or len(self.commons) > COMMONS_BYTES:
            shape = f"a lower-case letter, then lower-case letters, digits and dashes, at most {COMMONS_BYTES}"
            raise ValueError(f"{self.commons!a} cannot name a commons: {shape}")
        if not _METHOD.fullmatch(self.method) or len(self.method) > METHOD_BYTES:
            shape = f"/package.Service/Method is accepted, at most {METHOD_BYTES} bytes"
            raise ValueError(f"{self.method!a} cannot name a method: {shape}")
        limit = KERNEL_REQUEST_BYTES if self.method.startswith(_KERNEL) else REQUEST_BYTES
        if len(self.request) > limit:
            raise ValueError(f"the request has {len(self.request)} bytes; the limit of {self.method} is {limit}")
        sizes = {"chain_id": CHAIN_ID_BYTES, "key": KEY_BYTES, "id": ID_BYTES}
        for name, size in sizes.items():
            if len(getattr(self, name)) != size:
                raise ValueError(f"{name} has {len(getattr(self, name))} bytes; it takes exactly {size}")
        for name in ("valid_until", "fuel_limit"):
            if not 0 <= getattr(self, name) < 2**64:
                raise ValueError(f"{name} is {getattr(self, name)}; 0 to 2^64 - 1 are accepted")

    def layout(self) -> bytes:
        """Everything that is signed, as it is laid out."""
        commons, method = self.commons.encode(), self.method.encode()
        head = struct.pack(
            ">B32s32s16sQQ", VERSION, self.chain_id, self.key, self.id, self.valid_until, self.fuel_limit
        )
        sized = (("B", commons), ("H", method), ("I", self.request))
        return head + b"".join(struct.pack(f">{size}", len(part)) + part for size, part in sized)

    def digest(self) -> bytes:
        """The 32 bytes to sign."""
        return hashlib.sha256(b"stint.v1.transaction\0" + self.layout()).digest()

    def sign(self, key: Key) -> SignedCall:
        """The call with its signature; raises ValueError for another key than the call's."""
        if key.public != self.key:
            raise ValueError(f"the call is of the key {self.key.hex()}; {key.public.hex()} cannot sign it")
        return SignedCall(self, key.sign(self.digest()))


@dataclass(frozen=True)
class SignedCall:
    """A call that any node takes. It may be handed in as often as one likes: it is executed at most once."""

    call: Call
    signature: bytes = field(repr=False)

    def hash(self) -> bytes:
        """What its receipt names it by."""
        return hashlib.sha256(b"stint.v1.transaction-hash\0" + self.call.layout() + self.signature).digest()

    def metadata(self) -> Metadata:
        """The signature and what belongs to it, as gRPC metadata beside the plain request."""
        call = self.call
        return (
            ("stint-commons", call.commons),
            ("stint-key-bin", call.key),
            ("stint-id-bin", call.id),
            ("stint-valid-until", str(call.valid_until)),
            ("stint-fuel", str(call.fuel_limit)),
            ("stint-signature-bin", self.signature),
        )


def new_id() -> bytes:
    """An id that no other call has."""
    return secrets.token_bytes(ID_BYTES)
