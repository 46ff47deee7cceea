"""`connetos_package` and `connetos_package_repository` on a switch with a real apt and dpkg."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ansible.conftest import Play, play_with
from tests.packages.conftest import Box, bare, box, key, packages_lab, repository  # noqa: F401 - fixtures
from tests.packages.debian import Repository, build

pytestmark = pytest.mark.root


def package(**options: Any) -> dict[str, Any]:
    return {"connetos.connetos.connetos_package": {"health": 5, **options}, "ignore_errors": True}


@pytest.fixture
def play(bare: Box, tmp_path: Path) -> Play:  # noqa: F811
    access = {
        "ansible_connection": "local",
        "connetos_url": bare.lab.url,
        "connetos_username": bare.lab.username,
        "connetos_password": bare.lab.password,
        "connetos_ca_file": str(bare.lab.ca_file),
    }
    (tmp_path / "hosts.yml").touch(mode=0o600)
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {"leaf1": access}}}))
    return play_with(tmp_path / "hosts.yml", tmp_path)


def test_repository(play: Play, bare: Box, repository: Repository, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "tests.asc").write_text(repository.key.armoured)
    module = "connetos.connetos.connetos_package_repository"
    given = {"name": "tests", "uris": repository.url, "suites": "stable", "components": "main"}
    add = {module: {**given, "key_file": "tests.asc"}}
    run = play(
        {**add, "check_mode": True},
        add,
        add,
        {module: {**given, "suites": "nonsuch", "key": repository.key.armoured}, "ignore_errors": True},
        {module: {**given, "key": "nonsense"}, "ignore_errors": True},
        {module: given, "ignore_errors": True},
        {module: {"name": "tests", "state": "absent"}},
        {module: {"name": "tests", "state": "absent"}},
    )
    check, made, again, other, wrong, keyless, gone, still = run.results
    assert check["changed"] and made["changed"] and not again["changed"], run.output
    assert check["before"] is None and check["after"] == made["after"]
    assert made["after"]["suites"] == ["stable"]
    assert "msg" in other and "isn't an ASCII-armoured" in wrong["msg"]
    assert "key, key_file" in keyless["msg"]
    assert gone["changed"] and not still["changed"] and not bare.packages.repositories()
    assert "Traceback" not in run.output


def test_install_upgrade_roll_back_remove(play: Play, box: Box) -> None:  # noqa: F811
    run = play(
        {**package(name=["tool", "good=1.0"]), "check_mode": True, "diff": True},
        {**package(name=["tool", "good=1.0"]), "register": "done"},
        package(name=["tool", "good=1.0"]),
        package(name="good"),
        {**package(name="good", state="latest"), "register": "upgrade"},
        package(rollback="{{ upgrade.transaction }}"),
        package(name="good", hold=True),
        package(name="good", hold=True),
        package(name="good", hold=False),
        package(name="tool", state="absent"),
        package(name="tool", state="absent"),
        package(name="good", state="purged"),
        package(state="latest"),
    )
    check, made, again, there, upgraded, back, held, still, free, gone, away, purged, all_of_them = (
        run.results
    )
    both = [("good", None, "1.0"), ("tool", None, "1.0")]
    assert [(c["name"], c["before"], c["after"]) for c in check["changes"]] == both, run.output
    assert check["changed"] and made["changed"] and made["transaction"]
    assert made["changes"] == check["changes"] and made["changes"][0]["action"] == "install"
    assert "+good 1.0" in run.output
    assert not again["changed"] and not there["changed"]
    assert [(c["before"], c["after"]) for c in upgraded["changes"]] == [("1.0", "2.0")]
    assert [(c["before"], c["after"]) for c in back["changes"]] == [("2.0", "1.0")]
    assert (
        held["changed"] and held["held"] == ["good"] and not still["changed"] and free["unheld"] == ["good"]
    )
    assert gone["changed"] and not away["changed"] and purged["changed"]
    assert not all_of_them["changed"] and box.root.version("good") is None
    assert run.recap["ignored"] == 0


def test_a_file_of_the_controller(play: Play, box: Box, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "files").mkdir()
    build(tmp_path / "files", "mine", "1.5")
    (name,) = [path.name for path in (tmp_path / "files").iterdir()]
    run = play(
        {**package(file=name), "check_mode": True},
        package(file=name),
        package(file=name),
        package(file="absent.deb"),
    )
    check, made, again, absent = run.results
    assert check["changed"] and made["changed"] and not again["changed"], run.output
    assert box.root.version("mine") == "1.5" and not box.packages.uploads()
    assert "file can't be read" in absent["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "broken"}, "broken package post-installation script"),
        ({"name": "lonely"}, "nowhere"),
        ({"name": "nonsuch"}, "nonsuch"),
        ({}, "nothing to do"),
        ({"rollback": 1, "name": "good"}, "rollback stands alone"),
        ({"file": "x.deb", "state": "absent"}, "needs name"),
        ({"hold": True, "update": True}, "hold needs name"),
    ],
)
def test_what_cannot_be(options: dict[str, Any], words: str, play: Play, box: Box) -> None:  # noqa: F811
    before = box.root.versions()
    run = play(package(**options))
    assert run.recap["ignored"] == 1 and words in run.results[0]["msg"], run.output
    assert "Traceback" not in run.output and box.root.versions() == before
