"""docs/nornir.md is true: its programs, run against switches."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import ROOT
from tests.docs.test_transcripts import replay
from tests.nornir.conftest import NAMES

DOCUMENTED = "{name}: {{hostname: {name}, port: 443,"


def test_nornir_page(
    rack: Lab, switches: dict[str, Switch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = "".join(rack.switch(name).ca_file.read_text() for name in NAMES)
    (tmp_path / "leaves.pem").write_text(trusted)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    page = (ROOT / "docs/nornir.md").read_text()
    for name in NAMES[:3]:
        leaf = rack.switch(name)
        documented, here = (
            DOCUMENTED.format(name=name),
            (f"{name}: {{hostname: 127.0.0.1, port: {urlsplit(leaf.url).port}, password: {leaf.password},"),
        )
        assert documented in page
        page = page.replace(documented, here)
    assert "  username: admin\n" in page
    page = page.replace("  username: admin\n", f"  username: {rack.switch('leaf1').username}\n")
    monkeypatch.setenv("PASSWORD", "each host has its own")
    (tmp_path / "nornir.md").write_text(page)
    replay(tmp_path / "nornir.md", tmp_path)
    program = (tmp_path / "uplinks.py").read_text()
    names: dict[str, object] = {}
    exec(program, names)  # noqa: S102 - the page's own
    assert callable(names["ports_down"])
