"""Every state: create, no-op, test=True, diff, change, remove, bad input; docs/reference/salt-matrix.md shows it.

`MATRIX=write python -m pytest tests/salt/test_matrix.py` writes the page anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.resources import RESOURCES, Resource
from tests.ansible.test_matrix import CASES as OF_RESOURCES
from tests.conftest import ROOT
from tests.salt.conftest import Minion

PAGE = ROOT / "docs/reference/salt-matrix.md"
STEPS = ("create", "no-op", "test=True", "diff", "change", "remove", "bad input")
Call = tuple[str, dict[str, Any]]
"""A state function and its arguments."""


@dataclass(frozen=True)
class Case:
    """A state function with its arguments for each step, and what a message about the bad input must have in it."""

    create: Call
    change: Call
    remove: Call
    bad: Call
    reason: str
    before: tuple[str, ...] = ()


CONFIG = "connetos_config.managed"
CASES: dict[str, Case] = {
    "connetos_config": Case(
        (CONFIG, {"lines": ["set vlans vlan-id 10 vlan-name web"]}),
        (CONFIG, {"document": {"vlans": {"vlan-id": {"10": {"vlan-name": "db"}}}}}),
        (CONFIG, {"path": "vlans", "document": {}, "replace": True}),
        (CONFIG, {"lines": ["set vlans vlan-id 5000"]}),
        "5000 is outside 1 to 4094",
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

    created = options(given.create)
    return Case(
        (present, created),
        (present, {**options(given.change), "replace": True}),
        (absent, {"name": created["name"]} if resource.listed else {}),
        (present, options(given.bad)),
        given.reason,
        given.before,
    )


CASES |= {module(name): case(name, resource) for name, resource in RESOURCES.items()}


def page() -> str:
    """The matrix; `test_state` has seen that every cell is so."""
    cells = [
        "changed", "as it should be", "`None`, switch as before", "the switch's", "changed", "changed",
        "failed, switch as before",
    ]  # fmt: skip
    rows = [f"| `{name}` | {' | '.join(cells)} |" for name in CASES]
    return (
        "# What each Salt state does\n\nMade by `tests/salt/test_matrix.py`: every cell is what a minion did at a live "
        "switch.\n*no-op* repeats *create*; *test=True* is *change*, planned: its `changes` are those that *change* then "
        "makes.\n\n"
        f"| state module | {' | '.join(STEPS)} |\n|---|{'---|' * len(STEPS)}\n" + "\n".join(rows) + "\n"
    )


@pytest.mark.parametrize("name", CASES)
def test_state(name: str, minion: Minion, switch: Switch) -> None:
    case = CASES[name]
    switch.apply_lines([*case.before, "set interface gigabit-ethernet te-1/1/4 description unconcerned"])
    start = switch.config()

    def do(call: Call, *, test: bool = False) -> dict[str, Any]:
        return minion.state(call[0], test=test, **call[1])

    created = do(case.create)
    assert created["result"] is True and created["changes"]["commands"], created
    with_it = switch.config()
    again = do(case.create)
    assert again["result"] is True and again["changes"] == {}, again
    planned = do(case.change, test=True)
    assert planned["result"] is None and planned["changes"]["diff"].startswith("[edit "), planned
    assert switch.config() == with_it
    changed = do(case.change)
    assert changed["result"] is True and changed["changes"] == planned["changes"], changed
    assert switch.config() != with_it
    removed = do(case.remove)
    assert removed["result"] is True and removed["changes"], removed
    assert do(case.remove)["changes"] == {}
    if name not in ("connetos_config", "connetos_system"):  # these remove more than they made
        assert switch.config() == start
    left = switch.config()
    for test in (True, False):
        bad = do(case.bad, test=test)
        assert bad["result"] is False and bad["changes"] == {} and case.reason in bad["comment"], bad
    assert switch.config() == left
    assert "-secret" not in str((created, planned, changed, removed))


def test_page() -> None:
    if os.environ.get("MATRIX") == "write":
        PAGE.write_text(page())
    assert PAGE.read_text() == page(), (
        "MATRIX=write python -m pytest tests/salt/test_matrix.py writes it anew"
    )


def test_state_modules_are_made_from_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    monkeypatch.delitem(sys.modules, "salt_states", raising=False)
    import salt_states

    for path, text in salt_states.files().items():
        assert path.read_text() == text, f"{path.name}: run python tools/configuration_reference.py"
