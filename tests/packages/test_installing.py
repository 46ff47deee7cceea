"""Packages come and go, and the switch tells about it."""

from __future__ import annotations

import pytest

from connetos_sdk.errors import ConnetosError
from connetos_sdk.packages import PackageChange
from tests.packages.conftest import Box

pytestmark = pytest.mark.root


def test_install_tells_progress_and_what_changed(box: Box) -> None:
    done = box.packages.install("tool", progress=box.told.append)
    assert done.changes == (
        PackageChange("good", None, "2.0", "install"),
        PackageChange("tool", None, "1.0", "install"),
    )
    assert box.root.version("tool") == "1.0"
    percents = [progress.percent for progress in box.told]
    assert percents == sorted(percents) and percents[-1] == 100
    assert any("Unpacking tool" in progress.step for progress in box.told)
    assert any("Setting up tool" in progress.log for progress in box.told)
    assert box.packages.installed()["tool"].version == "1.0"
    assert not box.packages.install("tool").changed


def test_a_check_says_what_would_change_and_changes_nothing(box: Box) -> None:
    before = box.root.versions()
    planned = box.packages.install("tool=1.0", "good=1.0", check=True)
    assert planned.changed and planned.state == "planned"
    assert planned.changes == (
        PackageChange("good", None, "1.0", "install"), PackageChange("tool", None, "1.0", "install")
    )  # fmt: skip
    plan = box.packages.plan("install", packages=["tool"])
    assert plan.download_bytes > 1000
    assert plan.disk_bytes == 16 * 1024
    assert plan.free_bytes > plan.needed_bytes >= plan.download_bytes + plan.disk_bytes
    assert box.root.versions() == before


def test_upgrade_and_back_without_the_repository(box: Box) -> None:
    box.packages.install("good=1.0", "service=1.0")
    mine = box.root.path / "etc/good.conf"
    mine.write_text("mine\n")
    done = box.packages.upgrade("good")
    assert done.changes == (PackageChange("good", "1.0", "2.0", "upgrade"),)
    assert mine.read_text() == "mine\n"  # a configuration file that was edited stays
    assert (box.root.path / "usr/share/good/version").read_text() == "good 2.0\n"
    box.packages.remove_repository("tests")
    assert done.id is not None
    back = box.packages.rollback(done.id)
    assert back.changes == (PackageChange("good", "2.0", "1.0", "downgrade"),)
    assert (box.root.path / "usr/share/good/version").read_text() == "good 1.0\n"
    assert mine.read_text() == "mine\n"
    assert [t.action for t in box.packages.history(3)] == ["rollback", "upgrade", "install"]


def test_rollback_of_an_installation_removes_it(box: Box) -> None:
    before = box.root.versions()
    done = box.packages.install("tool")
    assert done.id is not None
    planned = box.packages.rollback(done.id, check=True).changes
    assert planned == (
        PackageChange("good", "2.0", None, "purge"), PackageChange("tool", "1.0", None, "purge")
    )  # fmt: skip
    assert box.packages.rollback(done.id).changes == planned
    assert box.root.versions() == before
    assert not (box.root.path / "etc/good.conf").exists()


def test_rollback_of_a_removal_brings_it_back(box: Box) -> None:
    box.packages.install("tool")
    done = box.packages.remove("good")
    assert {change.name for change in done.changes} == {"good", "tool"}
    assert done.id is not None
    box.packages.rollback(done.id)
    assert box.root.version("tool") == "1.0"
    assert box.root.version("good") == "2.0"


def test_remove_keeps_configuration_files_and_purge_does_not(box: Box) -> None:
    box.packages.install("good")
    assert box.packages.remove("good").changes == (PackageChange("good", "2.0", None, "remove"),)
    assert (box.root.path / "etc/good.conf").exists()
    assert not box.packages.remove("good").changed
    assert box.packages.remove("good", purge=True).changes == (PackageChange("good", None, None, "purge"),)
    assert not (box.root.path / "etc/good.conf").exists()


def test_held_and_pinned_packages_stay(box: Box) -> None:
    box.packages.install("good=1.0")
    assert box.packages.hold("good") and not box.packages.hold("good")
    assert not box.packages.upgrade().changed
    assert "eld" in str(box.refused(lambda: box.packages.install("good=2.0")))
    assert box.packages.unhold("good")
    assert box.packages.pin("good", "1.0") and not box.packages.pin("good", "1.0")
    assert not box.packages.upgrade().changed
    assert box.packages.unpin("good")
    assert box.packages.upgrade().changes == (PackageChange("good", "1.0", "2.0", "upgrade"),)


def test_search_and_show(box: Box) -> None:
    assert box.packages.search("lonely") == {"lonely": "lonely of the tests"}
    shown = box.packages.show("good")
    assert (shown["installed"], shown["candidate"]) == (None, "2.0")
    assert shown["versions"] == ["2.0", "1.0"]
    with pytest.raises(ConnetosError, match="there is no package nosuch"):
        box.packages.show("nosuch")


@pytest.mark.parametrize(
    "name",
    [
        "good-",
        "-o",
        "--purge",
        "good;id",
        "../x",
        "good=1 2",
        "Good",
        "a",
        "good/stable",
        "go*",
        "good=$(id)",
        ".ood",
        "good^",
    ],
)
def test_what_debian_does_not_allow_as_a_name_reaches_no_program(box: Box, name: str) -> None:
    for work in (box.packages.install, box.packages.remove, box.packages.upgrade, box.packages.hold):
        with pytest.raises(ConnetosError) as caught:
            work(name)
        assert caught.value.problems[0].hint
    assert box.packages.history(1) == [] or box.packages.history(1)[0].packages != (name,)


def test_a_name_is_never_a_pattern(box: Box) -> None:
    box.packages.install("good")
    assert "Unable to locate package" in str(box.refused(lambda: box.packages.install("g.od")))
    assert not box.packages.remove("g.od").changed
