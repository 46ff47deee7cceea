"""Every state: create, no-op, test=True, diff, change, remove, bad input; docs/reference/salt-matrix.md shows it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.resources import RESOURCES, Resource
from tests.ansible.cases import CASES as OF_RESOURCES
from tests.ansible.test_controller import PLAN, TEMPLATE
from tests.conftest import ROOT
from tests.matrix import NOTHING, Page
from tests.packages.conftest import Box, bare, box, key, packages_lab, repository
from tests.packages.debian import Repository
from tests.salt.conftest import Minion
from tests.salt.test_packages import packager

__all__ = ["bare", "box", "key", "packager", "packages_lab", "repository"]

TEXT = """\
# What each Salt state does

Made by `tests/salt/test_matrix.py`: every cell is what a minion did at a live switch.
*no-op* repeats *create*; *test=True* is *change*, planned: its `changes` are those that *change* then makes; *diff* is what
they consist of. `connetos_check` only looks: *no-op* is a look, *test=True* another.

— stands where a state has nothing of the kind: `connetos_check` changes nothing; `connetos_atp` leaves files of switches
that are no longer planned.

"""
STEPS = ("create", "no-op", "test=True", "diff", "change", "remove", "bad input")
PAGE = Page(
    ROOT / "docs/reference/salt-matrix.md",
    TEXT,
    "state module",
    STEPS,
    tuple(sorted(path.stem for path in (ROOT / "salt/_states").glob("connetos_*.py"))),
)
Call = tuple[str, dict[str, Any]]
"""A state function and its arguments."""


@dataclass(frozen=True)
class Case:
    """A state function with its arguments for each step, and what a message about the bad input must have in it.

    Attributes:
        read: what is done instead of `create` by a state that only looks.
        before: lines of configuration to begin with.
        whole: `remove` leaves everything as it was before `create`.
    """

    bad: Call
    reason: str
    create: Call | None = None
    change: Call | None = None
    remove: Call | None = None
    read: Call = ("", {})
    before: tuple[str, ...] = ()
    whole: bool = True


CONFIG = "connetos_config.managed"
CASES: dict[str, Case] = {
    "connetos_config": Case(
        create=(CONFIG, {"lines": ["set vlans vlan-id 10 vlan-name web"]}),
        change=(CONFIG, {"document": {"vlans": {"vlan-id": {"10": {"vlan-name": "db"}}}}}),
        remove=(CONFIG, {"path": "vlans", "document": {}, "replace": True}),
        bad=(CONFIG, {"lines": ["set vlans vlan-id 5000"]}),
        reason="5000 is outside 1 to 4094",
        whole=False,
    ),
}


def module(name: str) -> str:
    """The state module of a resource."""
    return "connetos_" + name.removesuffix("_global").removesuffix("s")


def case(name: str, resource: Resource) -> Case:
    """The case of a resource: the one that Ansible's module of it has, too."""
    given, present, absent = OF_RESOURCES[name], f"{module(name)}.present", f"{module(name)}.absent"

    def options(step: Mapping[str, Any]) -> dict[str, Any]:
        config = step["config"]
        entry = dict(config[0] if isinstance(config, list) else config)
        return {"name": str(entry.pop(resource.key)), **entry} if resource.listed else entry

    created = options(given.create or {})
    return Case(
        create=(present, created),
        change=(present, {**options(given.change or {}), "replace": True}),
        remove=(absent, {"name": created["name"]} if resource.listed else {}),
        bad=(present, options(given.bad)),
        reason=given.reason,
        before=given.before,
        whole=given.whole,
    )


CASES |= {module(name): case(name, resource) for name, resource in RESOURCES.items()}


class Row:
    """Does the steps of a state, and says what became of them."""

    def __init__(self, minion: Minion, look: Callable[[], object], *, what: str = "switch") -> None:
        self._minion, self._look, self._what = minion, look, what

    def do(self, call: Call, *, test: bool = False) -> dict[str, Any]:
        return self._minion.state(call[0], test=test, **call[1])

    def hold(self, name: str, case: Case) -> None:
        """The row of the page says what the state did."""
        cells = dict.fromkeys(STEPS, NOTHING)
        start = self._look()
        if case.create:
            created = self.do(case.create)
            cells["create"] = word(created)
            assert "-secret" not in str(created)
        there = self._look()
        cells["no-op"] = word(self.do(case.create or case.read))
        planned = self.do(case.change or case.read, test=True)
        bad = [self.do(case.bad, test=test) for test in (True, False)]
        kept = f", {self._what} as before" if self._look() == there else f", {self._what} altered"
        cells["test=True"] = word(planned) + kept
        assert {word(one) for one in bad} == {"failed"}, bad
        assert all(case.reason in one["comment"] for one in bad), bad
        cells["bad input"] = "failed" + kept
        if case.change:
            changed = self.do(case.change)
            cells["change"], cells["diff"] = word(changed), kind(changed["changes"])
            assert changed["changes"] == planned["changes"], (planned, changed)
            assert self._look() != there
        if case.remove:
            cells["remove"] = word(self.do(case.remove))
            assert self.do(case.remove)["changes"] == {}
            if case.whole:
                assert self._look() == start
        assert "-secret" not in str(planned)
        PAGE.hold(name, [cells[step] for step in STEPS])


