"""Nornir's native connection and tasks at live switches."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from nornir.core import Nornir
from nornir.core.exceptions import NornirExecutionError
from nornir.core.task import AggregatedResult, Result, Task

import connetos_sdk
from connetos_sdk import Switch, errors
from connetos_sdk.integrations.nornir import (
    connetos_command,
    connetos_config,
    connetos_configure,
    connetos_confirm,
    connetos_rollback,
    connetos_state,
    switch_of,
)
from connetos_sdk.lab import Lab
from tests.nornir.conftest import NAMES, Start, host

WEB = "set vlans vlan-id 10 vlan-name web"
BROKEN = "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 99"


@pytest.fixture
def nornir(start: Start) -> Nornir:
    return start()


def told(done: AggregatedResult) -> dict[str, Any]:
    return {name: result.result for name, result in done.items()}


def test_a_change_of_all_hosts_and_the_same_again(nornir: Nornir, switches: dict[str, Switch]) -> None:
    first = nornir.run(connetos_configure, config=WEB, comment="from nornir")
    assert {name: result.changed for name, result in first.items()} == dict.fromkeys(NAMES, True)
    for name, switch in switches.items():
        assert switch.vlans()[10].name == "web" and switch.revisions()[0].comment == "from nornir"
        assert '+       vlan-name: "web"' in first[name].diff and first[name].result == switch.revision()
    again = nornir.run(connetos_configure, config=WEB)
    assert not again.failed
    assert not any(result.changed or result.diff for result in again.values())
    assert told(again) == told(first)


@pytest.mark.parametrize("config", [
    WEB,
    [WEB, "set vlans vlan-id 11", "delete vlans vlan-id 11"],
    'vlans {\n    vlan-id 10 {\n        vlan-name: "web"\n    }\n}\n',
    '{"vlans": {"vlan-id": {"10": {"vlan-name": "web"}}}}',
    {"vlans": {"vlan-id": {10: {"vlan-name": "web"}}}},
])  # fmt: skip
def test_a_configuration_in_every_form(
    nornir: Nornir, switches: dict[str, Switch], config: str | list[str] | dict[str, Any]
) -> None:
    (done,) = nornir.filter(name="leaf1").run(connetos_configure, config=config).values()
    assert not done.failed, done.result
    assert done.changed and switches["leaf1"].vlans()[10].name == "web"


def test_a_part_is_replaced(nornir: Nornir, switches: dict[str, Switch]) -> None:
    switches["leaf1"].apply_lines([WEB, "set vlans vlan-id 11"])
    leaf1 = nornir.filter(name="leaf1")
    wanted = {"1": {}, "12": {"vlan-name": "db"}}
    assert leaf1.run(connetos_configure, config=wanted, path="vlans vlan-id", replace=True)["leaf1"].changed
    assert set(switches["leaf1"].vlans()) == {1, 12}
    running = switches["leaf1"].config_text(secrets=True)
    assert not leaf1.run(connetos_configure, config=running, replace=True)["leaf1"].changed


def test_a_dry_run_by_nornirs_own_setting_and_by_the_tasks(start: Start, switches: dict[str, Switch]) -> None:
    nornir = start(core={"raise_on_error": True})
    nornir.data.dry_run = True
    planned = nornir.run(connetos_configure, config=WEB)
    assert all(result.changed and '"web"' in result.diff and result.result for result in planned.values())
    assert not any(10 in switch.vlans() for switch in switches.values())
    done = nornir.run(connetos_configure, config=WEB, dry_run=False)
    assert all(result.changed for result in done.values())
    assert all(10 in switch.vlans() for switch in switches.values())


def test_confirmed_on_all_then_kept_or_rolled_back(nornir: Nornir, switches: dict[str, Switch]) -> None:
    nornir.run(connetos_configure, config=WEB, confirm=600)
    assert all(switch.system().confirm for switch in switches.values())
    same = nornir.run(connetos_configure, config=WEB)
    assert not any(result.changed for result in same.values())
    assert all(switch.system().confirm for switch in switches.values()), "nobody has confirmed yet"
    assert nornir.run(connetos_confirm, dry_run=True)["leaf1"].changed
    assert set(told(nornir.run(connetos_confirm)).values()) == {"confirmed"}
    late = nornir.run(connetos_confirm)
    assert set(late.failed_hosts) == set(NAMES), "a switch may have gone back by itself"
    assert all("no commit waits for confirmation" in words for words in told(late).values())
    nornir.data.reset_failed_hosts()
    assert set(told(nornir.run(connetos_confirm, dry_run=True)).values()) == {"no commit waits"}
    planned = nornir.run(connetos_rollback, dry_run=True)
    assert all(result.changed for result in planned.values()) and 10 in switches["leaf1"].vlans()
    assert all(result.changed for result in nornir.run(connetos_rollback, comment="no web").values())
    assert not any(10 in switch.vlans() for switch in switches.values())


def test_looking(nornir: Nornir, switches: dict[str, Switch]) -> None:
    switches["leaf2"].apply_lines(WEB)
    vlans = told(nornir.run(connetos_state, path="vlans"))
    assert "10" in str(vlans["leaf2"]) and "web" not in str(vlans["leaf1"])
    assert told(nornir.run(connetos_config, path="vlans vlan-id 10 vlan-name", defaults=True)) == {
        name: "web" if name == "leaf2" else "default" for name in NAMES
    }
    assert (
        told(nornir.run(connetos_command, command="show vlans | match 10 | count"))["leaf2"]
        == "Count: 1 lines\n"
    )
    assert "$6$" not in str(told(nornir.run(connetos_config)))
    lost = nornir.run(connetos_config, path="vlans", source="bogus")
    assert all(
        words.startswith("there is no configuration bogus (running, ") for words in told(lost).values()
    )


def test_hosts_run_at_once(nornir: Nornir) -> None:
    together = threading.Barrier(len(NAMES), timeout=60)

    def asked(task: Task) -> Result:
        switch_of(task).revision()
        together.wait()  # only if all hosts are here at once
        return Result(host=task.host, result=switch_of(task).system().hostname)

    assert told(nornir.run(asked)) == {name: name for name in NAMES}


def test_one_of_many_fails_with_a_sentence(
    start: Start, rack: Lab, switches: dict[str, Switch], caplog: pytest.LogCaptureFixture
) -> None:
    leaf = rack.switch("leaf1")
    nornir = start({
        "gone": {**host(leaf), "port": 1},
        "locked-out": {**host(leaf), "password": "wrong-password-7"},
        "untrusted": host(leaf, ca_file=None),
        "misspelt": host(leaf, ca_fil="x"),
        "nameless": {**host(leaf), "hostname": None},
    })  # fmt: skip
    with caplog.at_level(logging.ERROR, "nornir"):
        done = nornir.run(connetos_configure, config=WEB)
    assert set(done.failed_hosts) == {"gone", "locked-out", "untrusted", "misspelt", "nameless"}
    assert all(10 in switch.vlans() for switch in switches.values()), "the others are changed"
    for name, words in (
        ("gone", "can't be reached"),
        ("locked-out", "user name or password"),
        ("untrusted", "certificate"),
        ("misspelt", "have no setting ca_fil (known are url, transport"),
        ("nameless", "has no hostname"),
    ):
        result = done[name][0]
        assert words in result.result and "Traceback" not in result.result, result.result
        assert isinstance(result.exception, errors.ConnetosError) and str(result.exception) == result.result
        assert "wrong-password-7" not in result.result and not result.changed
    assert "Traceback" not in caplog.text
    with pytest.raises(NornirExecutionError):
        done.raise_on_error()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"config": "set vlans vlan-id 5000"}, "5000"),
        ({"config": BROKEN}, "vlans vlan-id 99 isn't configured"),
        ({"config": WEB, "confirm": 0}, "confirm"),
        ({"config": WEB, "path": "vlans"}, "path is for configuration given as data"),
        ({"config": {"vlan": {}}}, "vlan"),
        ({"config": None}, "config is neither text, nor lines, nor data"),
        ({"config": [10]}, "config is neither text, nor lines, nor data"),
        ({"config": WEB, "confirm": -3}, "1 to 30000 seconds"),
    ],
)
def test_what_the_switch_refuses(
    nornir: Nornir, switches: dict[str, Switch], arguments: dict[str, Any], words: str
) -> None:
    before = switches["leaf1"].revision()
    (done,) = nornir.filter(name="leaf1").run(connetos_configure, **arguments).values()
    assert done.failed and words in done[0].result and not done.changed
    assert switches["leaf1"].revision() == before


def test_another_release_is_told_with_what_it_does_not_know(
    nornir: Nornir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> str:
        unknown = "set vlans vlan-id 10 shiny-new-leaf true"
        (done,) = nornir.filter(name="leaf1").run(connetos_configure, config=unknown).values()
        assert done.failed and "shiny-new-leaf" in done[0].result
        nornir.data.reset_failed_hosts()
        return str(done[0].result)

    assert "upgrade" not in asked()
    for version, what in (("9.9.0", "the switch's agent"), ("0.0.1", "the Python package connetos-sdk")):
        monkeypatch.setattr(connetos_sdk, "__version__", version, raising=False)
        assert f"upgrade {what}" in asked()


def test_a_group_of_tasks_ends_at_the_first_that_fails(nornir: Nornir, switches: dict[str, Switch]) -> None:
    def rollout(task: Task) -> str:
        task.run(connetos_configure, config=WEB)
        task.run(connetos_command, command="show bogus")
        task.run(connetos_configure, config="set vlans vlan-id 11")
        return "never"

    done = nornir.filter(name="leaf1").run(rollout)["leaf1"]
    assert [one.failed for one in done] == [True, False, True]
    assert '"bogus" is not recognized' in done[2].result
    assert {10} == set(switches["leaf1"].vlans()) - {1}
