"""The collection as Ansible's own tools see it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.ansible.conftest import COLLECTION, ROOT, ansible


@pytest.mark.parametrize("folder", [COLLECTION, ROOT], ids=["collection", "root"])
def test_collection_builds(folder: Path, tmp_path: Path) -> None:
    run = ansible("ansible-galaxy", "collection", "build", str(folder), "--output-path", ".", cwd=tmp_path)
    assert run.returncode == 0, run.output
    with tarfile.open(tmp_path / "connetos-connetos-0.1.0.tar.gz") as archive:
        names = set(archive.getnames())
    assert {"MANIFEST.json", "README.md", "COPYING", "meta/runtime.yml"} <= names
    assert "plugins/modules/connetos_config.py" in names
    assert not any(name.startswith(("connetos_sdk", "tests/output", ".venv")) for name in names)


@pytest.mark.parametrize(
    ("kind", "name", "word"),
    [
        ("module", "connetos.connetos.connetos_config", "confirm_commit"),
        ("module", "connetos.connetos.connetos_config", "connetos_password"),
        ("httpapi", "connetos.connetos.connetos", "/api/v1"),
    ],
)
def test_documentation_is_found(kind: str, name: str, word: str, tmp_path: Path) -> None:
    run = ansible("ansible-doc", "-t", kind, name, cwd=tmp_path)
    assert run.returncode == 0, run.output
    assert word in run.output
