"""Every module: create, change, no-op, check mode, diff, remove, bad input; docs/reference/ansible-matrix.md shows it.

`python -m pytest tests/ansible/test_matrix.py` writes the page anew if `MATRIX=write` is set.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.resources import RESOURCES
from tests.ansible.conftest import ROOT, Play, Run
from tests.conftest import connect

PAGE = ROOT / "docs/reference/ansible-matrix.md"
STEPS = ("create", "no-op", "check", "diff", "change", "remove", "bad input")
PORT = "te-1/1/1"
BEFORE = "set interface gigabit-ethernet te-1/1/4 description unconcerned"
VLANS = ["set vlans vlan-id 10", "set vlans vlan-id 20"]


@dataclass(frozen=True)
class Case:
    """Options of a module for each step, and what a message about the bad input must have in it."""

    create: dict[str, Any]
    change: dict[str, Any]
    remove: dict[str, Any]
    bad: dict[str, Any]
    reason: str
    before: tuple[str, ...] = ()


def resource(
    create: Any, change: Any, bad: Any, reason: str, *, remove: Any = None, before: tuple[str, ...] = ()
) -> Case:
    return Case(
        create={"config": create},
        change={"config": change, "state": "replaced"},
        remove={"state": "deleted", **({} if remove is None else {"config": remove})},
        bad={"config": bad},
        reason=reason,
        before=before,
    )


CASES: dict[str, Case] = {
    "config": Case(
        {"lines": ["set vlans vlan-id 10 vlan-name web"]},
        {"document": {"vlans": {"vlan-id": {10: {"vlan-name": "db"}}}}},
        {"path": "vlans", "document": {}, "state": "replaced"},
        {"lines": ["set vlans vlan-id 5000"]},
        "5000 is outside 1 to 4094",
    ),
    "vlans": resource(
        [{"vlan_id": 10, "vlan_name": "web"}],
        [{"vlan_id": 10, "description": "tier-1"}],
        [{"vlan_id": 5000}],
        "5000",
    ),
    "interfaces": resource(
        [{"interface_name": PORT, "description": "server-1", "mtu": 9000}],
        [{"interface_name": PORT, "enable": False}],
        [{"interface_name": PORT, "mtu": 1}],
        "1 is out of range",
        remove=[{"interface_name": PORT}],
    ),
    "l2_interfaces": resource(
        [{"interface_name": PORT, "native_vlan_id": 10}],
        [{"interface_name": PORT, "port_mode": "trunk", "vlan": {"members": ["10", "20"]}}],
        [{"interface_name": PORT, "native_vlan_id": 99}],
        "set vlans vlan-id 99 first",
        before=tuple(VLANS),
    ),
    "l3_interfaces": resource(
        [{"l3_interface_name": "vlan10", "address": [{"vif_ip_address": "198.18.1.1", "prefix_length": 24}]}],
        [{"l3_interface_name": "vlan10", "mtu": 1400}],
        [{"l3_interface_name": "vlan10", "address": [{"vif_ip_address": "198.18.1.300", "prefix_length": 24}]}],
        "198.18.1.300",
        before=("set vlans vlan-id 10 l3-interface vlan10",),
    ),
    "static_routes": resource(
        [{"route_prefix": "198.18.20.0/24", "next_hop": "198.18.1.2"}],
        [{"route_prefix": "198.18.20.0/24", "next_hop": "198.18.1.3", "metric": 5}],
        [{"route_prefix": "198.18.20.1/24", "next_hop": "198.18.1.2"}],
        "198.18.20.1/24",
        before=(
            "set vlans vlan-id 10 l3-interface vlan10",
            "set vlan-interface interface vlan10 address 198.18.1.1 prefix-length 24",
        ),
    ),
    "lag_interfaces": resource(
        [{"ae_number": "ae1", "description": "uplink", "ether_options": {"lacp": {"enable": True}}}],
        [{"ae_number": "ae1", "mtu": 9000}],
        [{"ae_number": "eth1"}],
        "eth1",
    ),
    "banner": resource({"announcement": "Keep out"}, {"announcement": "Come in"}, {"announcement": ""}, "0 characters"),
    "ntp_global": resource(
        {"ntp_server_ip": "198.18.0.1"}, {"ntp_server_ip": "198.18.0.2"}, {"ntp_server_ip": "ntp"}, "ntp"
    ),
    "logging_global": resource(
        {"host": {"server_ip": "198.18.0.3"}, "log_level": "warning"},
        {"log_level": "error"},
        {"log_facility": 8},
        "8 is out of range",
    ),
    "lldp_global": resource(
        {"enable": True, "advertisement_interval": 40},
        {"enable": True, "hold_time_multiplier": 5},
        {"advertisement_interval": 0},
        "0 is out of range",
    ),
    "lldp_interfaces": resource(
        [{"interface_name": PORT, "status": "tx-only"}],
        [{"interface_name": PORT, "status": "rx-only"}],
        [{"interface_name": "eth0", "status": "rx-only"}],
        "eth0",
    ),
    "user": resource(
        [{"user_name": "bob", "authentication": {"plain_text_password": "first-secret"}}],
        [{"user_name": "bob", "class": "read-only", "authentication": {"plain_text_password": "other-secret"}}],
        [{"user_name": "b b"}],
        "b b",
        remove=[{"user_name": "bob"}],
    ),
    "system": resource({"hostname": "spine1"}, {"hostname": "spine2"}, {"hostname": "-"}, "isn't of the right form"),
}  # fmt: skip


def page() -> str:
    """The matrix; `test_matrix` has seen that every cell is so."""
    cells = [
        "changed",
        "ok",
        "changed, switch as before",
        "shown",
        "changed",
        "changed",
        "failed, switch as before",
    ]
    rows = [f"| `connetos_{name}` | {' | '.join(cells)} |" for name in CASES]
    return (
        "# What each Ansible module does\n\nMade by `tests/ansible/test_matrix.py`: every cell is what a playbook against "
        "a live switch did.\n*no-op* repeats *create*; *check* is *change* in check mode; *diff* is what `--diff` shows of "
        "it.\n\n"
        f"| module | {' | '.join(STEPS)} |\n|---|{'---|' * len(STEPS)}\n" + "\n".join(rows) + "\n"
    )


def test_every_resource_has_a_case() -> None:
    assert RESOURCES.keys() <= CASES.keys()


def tasks(name: str, case: Case, whole: dict[str, Any]) -> list[dict[str, Any]]:
    module = f"connetos.connetos.connetos_{name}"
    look = {"connetos.connetos.connetos_facts": {"gather_subset": ["config"]}}
    return [
        {"connetos.connetos.connetos_config": {"lines": [BEFORE, *case.before]}},
        look,
        {module: case.create},
        {module: case.create},
        {module: case.change, "check_mode": True, "diff": True},
        {module: case.create},
        {module: case.change},
        {module: case.remove},
        {module: case.bad, "ignore_errors": True},
        look,
        {"connetos.connetos.connetos_config": {"document": whole, "state": "replaced"}},
    ]


def test_matrix(play: Play, memory_lab: Lab) -> None:
    with connect(memory_lab.switch("leaf1")) as switch:
        before = switch.config()
        listed = [tasks(name, case, before) for name, case in CASES.items()]
        look_at(play(*(task for each in listed for task in each)), len(listed[0]))
        assert switch.config() == before
    if os.environ.get("MATRIX") == "write":
        PAGE.write_text(page())
    assert PAGE.read_text() == page(), (
        "MATRIX=write python -m pytest tests/ansible/test_matrix.py writes it anew"
    )


def look_at(run: Run, each: int) -> None:
    """Every result of the matrix is as the page says."""
    assert run.recap["ignored"] == len(CASES) and len(run.results) == each * len(CASES), run.output
    for number, (name, case) in enumerate(CASES.items()):
        _, was, create, again, check, still, change, remove, bad, now, _ = run.results[number * each :][:each]
        told = (name, json.dumps([create, again, check, still, change, remove, bad], indent=1))
        assert create["changed"] and not again["changed"] and not still["changed"], told
        assert check["changed"] and change["changed"], told
        assert change["commands"] == check["commands"] != create["commands"], told
        assert remove["changed"] and not bad["changed"] and case.reason in bad["msg"], told
        if name not in ("system", "config"):  # these remove more than they made
            assert was["ansible_facts"] == {
                **now["ansible_facts"],
                "ansible_net_revision": revision_of(was),
            }, told
    assert run.output.count("\n[edit ") >= len(CASES) and "Traceback" not in run.output
    assert "-secret" not in run.output.replace("no-secret", "")


def revision_of(result: dict[str, Any]) -> int:
    return int(result["ansible_facts"]["ansible_net_revision"])


WHOLE = {
    "gathered": lambda r: r["gathered"][0]["vlan_id"] == "10",
    "rendered": lambda r: r["rendered"] == ["set vlans vlan-id 11 vlan-name db"],
    "parsed": lambda r: r["parsed"] == [{"vlan_id": "12", "vlan_name": "x"}],
}


def test_states_that_only_look(play: Play, switch: Switch) -> None:
    switch.apply_lines("set vlans vlan-id 10")
    module = "connetos.connetos.connetos_vlans"
    nowhere = {"connetos_url": "https://127.0.0.1:1"}
    run = play(
        {module: {"state": "gathered"}},
        {module: {"state": "rendered", "config": [{"vlan_id": 11, "vlan_name": "db"}], **nowhere}},
        {module: {"state": "parsed", "running_config": "set vlans vlan-id 12 vlan-name x", **nowhere}},
    )
    assert [result["changed"] for result in run.results] == [False] * 3, run.output
    for result, looks_right in zip(run.results, WHOLE.values(), strict=True):
        assert looks_right(result), result


def test_replaced_keeps_other_entries_and_overridden_doesnt(play: Play, switch: Switch) -> None:
    module = "connetos.connetos.connetos_l2_interfaces"
    switch.apply_lines(
        [*VLANS, *(f"set interface gigabit-ethernet te-1/1/{n} description port-{n}" for n in (1, 2))]
    )
    switch.apply_lines(
        [
            f"set interface gigabit-ethernet te-1/1/{n} family ethernet-switching native-vlan-id 10"
            for n in (1, 2)
        ]
    )
    one = [{"interface_name": PORT, "native_vlan_id": 20}]

    def vlans() -> list[int]:
        return [port.native_vlan_id for port in list(switch.interfaces().values())[:2]]

    assert play({module: {"config": one, "state": "replaced"}}).recap["changed"] == 1
    assert vlans() == [20, 10]
    assert play({module: {"config": one, "state": "overridden"}}).recap["changed"] == 1
    assert vlans() == [20, 1]
    assert [port.description for port in list(switch.interfaces().values())[:2]] == ["port-1", "port-2"]


def test_command(play: Play) -> None:
    module = "connetos.connetos.connetos_command"
    run = play(
        {module: {"commands": ["show vlans", "show version | match OS"]}},
        {module: {"commands": ["show vlans"], "wait_for": [{"contains": "Vlan ID"}, {"lacks": "no such"}]}},
        {module: {"commands": ["clear system commit", "show vlans"]}, "check_mode": True},
        {module: {"commands": ["show bogus"]}, "ignore_errors": True},
        {module: {"commands": ["configure"]}, "ignore_errors": True},
        {
            module: {
                "commands": ["show vlans"],
                "wait_for": [{"contains": "gone"}],
                "retries": 1,
                "interval": 0.1,
            },
            "ignore_errors": True,
        },
    )
    plain, waited, checked, bogus, configure, never = run.results
    assert plain["stdout_lines"][0][0] == "Vlan ID   Tag        Interfaces" and not plain["changed"]
    assert waited["stdout"] == plain["stdout"][:1]
    assert len(checked["stdout"]) == 1 and "not clear system commit" in run.output
    assert run.recap["ignored"] == 3
    assert '"bogus" is not recognized' in bogus["msg"]
    assert "isn't an operational command" in configure["msg"]
    assert never["msg"] == "result 0 doesn't contain 'gone'" and never["stdout"]


def test_facts(play: Play, switch: Switch) -> None:
    switch.apply_lines(VLANS)
    module = "connetos.connetos.connetos_facts"
    run = play(
        {module: {"gather_subset": ["all"], "gather_network_resources": ["vlans"]}},
        {module: {"gather_subset": ["all", "!config"]}},
        {module: {"gather_network_resources": ["nonsense"]}, "ignore_errors": True},
        {"ansible.builtin.debug": {"var": "ansible_facts.net_hostname"}},
    )
    everything, less, wrong = run.results[:3]
    facts = everything["ansible_facts"]
    assert facts["ansible_net_hostname"] == "leaf1" and "te-1/1/1" in facts["ansible_net_interfaces"]
    assert [v["vlan_id"] for v in facts["ansible_network_resources"]["vlans"]] == ["10", "20"]
    assert "********" in facts["ansible_net_config"] and "$6$" not in run.output
    assert "ansible_net_config" not in less["ansible_facts"]
    assert "there is no resource nonsense" in wrong["msg"]
    assert '"ansible_facts.net_hostname": "leaf1"' in run.output


def test_rollback(play: Play, switch: Switch) -> None:
    before = switch.revision()
    switch.apply_lines(VLANS)
    module = "connetos.connetos.connetos_rollback"
    run = play(
        {module: {"rollback": 1}, "check_mode": True, "diff": True},
        {module: {"revision": before}},
        {module: {"revision": before}},
        {module: {"cancel_confirmed": True}},
        {module: {"rollback": 9999}, "ignore_errors": True},
        {module: {}, "ignore_errors": True},
    )
    check, back, again, cancel, far, nothing = run.results
    assert check["changed"] and "vlan-id 10\n" in run.output
    assert back["changed"] and back["commands"] == ["delete vlans vlan-id 10", "delete vlans vlan-id 20"]
    assert not again["changed"] and not cancel["changed"]
    assert run.recap["ignored"] == 2 and not far["changed"] and "Traceback" not in run.output
    assert "give one of rollback, revision or cancel_confirmed" in nothing["msg"]
    assert 10 not in switch.vlans()


def test_modules_are_made_from_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import ansible_modules

    for path, text in ansible_modules.files().items():
        assert path.read_text() == text, f"{path.name}: run python tools/configuration_reference.py"
