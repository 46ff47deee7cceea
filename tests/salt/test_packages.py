"""Packages of a real Debian root through Salt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.packages.conftest import Box, bare, box, key, packages_lab, repository
from tests.packages.debian import Repository
from tests.salt.conftest import Failed, Minion, access, start, stop

__all__ = ["bare", "box", "key", "packages_lab", "repository"]
pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def packager(salt_bin: Path, packages_lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minion]:
    """A masterless minion of the switch whose packages these are."""
    minion = start(salt_bin, tmp_path_factory.mktemp("minion"), access(packages_lab[0].switch("leaf1")))
    yield minion
    stop(minion)


def test_states_of_packages(packager: Minion, box: Box) -> None:
    state, before = packager.state, box.root.versions()
    wanted = {"pkgs": ["tool", {"good": "1.0"}]}
    planned = state("connetos_package.installed", test=True, **wanted)
    assert planned["result"] is None and box.root.versions() == before
    done = state("connetos_package.installed", **wanted)
    assert done["result"] is True and done["changes"] == planned["changes"]
    assert done["changes"] == {"tool": {"old": "", "new": "1.0"}, "good": {"old": "", "new": "1.0"}}
    assert state("connetos_package.installed", **wanted)["changes"] == {}
    assert state("connetos_package.installed", name="good")["changes"] == {}
    newer = {"good": {"old": "1.0", "new": "2.0"}}
    assert state("connetos_package.latest", name="good", test=True)["changes"] == newer
    assert state("connetos_package.latest", name="good")["changes"] == newer
    assert state("connetos_package.latest", name="good")["changes"] == {}
    held = state("connetos_package.held", name="good")
    assert held["changes"] == {"good": {"old": "no hold", "new": "hold"}}
    assert box.packages.installed()["good"].hold
    assert state("connetos_package.held", name="good")["changes"] == {}
    assert state("connetos_package.unheld", name="good")["changes"]
    assert state("connetos_package.removed", name="tool", test=True)["result"] is None
    assert state("connetos_package.removed", name="tool")["changes"] == {"tool": {"old": "1.0", "new": ""}}
    assert state("connetos_package.removed", name="tool")["changes"] == {}
    assert box.root.version("tool") is None


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        ("installed", {"name": "nowhere"}, "nowhere"),
        ("installed", {"name": "broken"}, "the packages from before are back"),
        ("installed", {"name": "good", "version": "9.9"}, "9.9"),
        ("installed", {"pkgs": "good"}, "pkgs isn't a list"),
        ("held", {"name": "nowhere"}, "install it first"),
    ],
)
def test_mistake_changes_nothing(
    function: str, arguments: dict[str, Any], reason: str, packager: Minion, box: Box
) -> None:
    before = box.root.versions()
    state = packager.state(f"connetos_package.{function}", **arguments)
    assert state["result"] is False and reason in state["comment"], state
    assert box.root.versions() == before


def test_repository(packager: Minion, bare: Box, repository: Repository) -> None:
    name, there = "connetos_package_repository", bare.packages.repositories
    (packager.directory / "states/tests.asc").write_text(repository.key.armoured)
    wanted = {
        "uris": repository.url,
        "suites": "stable",
        "components": "main",
        "key_source": "salt://tests.asc",
    }

    def present(*, test: bool = False, **other: Any) -> dict[str, Any]:
        return packager.state(f"{name}.present", test=test, **{"name": "tests", **wanted, **other})

    planned = present(test=True)
    assert planned["result"] is None and there() == []
    made = present()
    assert made["result"] is True and made["changes"] == planned["changes"]
    assert made["changes"]["uris"] == {"old": None, "new": [repository.url]}
    assert [one.suites for one in there()] == [("stable",)] and "good" in bare.packages.search("good")
    assert present()["changes"] == {}
    edited = bare.root.path / "etc/apt/sources.list.d/connetos-tests.sources"
    edited.write_text(edited.read_text() + "Enabled: no\n")
    planned = present(test=True)
    assert planned["changes"] == {"enabled": {"old": False, "new": True}} and not there()[0].enabled
    assert present()["changes"] == planned["changes"] and there()[0].enabled
    edited.write_text("# mine\n" + edited.read_text())
    assert present()["changes"] == {"file": {"old": "edited by hand", "new": "as given"}}
    before = there()
    for mistake, reason in (
        ({"suites": "nonsuch"}, "nonsuch"),
        ({"uris": "ftp://198.18.0.1/debian"}, "http://, https:// or file:///"),
        ({"components": []}, "a suite that ends with / has no components"),
        ({"key_source": None, "key": "nonsense"}, "isn't an ASCII-armoured OpenPGP public key"),
        ({"key": "both"}, "give one of them"),
        ({"key_source": "salt://absent.asc"}, "the master has no file salt://absent.asc"),
    ):
        failed = present(**mistake)
        assert failed["result"] is False and reason in failed["comment"] and not failed["changes"], failed
        assert there() == before
    planned = packager.state(f"{name}.absent", name="tests", test=True)
    assert planned["result"] is None and there() == before
    gone = packager.state(f"{name}.absent", name="tests")
    assert gone["changes"] == planned["changes"] and there() == []
    assert gone["changes"]["suites"] == {"old": ["stable"], "new": None}
    assert packager.state(f"{name}.absent", name="tests")["changes"] == {}
    (edited.parent / "mine.list").write_text("deb http://198.18.0.1/debian bookworm main\n")
    for test in (True, False):
        refused = packager.state(f"{name}.absent", name="mine", test=test)
        assert refused["result"] is False and "was made by hand" in refused["comment"]


def test_files_and_pins(packager: Minion, box: Box, repository: Repository) -> None:
    call = packager.call
    package = next(repository.pool.glob("good_1.0_*.deb"))
    name = call("connetos_pkg.upload", str(package))
    assert call("connetos_pkg.uploads") == {name: package.stat().st_size}
    done = {"good": {"old": "", "new": "1.0"}}
    assert call("connetos_pkg.install", files=[name]) == done
    assert call("connetos_pkg.watch", call("connetos_pkg.history", limit=1)[0]["id"]) == done
    assert call("connetos_pkg.remove_upload", name) is True and call("connetos_pkg.uploads") == {}
    assert call("connetos_pkg.pin", "good", "1.0") is True and call("connetos_pkg.list_upgrades") == {}
    assert call("connetos_pkg.unpin", "good") is True and call("connetos_pkg.unpin", "good") is False
    with pytest.raises(Failed, match="no package transaction"):
        call("connetos_pkg.watch")


def test_functions_of_packages(packager: Minion, box: Box) -> None:
    call = packager.call
    assert call("connetos_pkg.refresh_db") is True
    assert call("connetos_pkg.install", "good=1.0", test=True) == {"good": {"old": "", "new": "1.0"}}
    assert call("connetos_pkg.version", "good") == ""
    assert call("connetos_pkg.install", "good=1.0")
    assert call("connetos_pkg.version", "good") == call("connetos_pkg.list_pkgs")["good"] == "1.0"
    assert call("connetos_pkg.list_upgrades")["good"] == "2.0"
    assert call("connetos_pkg.upgrade", "good") == {"good": {"old": "1.0", "new": "2.0"}}
    assert call("connetos_pkg.history", limit=1)[0]["action"] == "upgrade"
    assert call("connetos_pkg.rollback", call("connetos_pkg.history")[0]["id"])["good"]["new"] == "1.0"
    assert "2.0" in str(call("connetos_pkg.show", "good")["versions"]) and "good" in call(
        "connetos_pkg.search", "good"
    )
    assert call("connetos_pkg.hold", "good") and not call("connetos_pkg.hold", "good")
    assert call("connetos_pkg.unhold", "good")
    assert call("connetos_pkg.remove", "good", purge=True) == {"good": {"old": "1.0", "new": ""}}
    assert call("connetos_pkg.list_repos")["tests"]["managed"] is True
    planned = call("connetos_pkg.del_repo", "tests", test=True)
    assert call("connetos_pkg.del_repo", "tests") == planned and planned["suites"]["new"] is None
    with pytest.raises(Failed, match="can't be read"):
        call("connetos_pkg.upload", "/absent.deb")
