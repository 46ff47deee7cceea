"""Fuzz one target: `python -m tests.fuzz NAME CORPUS [libFuzzer options]`, such as `-runs=100000 -max_total_time=60`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["connetos_sdk.wire", "connetos_sdk.model"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    name, corpus, *options = sys.argv[1:]
    atheris.Setup([name, *options, corpus], TARGETS[name][0])
    atheris.Fuzz()


main()
