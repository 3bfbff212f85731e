"""Stint from Python: commons as gRPC channels that sign, wait and resend; facts with their proofs.

| file | idea |
|---|---|
| `ledger.py` | a ledger behind its nodes: status, receipts, proofs |
| `commons.py` | a commons as a channel for generated stubs |
| `service.py` | a contract by its descriptor, nothing generated |
| `keys.py`, `call.py` | keys on disk; what is signed, byte by byte |
| `nodes.py` | which node is asked, and when the next one is |
| `streams.py` | streams of events, receipts and blocks that resume |
| `errors.py` | refused, expired, or not answered yet |
| `descriptors.py` | which services there are |
| `proofs/` | the verifier, alone |

Generated messages and stubs of the ledger and its contracts lie beside them: `stint.v1`, `stint.contribute.v1` and so
on.
"""

from pkgutil import extend_path

# Stubs that you generate for your own contracts may lie in other folders, as `stint/…` too.
__path__ = extend_path(__path__, __name__)

from .call import Call, SignedCall, new_id
from .commons import Answer, Commons, Options
from .errors import Expired, Refused, StintError, Strange, Unanswered
from .keys import Key, KeyFileError
from .ledger import Ledger

__all__ = [
    "Answer",
    "Call",
    "Commons",
    "Expired",
    "Key",
    "KeyFileError",
    "Ledger",
    "Options",
    "Refused",
    "SignedCall",
    "StintError",
    "Strange",
    "Unanswered",
    "new_id",
]
