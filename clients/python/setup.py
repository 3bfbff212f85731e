"""Generates the stubs of the ledger and its contracts from the checkout's `.proto` files into what is built."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CHECKOUT = Path(__file__).resolve().parents[2]
# The ledger's own messages, and those of the contracts that come with it.
FOLDERS = ["proto", *(f"contracts/{name}/proto" for name in ("charter", "book", "contribute", "value", "rules/api"))]


class BuildWithStubs(build_py):
    """Copies the package, then adds what protoc makes."""

    def run(self) -> None:
        # What an earlier build left is not of these sources.
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        from grpc_tools import _proto, protoc

        roots = [CHECKOUT / folder for folder in FOLDERS]
        missing = [str(root) for root in roots if not root.is_dir()]
        if missing:
            raise SystemExit(
                f"missing: {', '.join(missing)}; install from a whole checkout: pip install ./clients/python"
            )
        files = [str(file.relative_to(root)) for root in roots for file in sorted(root.rglob("*.proto"))]
        out = self.build_lib
        well_known = Path(_proto.__file__ or next(iter(_proto.__path__))).parent / "_proto"
        arguments = [f"-I{root}" for root in (*roots, well_known)]
        arguments += [f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}", *files]
        if protoc.main(["protoc", *arguments]) != 0:
            raise SystemExit("protoc could not generate the stubs; what it says stands above")


setup(cmdclass={"build_py": BuildWithStubs})
