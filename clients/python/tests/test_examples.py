"""The examples, run as a reader runs them."""

import subprocess
import sys

from page import CHECKOUT

EXAMPLES = CHECKOUT / "clients/python/examples"


def run(name, *arguments):
    told = subprocess.run([sys.executable, EXAMPLES / name, *arguments], capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    assert len((EXAMPLES / name).read_text().splitlines()) <= 31
    return told.stdout


def test_record_and_read_shares(devnet):
    said = run("record_and_read_shares.py", devnet.steward_key, *devnet.addresses)
    assert "final in block" in said and "ana@example.org  1.5" in said
    assert "refused by id: talk-1 was recorded with other content" in said


def test_believe_nobody(devnet):
    said = run("believe_nobody.py", devnet.folder / "genesis.json", devnet.steward_key, *devnet.addresses)
    assert "bo@example.org 2 care" in said
    assert "'k/commons/forge': 'there', 'k/commons/none': 'proved not to be there'" in said


def test_stubs_of_your_own_contracts_lie_beside_the_packages(tmp_path):
    """What protoc writes into a folder of yours is `stint/…` too, and both are found."""
    (tmp_path / "stint/pasture/v1").mkdir(parents=True)
    (tmp_path / "stint/pasture/v1/pasture_pb2.py").write_text("SERVICE = 'stint.pasture.v1.Pasture'")
    code = (
        "import stint; from stint.v1 import types_pb2; from stint.pasture.v1 import pasture_pb2 as p; print(p.SERVICE)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)}
    )
    assert told.stdout.strip() == "stint.pasture.v1.Pasture", told.stderr
