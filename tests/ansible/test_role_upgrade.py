"""Role `upgrade`: waves of switches with real apt and dpkg, of which none is begun after a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk.lab import Lab
from tests.ansible.conftest import Run, ansible
from tests.conftest import connect, connected, topology
from tests.packages.conftest import key, repository  # noqa: F401 - fixtures
from tests.packages.debian import DebianRoot, Repository, debian_root
from tests.packages.test_fleet import prepare

pytestmark = pytest.mark.root

NAMES = ("leaf1", "leaf2", "leaf3")


class Site:
    """Three switches with packages of their own, and the playbook that upgrades them one after the other."""

    def __init__(self, lab: Lab, roots: dict[str, DebianRoot], directory: Path) -> None:
        self.lab, self.roots, self.directory = lab, roots, directory

    def __call__(self, *arguments: str, **variables: Any) -> Run:
        given = {"upgrade_waves": [1], "upgrade_health": 3, "upgrade_check_retries": 2, **variables}
        (self.directory / "vars.yml").write_text(yaml.safe_dump(given))
        return ansible(
            "ansible-playbook", "-v", "-i", str(self.lab.directory / "inventory.yml"), "-e", "@vars.yml",
            "connetos.connetos.upgrade", *arguments, cwd=self.directory,
        )  # fmt: skip

    def versions(self, package: str) -> list[str | None]:
        return [root.version(package) for root in self.roots.values()]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, dict[str, DebianRoot]]]:
    directory = tmp_path_factory.mktemp("upgrade")
    with ExitStack() as stack:
        roots = {name: stack.enter_context(debian_root(directory / name, 160)) for name in NAMES}
        switches = "".join(f"  {name}: {{ports: 2, packages: {roots[name].path}}}\n" for name in NAMES)
        text = f"name: upgrade-{os.getpid()}\ndataplane: memory\nswitches:\n{switches}"
        yield stack.enter_context(Lab(topology(text, directory))), roots


@pytest.fixture
def site(lab: tuple[Lab, dict[str, DebianRoot]], repository: Repository, tmp_path: Path) -> Iterator[Site]:  # noqa: F811
    for root in lab[1].values():
        root.refresh()
        prepare(root, repository)
    with connected(lab[0]) as switches:
        for switch in switches.values():
            switch.packages.update()
            switch.packages.install("good=1.0")
        yield Site(*lab, tmp_path)


def test_wave_after_wave(site: Site) -> None:
    planned = site("--check", "--diff", upgrade_packages=["good"])
    assert planned.returncode == 0 and "+good 2.0" in planned.output, planned.output
    assert site.versions("good") == ["1.0"] * 3
    done = site(
        upgrade_packages=["good"], upgrade_checks=[{"command": "show version", "contains": "ConnetOS"}]
    )
    assert done.returncode == 0 and site.versions("good") == ["2.0"] * 3, done.output
    assert done.output.count("PLAY [Upgrade in waves]") == 3
    again = site()
    assert again.returncode == 0 and "changed=1" not in again.output, again.output


def test_a_switch_that_is_not_well_afterwards_goes_back_and_ends_it(site: Site) -> None:
    """The package stops the agent, of leaf2 only."""
    pid = (site.lab.switch("leaf2").files.run / "agent.pid").read_text()
    (Path(site.roots["leaf2"].path) / "etc/agent.pid").write_text(pid)
    done = site(upgrade_packages=["sick=1.0"], upgrade_health=1)
    assert done.returncode != 0 and "the agent doesn't answer" in done.output, done.output
    assert site.versions("sick") == ["1.0", None, None]
    assert "leaf3 " not in done.output.partition("PLAY RECAP")[2]


@pytest.mark.parametrize(
    ("variable", "then", "upgraded"),
    [
        ("upgrade_update", "true if upgrade__facts is defined", False),
        ("upgrade_check_retries", "2 if upgrade__done is defined", True),
        ("check", "show version if upgrade__done is defined", True),
    ],
    ids=["while packages are fetched", "before the facts afterwards", "before a check afterwards"],
)
def test_a_switch_that_dies_ends_it(site: Site, variable: str, then: str, upgraded: bool) -> None:
    """The value of a variable of leaf2 comes from a command that kills its agent, once the task before is done."""
    value, _, when = then.partition(" if ")
    kill = f"kill -9 {site.lab.switch('leaf2').agent_pid} 2>/dev/null; echo {value}"
    dies = f"{when} and inventory_hostname == 'leaf2'"
    deadly = f"{{{{ lookup('ansible.builtin.pipe', '{kill}') if {dies} else '{value}' }}}}"
    given = {"upgrade_checks": [{"command": deadly}]} if variable == "check" else {variable: deadly}
    try:
        done = site(upgrade_packages=["good"], upgrade_waves=[2, 1], **given)
    finally:
        site.lab.switch("leaf2").start_agent()
    assert done.returncode != 0 and "leaf3 " not in done.output.partition("PLAY RECAP")[2], done.output
    (fatal,) = [line for line in done.output.splitlines() if "fatal: [leaf2]: FAILED" in line][-1:]
    assert site.lab.switch("leaf2").url.removeprefix("https://") + " can't be reached" in fatal, done.output
    assert ("could not be brought back" in fatal) is upgraded, fatal
    assert site.versions("good") == ["2.0", "2.0" if upgraded else "1.0", "1.0"]


def test_a_check_that_fails_brings_the_packages_back(site: Site) -> None:
    """The command is fine before: what it mustn't show is the version that comes."""
    check = {"command": "show packages good", "lacks": "Installed    : 2.0"}
    done = site(upgrade_packages=["good"], upgrade_checks=[check], upgrade_waves=[2])
    assert done.returncode != 0, done.output
    told = "still contains 'Installed    : 2.0'; the packages from before are back"
    for name in ("leaf1", "leaf2"):
        assert any(told in line for line in done.output.splitlines() if f"fatal: [{name}]" in line), (
            done.output
        )
    assert "leaf3 " not in done.output.partition("PLAY RECAP")[2]
    assert site.versions("good") == ["1.0"] * 3


