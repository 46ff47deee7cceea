"""docs/napalm.md is true: its programs, run against a switch."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab.lab import LabSwitch
from tests.conftest import ROOT
from tests.docs.test_transcripts import replay


def test_napalm_page(
    leaf: LabSwitch, switch: Switch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(leaf.ca_file, tmp_path / "leaf1.pem")
    monkeypatch.setenv("PASSWORD", leaf.password)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    page = (ROOT / "docs/napalm.md").read_text()
    for documented, here in (
        ('"leaf1", "admin"', f'"127.0.0.1", "{leaf.username}"'),
        ("hostname: leaf1", "hostname: 127.0.0.1"),
        ('"port": 443', f'"port": {urlsplit(leaf.url).port}'),
        ("napalm leaf1 -u admin", f"napalm 127.0.0.1 -u {leaf.username}"),
        ('"port=443,', f'"port={urlsplit(leaf.url).port},'),
        ("{port: 443", f"{{port: {urlsplit(leaf.url).port}"),
    ):
        assert documented in page
        page = page.replace(documented, here)
    (tmp_path / "napalm.md").write_text(page)
    replay(tmp_path / "napalm.md", tmp_path)
