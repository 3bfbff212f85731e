"""What the tests share: one network with the commons forge, and a ledger on it."""

import pytest
from devnet import Devnet

from stint import Key, Ledger


@pytest.fixture(scope="session")
def devnet():
    with Devnet(4).start() as network:
        network.stint("found", "forge")
        yield network


@pytest.fixture
def ledger(devnet):
    with Ledger(devnet.addresses, key=Key.load(devnet.steward_key), genesis=devnet.genesis) as opened:
        yield opened


@pytest.fixture
def contribute(ledger):
    return ledger.commons("forge").service("stint.contribute.v1.Contribute")
