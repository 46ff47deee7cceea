"""The collection as Ansible's own tools see it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from connetos_sdk import Switch
from tests.ansible.conftest import COLLECTION, ROOT, Play, ansible

PLACES = {"collection": (COLLECTION, ""), "root": (ROOT, "ansible_collections/connetos/connetos/")}


@pytest.mark.parametrize("place", PLACES)
def test_collection_builds(place: str, tmp_path: Path) -> None:
    folder, prefix = PLACES[place]
    run = ansible("ansible-galaxy", "collection", "build", str(folder), "--output-path", ".", cwd=tmp_path)
    assert run.returncode == 0, run.output
    with tarfile.open(tmp_path / "connetos-connetos-0.1.0.tar.gz") as archive:
        names = set(archive.getnames())
    assert {"MANIFEST.json", "README.md"} <= names
    parts = ("plugins/modules/connetos_config.py", "roles/base/tasks/main.yml", "playbooks/base.yml")
    for name in ("COPYING", "meta/runtime.yml", *parts):
        assert prefix + name in names
    assert {"meta", "plugins", "roles", "playbooks"} <= names
    assert not any(name.startswith(("connetos_sdk", "agent", "build", "tests", ".")) for name in names)


def test_built_collection_works_where_it_is_installed(play: Play, switch: Switch, tmp_path: Path) -> None:
    built = ansible(
        "ansible-galaxy", "collection", "build", str(COLLECTION), "--output-path", ".", cwd=tmp_path
    )
    archive = "connetos-connetos-0.1.0.tar.gz"
    installed = ansible(
        "ansible-galaxy", "collection", "install", archive, "--offline", "-p", "installed", cwd=tmp_path
    )
    assert built.returncode == installed.returncode == 0, built.output + installed.output
    place = str(tmp_path / "installed")
    run = play({"lines": ["set vlans vlan-id 10"]}, ANSIBLE_COLLECTIONS_PATH=place)
    assert run.recap["changed"] == 1, run.output
    run = ansible(
        "ansible-playbook", "-i", "hosts.yml", "connetos.connetos.base", cwd=tmp_path, ANSIBLE_COLLECTIONS_PATH=place
    )  # fmt: skip
    assert run.returncode == 0 and switch.system().hostname == "leaf1", run.output


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
