"""How the lab starts agents, and what it says when one does not start. No root, no Open vSwitch."""

from __future__ import annotations

import json
import stat
from typing import Any

import pytest
from lab_helpers import MakeLab, traces

from connetos_sdk.lab import CommandError, LabError
from connetos_sdk.lab import daemon as daemon_module
from connetos_sdk.lab.agent import Agent, merged


def _command(monkeypatch: pytest.MonkeyPatch, *argv: str) -> None:
    monkeypatch.setattr(Agent, "_command", list(argv))


def test_an_agent_that_exits_is_reported_with_the_end_of_its_log(
    make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    _command(monkeypatch, "/bin/sh", "-c", "echo no licence for this; exit 3")
    lab = make_lab(dataplane="memory")
    with pytest.raises(CommandError, match=r"exited before it was ready.*\n.*no licence for this"):
        lab.up()


def test_an_agent_that_never_gets_ready_is_reported(
    make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_module, "READY_SECONDS", 0.2)
    _command(monkeypatch, "sleep", "600")
    lab = make_lab(dataplane="memory")
    with pytest.raises(CommandError, match=r"was not ready within 0\.2 s"):
        lab.up()
    lab.down()
    assert traces(lab) == []


def test_an_agent_that_is_not_a_program_is_reported(
    make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    _command(monkeypatch, "/nonexistent/agent")
    lab = make_lab(dataplane="memory")
    with pytest.raises(CommandError, match=r"cannot start /nonexistent/agent: .*No such file"):
        lab.up()


def test_a_failed_with_statement_leaves_nothing(make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    _command(monkeypatch, "false")
    lab = make_lab(dataplane="memory")
    with pytest.raises(CommandError), lab:
        pass
    assert traces(lab) == []


def test_a_lab_in_memory_has_switches_but_no_hosts(make_lab: MakeLab) -> None:
    with make_lab(dataplane="memory") as lab:
        assert [(status.ovs, status.healthy) for status in lab.status()] == [("none", True)] * 2
        assert lab.switch("leaf1").namespace is None
        with pytest.raises(LabError, match="data plane is in memory"):
            lab.host("h1")
        with pytest.raises(LabError, match="data plane is in memory"):
            lab.node("leaf1")
    assert traces(lab) == []


def test_the_startup_configuration_is_private_and_written_once(make_lab: MakeLab) -> None:
    config = {"system": {"login": {"user": {"ops": {"class": "read-only"}}}}}
    with make_lab(dataplane="memory", switches={"leaf1": {"ports": 4, "config": config}, "leaf2": {}}) as lab:
        switch = lab.switch("leaf1")
        path = switch.files.startup_config
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        path.write_text(json.dumps({"changed": True}))
        switch.agent.write_startup_config("x", "y")
        assert json.loads(path.read_text()) == {"changed": True}


def test_a_given_configuration_is_merged_over_the_generated_one() -> None:
    base: dict[str, Any] = {"system": {"hostname": "leaf1", "login": {"user": {"admin": {}}}}}
    over = {"system": {"hostname": "other"}, "vlans": {}}
    assert merged(base, over) == {
        "system": {"hostname": "other", "login": {"user": {"admin": {}}}},
        "vlans": {},
    }
    assert base["system"]["hostname"] == "leaf1"