def word(state: dict[str, Any]) -> str:
    """What became of a state, in a word."""
    if state["result"] is None:
        return "`None`"
    if not state["result"]:
        return "failed" if state["changes"] == {} else "failed, with changes"
    return "changed" if state["changes"] else "as it should be"


def kind(changes: dict[str, Any]) -> str:
    """What `changes` has in it."""
    if changes.get("diff", "").startswith("[edit ") and changes["commands"]:
        return "the switch's"
    if all(isinstance(change, dict) and change.keys() == {"old", "new"} for change in changes.values()):
        return "old and new"
    assert set(changes.values()) <= {"new", "changed"}, changes
    return "files"


@pytest.mark.parametrize("name", CASES)
def test_state(name: str, minion: Minion, switch: Switch) -> None:
    case = CASES[name]
    switch.apply_lines([*case.before, "set interface gigabit-ethernet te-1/1/4 description unconcerned"])
    Row(minion, switch.config).hold(name, case)


def test_checks(minion: Minion, switch: Switch) -> None:
    shows = ("connetos_check.shows", {"command": "show vlans", "contains": "Vlan ID"})
    bad = ("connetos_check.shows", {"command": "show vlans", "contains": "no such"})
    Row(minion, switch.revision).hold(
        "connetos_check", Case(bad=bad, reason="isn't in the output", read=shows)
    )


@pytest.mark.root
def test_packages(packager: Minion, box: Box) -> None:
    case = Case(
        create=("connetos_package.installed", {"name": "good", "version": "1.0"}),
        change=("connetos_package.latest", {"name": "good"}),
        remove=("connetos_package.removed", {"name": "good", "purge": True}),
        bad=("connetos_package.installed", {"name": "lonely"}),
        reason="nowhere",
    )
    Row(packager, box.root.versions).hold("connetos_package", case)


@pytest.mark.root
def test_repository(packager: Minion, bare: Box, repository: Repository) -> None:
    given = {"name": "tests", "suites": "stable", "components": "main", "key": repository.key.armoured}
    present = "connetos_package_repository.present"
    case = Case(
        create=(present, {**given, "uris": repository.url}),
        change=(present, {**given, "uris": f"{repository.url}/"}),
        remove=("connetos_package_repository.absent", {"name": "tests"}),
        bad=(present, {**given, "uris": repository.url, "key": "nonsense"}),
        reason="isn't an ASCII-armoured",
    )
    Row(packager, lambda: files(bare.root.path / "etc/apt")).hold("connetos_package_repository", case)


def test_files_of_a_rack(minion: Minion, tmp_path: Path) -> None:
    served = tmp_path / "tftp"
    served.mkdir()
    for name, text in (
        ("rack.yaml", PLAN),
        ("later.yaml", PLAN.replace("198.18.255.22", "198.18.255.23")),
        ("wrong.yaml", PLAN.replace("198.18.255.22", "198.18.1.22")),
        ("switch.j2", TEMPLATE),
    ):
        (tmp_path / name).write_text(text)

    def published(plan: str) -> Call:
        return "connetos_atp.published", {"name": str(served), "plan": str(tmp_path / plan)}

    case = Case(
        create=published("rack.yaml"),
        change=published("later.yaml"),
        bad=published("wrong.yaml"),
        reason="198.18.1.22",
    )
    Row(minion, lambda: files(served), what="files").hold("connetos_atp", case)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_outline() -> None:
    PAGE.hold_outline()


def test_state_modules_are_made_from_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    monkeypatch.delitem(sys.modules, "salt_states", raising=False)
    import salt_states

    for path, text in salt_states.files().items():
        assert path.read_text() == text, f"{path.name}: run python tools/configuration_reference.py"
