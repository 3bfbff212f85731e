"""ZIP-215 where other rules differ: points of small order, in every encoding that the rules accept."""

import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stint.proofs.ed25519 import ORDER, P, _add, _point, verify

# y of the points of order 8 is this or its negative; those of lower orders have 1, -1 and 0.
EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7


def small_order():
    """All encodings of points whose eightfold is the neutral one: eight points, and six more ways to write some."""
    # Below 2^255, p and p + 1 are 0 and 1 once more.
    ys = (0, 1, P - 1, EIGHTH, P - EIGHTH, P, P + 1)
    return [(y | sign << 255).to_bytes(32, "little") for y in ys for sign in (0, 1)]


def test_there_are_fourteen_encodings_of_small_order():
    for encoded in small_order():
        total = _point(encoded)
        for _ in range(3):
            total = _add(total, total)
        assert total[0] == 0 and total[1] == total[2]
    assert len(set(small_order())) == 14


def test_every_small_key_signs_everything_with_every_small_point():
    """[8] 0·B = [8] R + [8] k·A holds for all of them, whatever k is."""
    for key, r in itertools.product(small_order(), small_order()):
        assert verify(key, r + bytes(32), b"Zcash")
        assert not verify(key, r + ORDER.to_bytes(32, "little"), b"Zcash"), "S is not below the order"
        assert not verify(key, r + b"\1" + bytes(31), b"Zcash")


@pytest.mark.parametrize("seed", range(8))
def test_honest_signatures_hold_and_changed_ones_do_not(seed):
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    key, message = private.public_key().public_bytes_raw(), bytes(range(seed * 11))
    signature = private.sign(message)
    assert verify(key, signature, message)
    for at in (0, 31, 32, 62):
        changed = bytearray(signature)
        changed[at] ^= 1
        assert not verify(key, bytes(changed), message)
    assert not verify(key, signature, message + b"\0")
    assert not verify(key[:31], signature, message) and not verify(key, signature[:63], message)
