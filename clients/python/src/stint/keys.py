"""Keys on disk: one file a key, readable by its owner alone.

```text
stint-key-v1 <64 hexadecimal digits: the ed25519 seed>
```

A key signs and names itself; what it is made of is neither printed nor pickled.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX = "stint-key-v1 "
SEED_BYTES = 32
# Nobody but the owner may read or write the file.
MODE = 0o600
_OTHERS = 0o077
_LINE = re.compile(re.escape(PREFIX) + r"([0-9a-fA-F]{64})\s*")


class KeyFileError(Exception):
    """A key file that cannot be used; the message says what would be accepted."""


class Key:
    """An agent's ed25519 key."""

    def __init__(self, seed: bytes) -> None:
        """The key of a seed, 32 bytes."""
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed of {len(seed)} bytes was given; a key has exactly {SEED_BYTES}")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public: bytes = self._private.public_key().public_bytes_raw()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Key:
        """Reads a key from a file that only its owner may read; raises KeyFileError."""
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                if mode & _OTHERS:
                    wish = f"make it yours alone: chmod 600 {path}"
                    raise KeyFileError(f"the key file {path} can be read by others (mode {mode:03o}); {wish}")
                line = _LINE.fullmatch(file.read())
        except OSError as error:
            raise KeyFileError(f"the key file {path}: {error.strerror}") from error
        if line is None:
            accepted = f"one line is accepted: {PREFIX}<64 hexadecimal digits>"
            raise KeyFileError(f"the key file {path} holds no key; {accepted}")
        return cls(bytes.fromhex(line[1]))

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> Key:
        """Draws a new key and writes it to a new file; raises KeyFileError when there is one: none is ever
        overwritten."""
        seed = os.urandom(SEED_BYTES)
        try:
            descriptor = os.open(Path(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        except OSError as error:
            raise KeyFileError(f"the key file {path}: {error.strerror}; choose a name that is free") from error
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{PREFIX}{seed.hex()}\n")
            file.flush()
            os.fsync(descriptor)
        return cls(seed)

    def sign(self, message: bytes) -> bytes:
        """The signature over a message, 64 bytes."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"Key({self.public.hex()})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled: it would leave its file; load it from there where it is needed")
