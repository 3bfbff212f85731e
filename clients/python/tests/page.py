"""The code of `docs/clients/sign.md`, as it stands there, and the calls of the vectors as it signs them."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
PAGE = CHECKOUT / "docs/clients/sign.md"
VECTORS = CHECKOUT / "proto/vectors/signing.json"


def blocks(language: str) -> list[str]:
    """The page's blocks of code in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def functions() -> dict:
    """What the first block defines: `digest` and `command`."""
    names: dict = {}
    exec(compile(blocks("python")[0], str(PAGE), "exec"), names)
    return names


def request_of(case: dict) -> bytes:
    """The request of a vector."""
    request = case["request"]
    return bytes.fromhex(request) if isinstance(request, str) else bytes.fromhex(request["byte"]) * request["times"]
