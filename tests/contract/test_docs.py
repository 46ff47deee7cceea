"""docs/sdk.md: its program runs as shown, its tables are those of the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from connetos_sdk import Switch
from tests.conftest import ROOT
from tests.contract import test_contract, test_vendor
from tests.contract.conftest import PASSWORD, Machine
from tests.contract.features import FEATURES, UNSUPPORTED, table
from tests.contract.test_templates import index
from tests.docs.test_transcripts import blocks, pattern, steps

PAGE = ROOT / "docs/sdk.md"


def between(name: str) -> str:
    found = re.search(f"<!-- {name} -->\n(.*?)<!-- /{name} -->", PAGE.read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


def templates() -> str:
    """The commands that have a template; what one may be about is `...`, other words that may be left out aren't there."""
    about = [re.sub(r" ?\( \\[Sd]\+\)\?", " ...", entry["Command"].removesuffix("$")) for entry in index()]
    named = [re.sub(r"\s*\([^)]*\)\?", "", command) for command in about]
    return ", ".join(f"`{command}`" for command in sorted(named)) + "\n"


def test_what_each_transport_can_do_is_what_the_tests_say() -> None:
    assert between("features") == table(), f"write into {PAGE.name}:\n{table()}"


def test_the_templates_are_listed() -> None:
    assert between("templates") == templates(), f"write into {PAGE.name}:\n{templates()}"


def test_every_feature_has_its_tests() -> None:
    for name in FEATURES:
        assert callable(getattr(test_contract, name))
        assert callable(getattr(test_vendor, name))
    assert all(names <= FEATURES.keys() for names in UNSUPPORTED.values())


def test_the_program_does_the_same_over_every_transport(
    machine: Machine, rest: Switch, tmp_path: Path
) -> None:
    before = rest.revision()
    urls = {
        "https://leaf1": f"https://127.0.0.1:{machine.rest}",
        "rcc://leaf1": f"rcc://127.0.0.1:{machine.sshd.port}",
        "xrl://127.0.0.1": f"xrl://127.0.0.1:{machine.finder}",
        "python ": f"{sys.executable} ",
    }
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/known_hosts").write_bytes(machine.known_hosts.read_bytes())
    environment = {
        **os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "SWITCH_PASSWORD": PASSWORD,
        "SSL_CERT_FILE": str(machine.directory / "state/tls/certificate.pem"),
    }  # fmt: skip
    for kind, name, body in blocks(PAGE):
        if name:
            (tmp_path / name).write_text(body)
        for step in steps(body) if kind == "console" else []:
            command = step.command
            for shown, real in urls.items():
                command = command.replace(shown, real)
            done = subprocess.run(
                ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
                check=False,
            )  # fmt: skip
            assert pattern(step.expected).fullmatch(done.stdout), f"$ {command}\n{done.stdout}{done.stderr}"
    rest.rollback(revision=before)
