"""States as their users meet them: a masterless minion and a live switch."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from connetos_sdk import Switch
from tests.conftest import ROOT
from tests.salt.conftest import Minion

WEB = ["set vlans vlan-id 10 vlan-name web"]
PORT = "interface gigabit-ethernet te-1/1/1"


def names(switch: Switch) -> dict[int, str]:
    return {vlan: state.name for vlan, state in switch.vlans().items()}


def test_lines_change_once_and_then_nothing(minion: Minion, switch: Switch) -> None:
    first = minion.state("connetos_config.managed", lines=WEB, comment="from Salt")
    assert first["result"] is True and first["changes"]["commands"] == WEB, first
    assert '+       vlan-name: "web"' in first["changes"]["diff"]
    assert names(switch)[10] == "web" and switch.revisions()[0].comment == "from Salt"
    again = minion.state("connetos_config.managed", lines=WEB)
    assert again["result"] is True and again["changes"] == {}
    assert switch.revisions()[0].comment == "from Salt"


def test_test_mode_tells_the_very_changes_and_makes_none(minion: Minion, switch: Switch) -> None:
    before = switch.revision()
    document = {"description": "server-1", "family": {"ethernet-switching": {"native-vlan-id": 10}}}
    switch.apply_lines("set vlans vlan-id 10")
    before = switch.revision()
    planned = minion.state("connetos_config.managed", test=True, path=PORT, document=document)
    assert planned["result"] is None and switch.revision() == before
    done = minion.state("connetos_config.managed", path=PORT, document=document)
    assert done["result"] is True and done["changes"] == planned["changes"]
    assert switch.config(PORT) == document


def test_replaced_leaves_nothing_else_at_the_path(minion: Minion, switch: Switch) -> None:
    switch.apply_lines([f"set {PORT} description old", f"set {PORT} mtu 9000"])
    state = {"path": PORT, "document": {"description": "server-1"}, "replace": True}
    assert minion.state("connetos_config.managed", **state)["changes"]
    assert not minion.state("connetos_config.managed", **state)["changes"]
    assert switch.config(PORT) == {"description": "server-1"}


SOURCES = {
    "curly": 'vlans {\n  vlan-id {{ vlan }} {\n    vlan-name: "web"\n  }\n}\n',
    "lines": "# by Salt\nset vlans vlan-id {{ vlan }} vlan-name web\ndelete vlans vlan-id 11\n",
    "json": '{"vlans": {"vlan-id": {"{{ vlan }}": {"vlan-name": "web"}}}}',
}


@pytest.mark.parametrize("form", SOURCES)
def test_template_in_every_form(form: str, minion: Minion, switch: Switch) -> None:
    switch.apply_lines("set vlans vlan-id 11")
    (minion.directory / "states/leaf.conf").write_text(SOURCES[form])
    state = {"source": "salt://leaf.conf", "context": {"vlan": 10}}
    assert minion.state("connetos_config.managed", **state)["changes"]
    assert minion.state("connetos_config.managed", **state)["changes"] == {}
    assert names(switch)[10] == "web" and (11 in names(switch)) == (form != "lines")


def test_confirmed_commit_stays_when_its_check_is_content(minion: Minion, switch: Switch) -> None:
    sls = {
        "change": {"connetos_config.managed": [{"lines": WEB}, {"confirm": 600}]},
        "keep": {"connetos_config.confirmed": [{"onchanges": [{"connetos_config": "change"}]}]},
    }
    first = minion.apply(sls)
    assert first["change"]["changes"] and first["keep"]["changes"] == {"confirmed": switch.revision()}
    assert switch.system().confirm is None and names(switch)[10] == "web"
    second = minion.apply(sls)
    assert all(state["result"] and not state["changes"] for state in second.values()), second


def test_confirmed_commit_goes_back_without(minion: Minion, switch: Switch) -> None:
    assert minion.state("connetos_config.managed", lines=WEB, confirm=2)["changes"]
    deadline = time.monotonic() + 30
    while 10 in names(switch) and time.monotonic() < deadline:
        time.sleep(0.1)
    late = minion.state("connetos_config.confirmed")
    assert late["result"] is False and "has gone back" in late["comment"], late


def test_unconfirmed_takes_a_commit_back_at_once(minion: Minion, switch: Switch) -> None:
    before = switch.revision()
    minion.state("connetos_config.managed", lines=WEB, confirm=600)
    assert minion.state("connetos_config.unconfirmed", test=True)["result"] is None
    assert names(switch)[10] == "web"
    done = minion.state("connetos_config.unconfirmed")
    assert done["changes"]["commands"] == ["delete vlans vlan-id 10"]
    assert switch.config(source=f"revision/{before}") == switch.config()
    assert minion.state("connetos_config.unconfirmed")["changes"] == {}


def test_state_that_changes_nothing_does_not_confirm(minion: Minion, switch: Switch) -> None:
    minion.state("connetos_config.managed", lines=WEB, confirm=600)
    minion.state("connetos_config.managed", lines=WEB)
    assert switch.system().confirm is not None
    switch.cancel_confirmed()


def test_saved(minion: Minion, switch: Switch) -> None:
    switch.apply_lines(f"set vlans vlan-id 10 vlan-name v{time.time_ns()}")
    assert minion.state("connetos_config.saved", test=True)["result"] is None
    assert minion.state("connetos_config.saved")["changes"] == {"saved": switch.revision()}
    assert minion.state("connetos_config.saved")["changes"] == {}
    assert switch.config("vlans", source="startup") == switch.config("vlans")


def test_rolled_back_to_a_revision(minion: Minion, switch: Switch) -> None:
    before = switch.revision()
    switch.apply_lines(WEB)
    planned = minion.state("connetos_config.rolled_back", revision=before, test=True)
    done = minion.state("connetos_config.rolled_back", revision=before)
    assert done["changes"] == planned["changes"] and planned["result"] is None
    assert minion.state("connetos_config.rolled_back", revision=before)["changes"] == {}
    assert 10 not in names(switch)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "give one of them"),
        ({"lines": WEB, "document": {}}, "give one of them"),
        ({"lines": WEB, "path": "vlans"}, "path is only for document"),
        ({"lines": WEB, "replace": True}, "leave replace out"),
        ({"lines": ["sett vlans"]}, "a line begins with set or delete"),
        ({"lines": WEB, "confirm": 0}, "confirm 0 is out of range"),
        ({"document": {"vlan": {}}}, "vlans"),
        ({"document": {}, "path": 'a "b'}, "isn't closed"),
        ({"document": [1]}, "the value is a list, not an object"),
        ({"source": "salt://absent"}, "the master has no file salt://absent"),
        ({"source": "salt://broken"}, "can't be filled in"),
        (
            {"lines": [f"set {PORT} family ethernet-switching native-vlan-id 99"]},
            "set vlans vlan-id 99 first",
        ),
    ],
)
def test_mistake_is_explained(arguments: dict[str, Any], reason: str, minion: Minion, switch: Switch) -> None:
    (minion.directory / "states/broken").write_text("{% if %}")
    before = switch.config()
    for test in (True, False):
        state = minion.state("connetos_config.managed", test=test, **arguments)
        assert state["result"] is False and not state["changes"], state
        assert reason in state["comment"]
    assert switch.config() == before


def test_one_vlan_present_and_absent(minion: Minion, switch: Switch) -> None:
    vlan = {"name": "10", "vlan_name": "web"}
    assert minion.state("connetos_vlan.present", **vlan)["changes"]["commands"] == WEB
    assert minion.state("connetos_vlan.present", **vlan)["changes"] == {}
    assert names(switch)[10] == "web"
    assert minion.state("connetos_vlan.absent", name="10")["changes"]["commands"] == [
        "delete vlans vlan-id 10"
    ]
    assert minion.state("connetos_vlan.absent", name="10")["changes"] == {}


def test_overridden_removes_all_others_in_one_transaction(minion: Minion, switch: Switch) -> None:
    switch.apply_lines(["set vlans vlan-id 10:12"])
    before = switch.revision()
    entries = [{"vlan_id": 20, "vlan_name": "db"}, {"vlan_id": 21}]
    done = minion.state("connetos_vlan.managed", entries=entries, ensure="overridden")
    assert done["result"] is True and {20, 21} <= set(names(switch)) and not {10, 11, 12} & set(names(switch))
    assert switch.revision() == before + 1


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        ("vlan.present", {"name": "5000"}, "5000"),
        ("vlan.present", {"name": "10", "colour": "red"}, "colour isn't known here"),
        ("vlan.managed", {"entries": {"vlan_id": 10}}, "entries isn't a list of mappings"),
        ("vlan.managed", {"entries": [], "ensure": "gone"}, "one of merged, replaced, overridden, deleted"),
    ],
)
def test_mistake_in_an_entry(
    function: str, arguments: dict[str, Any], reason: str, minion: Minion, switch: Switch
) -> None:
    before = switch.config()
    state = minion.state(f"connetos_{function}", **arguments)
    assert state["result"] is False and reason in state["comment"], state
    assert switch.config() == before


def test_files_of_a_rack_are_published(minion: Minion, tmp_path: Path) -> None:
    arguments = {"name": str(tmp_path / "tftp"), "plan": str(ROOT / "examples/atp/rack.yaml")}
    planned = minion.state("connetos_atp.published", test=True, **arguments)
    assert planned["result"] is None and not (tmp_path / "tftp").exists()
    done = minion.state("connetos_atp.published", **arguments)
    assert done["result"] is True and done["changes"] == planned["changes"]
    assert done["changes"] == {path.name: "new" for path in (tmp_path / "tftp").iterdir()}
    assert minion.state("connetos_atp.published", **arguments)["changes"] == {}
    absent = minion.state("connetos_atp.published", name=str(tmp_path), plan="/absent.yaml")
    assert absent["result"] is False and "/absent.yaml" in absent["comment"]
