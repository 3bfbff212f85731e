"""The index page of the clients: its code runs, its figures hold, its links lead somewhere."""

import json
import re

from page import CHECKOUT

from stint import call, nodes, streams

INDEX = CHECKOUT / "docs/clients/README.md"
PAGES = (INDEX, CHECKOUT / "docs/clients/sign.md")
TEXT = INDEX.read_text(encoding="utf-8")


def test_the_code_runs_as_it_stands(devnet):
    told = []
    names = {
        "addresses": devnet.addresses,
        "key_file": devnet.steward_key,
        "genesis": devnet.genesis,
        "print": lambda *words: told.append(words),
    }
    first, second = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    exec(first, names)
    exec("from stint import Ledger\n" + second, names)
    assert {author for author, _ in told[:-1]} >= {"ana"}
    assert told[-1] == ({"k/commons/forge": True, "k/commons/none": False},)


def test_the_figures_hold():
    def lines(folder, kind):
        return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in (CHECKOUT / folder).glob(f"*.{kind}"))

    vectors = json.loads((CHECKOUT / "verifier/vectors/proofs.json").read_text(encoding="utf-8"))["proofs"]
    held = sum("proves" in case for case in vectors)
    words = re.sub(r"\s+", " ", TEXT)
    for figure in (
        f"When no node answers for {nodes.PATIENCE_S:.0f} seconds",
        f"a silent one after {nodes.ATTEMPT_S:.0f} seconds",
        f"one that says nothing for {streams.SILENCE_S:.0f} seconds",
        f"valid for {call.VALID_FOR:,} heights",
        f"{held} proofs and {len(vectors) - held} forgeries",
        f"The Python one is {lines('clients/python/src/stint/proofs', 'py')} lines",
        f"the one in TypeScript is {lines('clients/typescript/src/proofs', 'ts')}.",
    ):
        assert figure in words, figure


def test_every_link_leads_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
