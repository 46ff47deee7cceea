"""Execution functions, on a masterless minion, against a live switch."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.packages import Packages
from tests.salt.conftest import Failed, Minion

LINE = "set vlans vlan-id 10 vlan-name web"


def test_functions_that_look(minion: Minion, switch: Switch) -> None:
    switch.apply_lines([LINE, "set vlans vlan-id 10 l3-interface vlan10"])
    call = minion.call
    assert call("connetos.facts")["hostname"] == "leaf1"
    assert call("connetos.cli", "show vlans")["show vlans"].startswith("Vlan ID")
    assert call("connetos.interfaces")["te-1/1/1"] == switch.interfaces()["te-1/1/1"].to_dict() | {
        name: list(value)
        for name, value in switch.interfaces()["te-1/1/1"].to_dict().items()
        if isinstance(value, tuple)
    }
    assert call("connetos.vlans")["10"]["name"] == "web"
    assert call("connetos.config", "vlans vlan-id 10") == switch.config("vlans vlan-id 10")
    assert LINE in call("connetos.config", "vlans", form="set").splitlines()
    assert call("connetos.resource", "vlans")[-1]["vlan_name"] == "web"
    assert call("connetos.state", "system")["hostname"] == "leaf1"
    assert call("connetos.revisions")[0]["id"] == switch.revision()
    assert LINE in call("connetos.revision_diff", switch.revision())
    for name in ("vlan_interfaces", "routes", "aggregates", "loopbacks"):
        assert isinstance(call(f"connetos.{name}"), dict)
    assert call("connetos.management")["address"] == "198.18.255.11/24"
    for name in ("mac_table", "lldp_neighbors"):
        assert call(f"connetos.{name}") == []
    assert "$6$" not in str(call("connetos.config"))


def test_functions_that_change(minion: Minion, switch: Switch) -> None:
    before = switch.revision()
    planned = minion.call("connetos.lines", LINE, test=True)
    assert planned["changed"] and switch.revision() == before
    done = minion.call("connetos.lines", LINE, comment="from Salt")
    assert (done["diff"], done["commands"]) == (planned["diff"], [LINE])
    assert switch.revisions()[0].comment == "from Salt"
    assert minion.call("connetos.lines", LINE) == {"changed": False, "revision": switch.revision()}
    assert minion.call("connetos.merge", {"description": "tier-1"}, "vlans vlan-id 10")["changed"]
    assert minion.call("connetos.replace", {"vlan-name": "db"}, "vlans vlan-id 10")["changed"]
    assert switch.config("vlans vlan-id 10") == {"vlan-name": "db"}
    assert minion.call("connetos.load", "set vlans vlan-id 11\ndelete vlans vlan-id 10")["changed"]
    assert minion.call("connetos.delete", "vlans vlan-id 11")["changed"]
    assert minion.call("connetos.rollback", revision=before, test=True)["changed"] is False
    assert minion.call("connetos.rollback", 1, confirm=600)["confirm_deadline"] > 0
    assert 11 in switch.vlans() and minion.call("connetos.cancel_confirmed")["changed"]
    minion.call("connetos.lines", LINE, confirm=600)
    assert minion.call("connetos.confirm") == switch.revision()
    with switch.configure() as candidate:
        candidate.set("vlans vlan-id 12")
        candidate.schedule(datetime.now() + timedelta(hours=1))
    assert switch.system().scheduled is not None
    assert minion.call("connetos.cancel_scheduled") is True and switch.system().scheduled is None


def test_functions_of_the_machine(minion: Minion, switch: Switch) -> None:
    assert minion.call("connetos_system.reboot", delay=3600) > 0
    assert switch.state("system")["reboot"]["at"] > 0
    assert minion.call("connetos_system.cancel_reboot") is True
    with pytest.raises(Failed, match="no reboot"):
        minion.call("connetos_system.cancel_reboot")
    with pytest.raises(Failed, match="TFTP"):
        minion.call("connetos_system.download", "127.0.0.1", "leaf1.cfg", "connetos.boot")
    assert minion.call("connetos_system.operation", "save", source="running") == {"saved": "running"}
    with pytest.raises(Failed, match="nonsense"):
        minion.call("connetos_system.operation", "nonsense")


LEFT_OUT = {
    "close": "the minion keeps its connection",
    "configure": "a function is one transaction",
    "revision": "`facts` has it",
    "events": "the engine brings them onto the bus",
    "plan": "`test=True` does it",
}


def test_every_method_of_the_sdk_has_a_function(minion: Minion) -> None:
    there = {function.partition(".")[2] for function in minion.call("sys.list_functions", "connetos*")}
    others = {"apply_lines": "lines", "config_text": "config", "system": "facts", "installed": "list_pkgs"}
    others |= {"update": "refresh_db", "repositories": "list_repos"}
    others |= {"add_repository": "add_repo", "remove_repository": "del_repo"}
    methods = {name for kind in (Switch, Packages) for name in vars(kind) if not name.startswith("_")}
    assert methods - LEFT_OUT.keys() - others.keys() <= there
    assert set(others.values()) <= there


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        ("cli", ["show bogus"], '"bogus" is not recognized'),
        ("config", ["vlan"], "vlans"),
        ("resource", ["vlan"], "there is no resource vlan (one of vlans"),
        ("lines", ["sett"], "line 1"),
        ("merge", [{"vlan-id": {"5000": {}}}, "vlans"], "a VLAN ID, 1 to 4094"),
        ("rollback", [9999], "rollback"),
        ("confirm", [], "no commit waits"),
        ("delete", ['a "b'], "isn't closed"),
    ],
)
def test_mistake_is_one_sentence(
    function: str, arguments: list[Any], reason: str, minion: Minion, switch: Switch
) -> None:
    with pytest.raises(Failed) as error:
        minion.call(f"connetos.{function}", *arguments)
    assert reason in str(error.value) and "Traceback" not in str(error.value)


def test_grains(minion: Minion) -> None:
    grains = minion.call("grains.get", "connetos")
    assert grains["hostname"] == "leaf1" and grains["dataplane"] == "memory"
    assert grains["ports"][0] == "te-1/1/1" and len(grains["ports"]) == 8
    assert minion.call("grains.get", "os") != "ConnetOS"


def test_every_function_is_documented_with_an_example(minion: Minion) -> None:
    found = minion.call("sys.doc", "connetos*")
    assert {function.partition(".")[0] for function in found} == {
        "connetos", "connetos_diag", "connetos_pkg", "connetos_system",
    }  # fmt: skip
    for function, text in found.items():
        assert f"salt leaf1 {function}" in text
