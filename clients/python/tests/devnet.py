"""Validators as processes of this machine, for the tests: on loopback and in a folder of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

# How long a validator may take until it answers, seconds: joining after a kill included.
READY_S = 60


def program() -> str:
    """The `stint` program, from the environment."""
    found = os.environ.get("STINT_BIN")
    if not found:
        raise RuntimeError(
            "STINT_BIN names no program; set it to the path of `stint`, for example ~/.cache/stint/target/release/stint"
        )
    return found


class Devnet:
    """Some validators of one ledger."""

    def __init__(self, validators: int) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="stint-clients-")
        self.folder = Path(self._temporary.name)
        self._running: dict[int, subprocess.Popen] = {}
        self.stint("init", "--validators", str(validators))
        self.addresses = [self._address(i) for i in range(validators)]

    def start(self, *which: int) -> Devnet:
        """Starts these validators, or all, and waits until they answer."""
        chosen = which or range(len(self.addresses))
        for i in chosen:
            self.launch(i)
        for i in chosen:
            self.await_ready(i)
        return self

    def launch(self, i: int) -> None:
        """Starts a validator and waits for nothing."""
        command = [program(), "run", "--until-stdin-ends", "--dir", self._of(i)]
        with open(self._of(i) / "log.txt", "ab") as log:
            self._running[i] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def await_ready(self, i: int) -> None:
        """Waits until a launched validator says that it answers."""
        line = self._running[i].stdout.readline()
        if not line.startswith(b"ready "):
            raise RuntimeError(f"validator {i} did not start: {(self._of(i) / 'log.txt').read_text()[-2000:]}")

    def kill(self, i: int) -> None:
        """Ends a validator by SIGKILL, in the middle of whatever it does."""
        process = self._running.pop(i)
        process.kill()
        process.wait(READY_S)
        process.stdin.close()
        process.stdout.close()

    def freeze(self, i: int) -> None:
        """Stops a validator where it is: it is reached, takes what is sent, and says nothing."""
        self._running[i].send_signal(signal.SIGSTOP)

    def thaw(self, i: int) -> None:
        """Lets it go on."""
        self._running[i].send_signal(signal.SIGCONT)

    def stint(self, *arguments: str) -> str:
        """Runs the program on this network; answers with what it prints."""
        told = subprocess.run([program(), *arguments, "--dir", self.folder], capture_output=True, text=True)
        if told.returncode != 0:
            raise RuntimeError(f"stint {' '.join(arguments)}: {told.stderr}")
        return told.stdout

    @property
    def genesis(self) -> bytes:
        return (self.folder / "genesis.json").read_bytes()

    @property
    def steward_key(self) -> Path:
        return self.folder / "keys" / "steward.key"

    def _of(self, i: int) -> Path:
        return self.folder / f"v{i + 1}"

    def _address(self, i: int) -> str:
        return re.search(r'^grpc = "(.+)"', (self._of(i) / "node.toml").read_text(), re.MULTILINE)[1]

    def close(self) -> None:
        # Nothing of them is kept, so nothing needs to be put in order.
        for i in list(self._running):
            self.kill(i)
        self._temporary.cleanup()

    def __enter__(self) -> Devnet:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
