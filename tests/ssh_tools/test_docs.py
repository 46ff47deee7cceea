"""docs/netmiko.md is true: its programs, run against a switch."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab.lab import LabSwitch
from tests.conftest import ROOT
from tests.docs.test_transcripts import replay


@pytest.mark.skipif(shutil.which("ssh") is None, reason="needs Debian's openssh-client")
def test_netmiko_page(
    leaf: LabSwitch, access: dict[str, Any], switch: Switch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leaf.ssh is not None
    shutil.copy(leaf.ssh.known_hosts, tmp_path / "known_hosts")
    monkeypatch.setenv("PASSWORD", leaf.password)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    page = (ROOT / "docs/netmiko.md").read_text()
    for documented, here in (
        ('"host": "leaf1"', '"host": "127.0.0.1"'),
        ('"port": 22', f'"port": {access["port"]}'),
        ('"leaf1", port=22', f'"127.0.0.1", port={access["port"]}'),
    ):
        assert documented in page
        page = page.replace(documented, here)
    (tmp_path / "netmiko.md").write_text(page)
    replay(tmp_path / "netmiko.md", tmp_path)
