"""Single modules in detail: states that only look, replaced and overridden, commands, facts, rollback."""

from __future__ import annotations

import pytest

from connetos_sdk import Switch
from tests.ansible.cases import PORT, VLANS
from tests.ansible.conftest import ROOT, Play

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
    assert never["msg"] == "result 0 (show vlans) doesn't contain 'gone'" and never["stdout"]


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