def test_a_switch_that_is_not_well_before_is_left_alone(site: Site) -> None:
    done = site(
        upgrade_packages=["good"], upgrade_checks=[{"command": "show version", "contains": "nonsuch"}]
    )
    assert done.returncode != 0 and "nonsuch" in done.output, done.output
    assert (
        site.versions("good") == ["1.0"] * 3
        and "TASK [connetos.connetos.upgrade : Packages]" not in done.output
    )


def test_what_ails_a_switch_is_told(site: Site) -> None:
    """Its newest revision is cut off."""
    leaf = site.lab.switch("leaf1")
    with connect(leaf) as switch:
        switch.apply_lines("set vlans vlan-id 20")
        newest = leaf.directory / "state" / "revisions" / f"{switch.revision():08d}.json"
    leaf.stop_agent()
    newest.write_bytes(newest.read_bytes()[:-20])
    leaf.start_agent()
    try:
        done = site(upgrade_packages=["good"])
    finally:
        newest.unlink()
        leaf.restart_agent()
    (fatal,) = [line for line in done.output.splitlines() if "fatal: [leaf1]" in line][-1:]
    assert '"msg"' in fatal and "damaged" in fatal, done.output
    assert site.versions("good") == ["1.0"] * 3


def test_packages_are_upgraded_beside_files(site: Site, repository: Repository) -> None:  # noqa: F811
    (file,) = repository.pool.glob("tool_*.deb")
    done = site(upgrade_packages=["good"], upgrade_files=[str(file)], upgrade_waves=[3])
    assert done.returncode == 0, done.output
    assert site.versions("good") == ["2.0"] * 3 and site.versions("tool") == ["1.0"] * 3


def test_bad_values_are_named(site: Site) -> None:
    done = site(upgrade_checks=[{"contains": "x"}])
    assert "missing required arguments: command found in upgrade_checks" in done.output, done.output
    done = site(upgrade_packages=["nonsuch"])
    assert done.returncode != 0 and "Unable to locate package nonsuch" in done.output, done.output
    assert site.versions("good") == ["1.0"] * 3 and "Traceback" not in done.output
