"""Replays the transcripts of docs/packages.md on a switch."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.test_transcripts import replay
from tests.packages.conftest import Box
from tests.packages.debian import Key, build, served


@pytest.mark.root
def test_packages_page(bare: Box, key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(
        bare.lab.files.state / "packages", ignore_errors=True
    )  # the page begins with the first transaction
    with served(tmp_path / "repository", key) as repository:
        build(repository.pool, "libmodbus5", "3.1.6")
        for version in ("6.0.14", "6.0.21"):
            build(repository.pool, "zabbix-agent", version, Depends="libmodbus5")
        repository.publish()
        (tmp_path / "tools.asc").write_text(key.armoured)
        shutil.copy(bare.lab.ca_file, tmp_path / "leaf1.pem")
        programs = tmp_path / "bin"
        programs.mkdir()
        for name, command in {
            "cli": f'{sys.executable} -m connetos_cli --socket {bare.lab.files.run}/cli.sock "$@"',
            "python": f'{sys.executable} "$@"',
        }.items():
            (programs / name).write_text(f"#!/bin/sh\nexec {command}\n")
            (programs / name).chmod(0o755)
        page = (ROOT / "docs/packages.md").read_text()
        page = page.replace("https://leaf1", bare.lab.url).replace(
            "https://packages.example.net/debian", repository.url
        )
        (tmp_path / "packages.md").write_text(page)
        monkeypatch.setenv("PASSWORD", bare.lab.password)
        monkeypatch.setattr("sys.executable", str(programs / "python"))
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        replay(tmp_path / "packages.md", tmp_path)
