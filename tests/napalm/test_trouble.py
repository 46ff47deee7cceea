"""What the driver says on bad days: each time what to do, and never a secret."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from napalm.base import exceptions
from nornir import InitNornir
from nornir_napalm.plugins.tasks import napalm_configure

import connetos_sdk
from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from napalm_connetos import ConnetOSDriver
from tests.conftest import connect, topology
from tests.napalm.conftest import arguments, driver

WRONG = "not-this-secret"
WEB = "set vlans vlan-id 10 vlan-name web"
PAIR = "name: badnapalm-{pid}\ndataplane: memory\nswitches:\n  leaf1: {{ports: 4}}\n  leaf2: {{ports: 4}}\n"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(PAIR.format(pid=os.getpid()), tmp_path_factory.mktemp("pair"))) as lab:
        yield lab


@pytest.mark.parametrize(
    ("wrong", "kind", "words"),
    [
        ({"password": WRONG}, exceptions.ConnectAuthError, r"password is wrong \(asked as user admin\)"),
        ({"password": ""}, exceptions.ConnectAuthError, "asked as user admin, without a password"),
        ({"url": "https://127.0.0.1:1"}, exceptions.ConnectionException, "agent running, and the address right"),
        ({"url": "https://no-such-host.invalid"}, exceptions.ConnectionException, "the address right"),
        ({"ca_file": None}, exceptions.ConnectionException, r"trust its certificate \(ca_file\)"),
    ],
)  # fmt: skip
def test_switch_that_cannot_be_opened(
    wrong: dict[str, Any],
    kind: type[Exception],
    words: str,
    leaf: LabSwitch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    given = arguments(leaf, **{name: value for name, value in wrong.items() if name != "password"})
    device = ConnetOSDriver(**{**given, **{k: v for k, v in wrong.items() if k == "password"}})
    with pytest.raises(kind, match=words) as caught:
        device.open()
    for text in (str(caught.value), caplog.text, repr(caught.value.__cause__)):
        assert WRONG not in text and leaf.password not in text


@pytest.mark.parametrize(
    ("optional", "words"),
    [
        ({"cafile": "leaf1.pem"}, r"optional_args has no cafile \(known are port, ca_file, ssl_verify, "),
        ({"ssl-verify": False}, "has no ssl-verify"),
        ({"port": "abc"}, r"port abc in optional_args isn't one \(1 to 65535\)"),
        ({"port": 65536}, "port 65536"),
        ({"port": -1}, "port -1"),
    ],
)
def test_optional_arguments_that_do_nothing_are_refused(
    optional: dict[str, Any], words: str, leaf: LabSwitch
) -> None:
    with pytest.raises(exceptions.ConnectionException, match=words):
        driver(leaf, **optional)


def test_optional_arguments_of_other_drivers_may_stand_for_all_hosts(leaf: LabSwitch) -> None:
    others = {
        "global_delay_factor": 2,
        "ssh_config_file": "~/.ssh/config",
        "secret": "x",
        "eos_transport": "https",
    }
    with driver(leaf, **others, port="443") as device:
        assert device.is_alive() == {"is_alive": True}


def test_agent_restarts_while_a_candidate_is_open(
    leaf: LabSwitch, device: ConnetOSDriver, switch: Switch
) -> None:
    device.load_merge_candidate(config=WEB)
    leaf.stop_agent()
    try:
        with pytest.raises(exceptions.ConnectionClosedException, match="is the agent running"):
            device.commit_config()
        assert device.is_alive() == {"is_alive": False}
    finally:
        leaf.start_agent()
    assert device.is_alive() == {"is_alive": True}
    with pytest.raises(exceptions.CommitError, match=r"the candidate is gone.*load it again"):
        device.commit_config()
    assert device.compare_config() == "" and 10 not in switch.vlans()
    device.load_merge_candidate(config=WEB)
    device.commit_config()
    assert 10 in switch.vlans()


def test_another_release_is_told_with_what_it_does_not_know(
    device: ConnetOSDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = "set vlans vlan-id 10 shiny-new-leaf true"
    with pytest.raises(exceptions.MergeConfigException, match="shiny-new-leaf") as same:
        device.load_merge_candidate(config=unknown)
    assert "upgrade" not in str(same.value)
    for version, what in (("9.9.0", "the switch's agent"), ("0.0.1", "the Python package connetos-sdk")):
        monkeypatch.setattr(connetos_sdk, "__version__", version, raising=False)
        with pytest.raises(exceptions.MergeConfigException, match=f"shiny-new-leaf.*upgrade {what}"):
            device.load_merge_candidate(config=unknown)


def test_one_of_many_fails_and_the_others_are_changed(pair: Lab, tmp_path: Path) -> None:
    hosts = {}
    for name, wrong in (("leaf1", {}), ("leaf2", {}), ("gone", {"url": "https://127.0.0.1:1"})):
        given = arguments(pair.switch("leaf2" if name == "gone" else name), **wrong)
        extras = {"optional_args": given.pop("optional_args")}
        hosts[name] = {**given, "platform": "connetos", "connection_options": {"napalm": {"extras": extras}}}
    (tmp_path / "hosts.yaml").write_text(yaml.safe_dump(hosts))
    inventory = {"plugin": "SimpleInventory", "options": {"host_file": str(tmp_path / "hosts.yaml")}}
    nornir = InitNornir(inventory=inventory, logging={"enabled": False})
    try:
        done = nornir.run(napalm_configure, configuration=WEB)
    finally:
        nornir.close_connections()
    assert set(done.failed_hosts) == {"gone"}
    assert "127.0.0.1:1 can't be reached" in str(done["gone"][0].exception)
    for name in ("leaf1", "leaf2"):
        with connect(pair.switch(name)) as switch:
            assert done[name][0].changed and 10 in switch.vlans()
