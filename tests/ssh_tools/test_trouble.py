"""What netmiko and scrapli say on bad days: each time what to do, and never a secret."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from netmiko import ConnectHandler
from netmiko.exceptions import ConfigInvalidException, NetmikoAuthenticationException, NetmikoTimeoutException
from scrapli.exceptions import ScrapliException

from connetos_sdk.integrations.netmiko import AgentAbsent, SessionEnded
from connetos_sdk.integrations.scrapli import connetos
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from tests.conftest import connect, topology

WRONG = "not-this-secret"
RACK = """\
name: badssh-{pid}
dataplane: memory
switches:
  leaf1: {{ports: 4, ssh: true}}
  leaf2: {{ports: 4, ssh: true}}
"""
needs_ssh = pytest.mark.skipif(shutil.which("ssh") is None, reason="needs Debian's openssh-client")


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(RACK.format(pid=os.getpid()), tmp_path_factory.mktemp("rack"))) as lab:
        yield lab


def access(switch: LabSwitch) -> dict[str, Any]:
    assert switch.ssh is not None
    return {
        "host": "127.0.0.1",
        "port": switch.ssh.port,
        "username": switch.username,
        "password": switch.password,
    }


@pytest.fixture
def leaf(rack: Lab) -> LabSwitch:
    return rack.switch("leaf1")


@pytest.fixture
def netmiko(leaf: LabSwitch) -> Callable[..., Any]:
    return lambda **other: ConnectHandler(device_type="connetos", **{**access(leaf), **other})


@pytest.fixture
def scrapli(leaf: LabSwitch) -> Callable[..., Any]:
    assert leaf.ssh is not None
    known = leaf.ssh.known_hosts
    return lambda **other: connetos(**{**access(leaf), **other}, known_hosts=known)


def advice(error: BaseException) -> str:
    """What an uncaught error of scrapli shows."""
    return " ".join([str(error), *getattr(error, "__notes__", [])])


# -- logging in -------------------------------------------------------------------------------------------


def test_netmiko_cannot_log_in(netmiko: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for wrong, kind, words in (
        ({"password": WRONG}, NetmikoAuthenticationException, "Invalid username and password"),
        ({"port": 1}, NetmikoTimeoutException, "Wrong TCP port"),
        ({"host": "no-such-host.invalid"}, NetmikoTimeoutException, "not resolvable in DNS"),
    ):
        with pytest.raises(kind, match=words) as caught:
            netmiko(**wrong)
        assert WRONG not in str(caught.value)
    assert caplog.records and WRONG not in caplog.text


@needs_ssh
def test_scrapli_cannot_log_in(scrapli: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for wrong, words in (
        ({"password": WRONG}, "is the user name right, and the password?"),
        ({"port": 1}, "is the address right, and does the switch run?"),
        ({"host": "no-such-host.invalid"}, "is the address right, and does the switch run?"),
    ):
        with pytest.raises(ScrapliException) as caught, scrapli(**wrong):
            pass
        assert words in advice(caught.value) and WRONG not in advice(caught.value)
    assert WRONG not in caplog.text


# -- the agent ends and comes again -------------------------------------------------------------------------


def test_agent_restarts_below_netmiko(leaf: LabSwitch, netmiko: Callable[..., Any]) -> None:
    session = netmiko()
    session.send_config_set(["set vlans vlan-id 10"])
    leaf.stop_agent()
    try:
        with pytest.raises(AgentAbsent, match="its agent doesn't answer; try again when it runs"):
            netmiko()
    finally:
        leaf.start_agent()
    for again in (session.commit, lambda: session.send_command("show vlans")):
        with pytest.raises(SessionEnded, match="connect again \\(what wasn't committed is gone\\)"):
            again()
    assert not session.is_alive()
    session.disconnect()
    with connect(leaf) as switch, netmiko() as other:
        assert 10 not in switch.vlans()
        assert str(other.send_command("show vlans")).startswith("Vlan ID")


@needs_ssh
def test_agent_restarts_below_scrapli(leaf: LabSwitch, scrapli: Callable[..., Any]) -> None:
    with pytest.raises(ScrapliException) as caught, scrapli() as session:
        assert session.send_input("show vlans").result.startswith("Vlan ID")
        leaf.restart_agent()
        session.send_input("show vlans")
    assert "connect again; what wasn't committed is gone" in advice(caught.value)
    leaf.stop_agent()
    try:
        with pytest.raises(ScrapliException) as caught, scrapli():
            pass
        assert "its agent doesn't answer; try again when it runs" in advice(caught.value)
    finally:
        leaf.start_agent()
    with scrapli() as session:
        assert not session.send_input("show vlans").failed


# -- several switches ---------------------------------------------------------------------------------------


def test_one_of_many_fails_and_the_others_are_changed(rack: Lab) -> None:
    leaves = [rack.switch(name) for name in ("leaf1", "leaf2")]
    devices = [access(leaf) for leaf in leaves] + [{**access(leaves[0]), "port": 1}]

    def change(device: dict[str, Any]) -> str:
        try:
            with ConnectHandler(device_type="connetos", **device) as session:
                session.send_config_set(["set vlans vlan-id 20"])
                return str(session.commit())
        except NetmikoTimeoutException as error:
            return str(error)

    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(change, devices))
    assert "Commit OK." in told[0] and "Commit OK." in told[1]
    assert "TCP connection to device failed" in told[2] and "127.0.0.1:1" in told[2]
    for leaf in leaves:
        with connect(leaf) as switch:
            assert 20 in switch.vlans()


def test_what_an_earlier_release_does_not_know(netmiko: Callable[..., Any]) -> None:
    """Nothing here depends on the agent's release but what is typed, and that the switch names."""
    with (
        netmiko() as session,
        pytest.raises(ConfigInvalidException, match='"shiny-new-leaf" is not recognized'),
    ):
        session.send_config_set(["set vlans vlan-id 10 shiny-new-leaf true"])
