"""A switch out of its box configures itself; each fault has its state and reason, and ends in success once it is gone."""

from __future__ import annotations

import hashlib
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connetos_sdk import Switch
from tests.atp.conftest import FILE, HINT, OWN, SERVER, Rack, configuration
from tests.waiting import until

pytestmark = pytest.mark.ovs


def test_a_hint_and_a_file_are_all_it_takes(rack: Rack) -> None:
    rack.serve(configuration(more="set vlans vlan-id 10 vlan-name web\n"))
    rack.provisioned()
    assert rack.leaf.config("vlans vlan-id 10 vlan-name") == "web"
    addresses = rack.machine.run(["ip", "-4", "-o", "addr", "show", "dev", "eth0"]).stdout
    assert addresses.count("inet ") == 1
    assert f"{OWN}/24" in addresses
    revisions = [(r.user, r.comment) for r in rack.leaf.revisions()[:2]]
    assert revisions[0] == ("atp", f"atp: {FILE} from {SERVER}")


def test_it_is_over_after_a_reboot(rack: Rack) -> None:
    rack.serve(configuration())
    rack.provisioned()
    rack.serve(configuration(more="set vlans vlan-id 99\n"))
    rack.machine.reboot()
    assert rack.state()["state"] == "SUCCESS"
    assert not rack.state()["running"]
    assert "vlans" not in rack.leaf.config()


def test_file_missing(rack: Rack) -> None:
    rack.until("NETWORK_VALID", f"hasn't got {FILE}")
    assert rack.show().startswith("State: NETWORK_VALID\nLldp: the TFTP server 198.18.255.1 hasn't got")
    rack.serve(configuration())
    rack.provisioned()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the configuration file is empty"),
        (" \n\n", "the configuration file is empty"),
        (configuration("198.18.255.22/24"), "is for 198.18.255.22, not for 198.18.255.21"),
        ("set system hostname leaf\n", "has no management address, not 198.18.255.21"),
        (configuration(more="set vlans vlan-id 5000\n"), "is invalid: "),
        (configuration(more="set interface gigabit-ethernet te-1/1/9 mtu 9000\n"), "this switch has no port te-1/1/9"),
        (configuration(more="set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 7\n"), "7"),
        (b"\xff\xfe\x00", "is no text"),
        ("interface {\n", "is invalid: "),
    ],
    ids=["empty", "blank", "other address", "no address", "bad value", "no such port", "reference", "binary", "cut off"],
)  # fmt: skip
def test_a_file_that_is_not_right(rack: Rack, text: str | bytes, reason: str) -> None:
    rack.serve(text)
    rack.until("TFTP_FIN", reason)
    assert rack.leaf.config() == {}
    rack.serve(configuration())
    rack.provisioned()


@pytest.mark.parametrize(
    "description", [f"leaf@{OWN}", "leaf@198.18.255@1", f"leaf@{OWN}@300", "a@224.0.0.1@1", "@@"]
)
def test_a_malformed_description(rack: Rack, description: str) -> None:
    rack.serve(configuration())
    rack.describe(one=description)
    rack.machine.swap()
    rack.until("ADDRESS_COLLECTING", "port description at te-1/1/1 can't be used")
    rack.describe(one=HINT)
    rack.provisioned()


def test_two_neighbours_that_disagree(rack: Rack) -> None:
    rack.serve(configuration())
    rack.describe(one=HINT, two="leaf@198.18.255.22@1")
    rack.machine.swap()
    rack.until("ADDRESS_COLLECTING", "neighbours disagree")
    rack.describe(one=HINT, two=HINT)
    rack.provisioned()


def test_an_address_in_use(rack: Rack) -> None:
    rack.serve(configuration())
    other = rack.lab.node("mgmt")
    other.run(["ip", "addr", "add", f"{OWN}/24", "dev", "mgmt"])
    try:
        rack.machine.swap()
        rack.until("ADDRESS_COLLECTING", f"the address {OWN} is in use by ")
        assert "inet " not in rack.machine.run(["ip", "-4", "addr", "show", "dev", "eth0"]).stdout
    finally:
        other.run(["ip", "addr", "del", f"{OWN}/24", "dev", "mgmt"])
    rack.provisioned()


def test_a_server_that_is_not_there(rack: Rack) -> None:
    rack.serve(configuration())
    rack.describe(one=f"leaf@{OWN}@99")
    rack.machine.swap()
    rack.until("ADDRESS_VALID", "198.18.255.99 can't be reached")
    rack.describe(one=f"leaf@{OWN}@203.0.113.9")
    rack.until("ADDRESS_VALID", "203.0.113.9 can't be reached: it isn't in 198.18.255.0/24")
    rack.describe(one=HINT)
    rack.provisioned()


def test_a_server_that_is_down(rack: Rack) -> None:
    rack.serve(configuration())
    server = rack.lab.provisioning
    assert server is not None
    server.stop()
    rack.machine.swap()
    rack.until("NETWORK_VALID", "doesn't answer")
    server.start()
    rack.provisioned()


def test_a_link_that_flaps(rack: Rack) -> None:
    spine = rack.lab.switch("spine").node
    for _ in range(6):
        spine.run(["ip", "link", "set", "te-1-1-1", "down"])
        spine.run(["ip", "link", "set", "te-1-1-1", "up"])
    rack.serve(configuration())
    for _ in range(4):
        spine.run(["ip", "link", "set", "te-1-1-1", "down"])
        spine.run(["ip", "link", "set", "te-1-1-1", "up"])
    rack.provisioned()


def test_a_configuration_that_cuts_the_switch_off_is_rolled_back(rack: Rack) -> None:
    rack.serve(configuration(f"{OWN}/32"))
    reason = f"the configuration cuts the switch off from {SERVER}; it was rolled back"
    rack.until("TFTP_FIN", reason)
    assert rack.leaf.config() == {}
    assert rack.leaf.config(source="startup") == {}
    rack.serve(configuration())
    rack.provisioned()


@contextmanager
def hostile_server(rack: Rack, kind: str) -> Iterator[None]:
    server = rack.lab.provisioning
    assert server is not None
    server.stop()
    script = Path(__file__).with_name("hostile_tftp.py")
    process = rack.lab.node("mgmt").start([sys.executable, str(script), kind, SERVER])
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        yield
    finally:
        process.kill()
        process.wait()
        server.start()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("endless", "is larger than"),
        ("announced", "is larger than"),
        ("garbage", "packets that TFTP doesn't have here"),
        ("silent", "doesn't answer"),
    ],
)
def test_a_transfer_that_is_hostile(rack: Rack, kind: str, reason: str) -> None:
    rack.serve(configuration())
    with hostile_server(rack, kind):
        rack.machine.swap()
        rack.until("NETWORK_VALID", reason)
        assert list((rack.machine.files.run).glob(".atp-*")) == []
    rack.provisioned()


def test_a_checksum_beside_the_file(rack: Rack) -> None:
    text = configuration()
    rack.serve(text)
    rack.serve("0" * 64 + f"  {FILE}\n", f"{FILE}.sha256")
    rack.machine.swap()
    rack.until("NETWORK_VALID", f"doesn't have the sum that {FILE}.sha256 says")
    rack.serve(hashlib.sha256(text.encode()).hexdigest() + f"  {FILE}\n", f"{FILE}.sha256")
    rack.provisioned()


@pytest.mark.parametrize(
    "state", ["ADDRESS_COLLECTING", "ADDRESS_VALID", "NETWORK_VALID", "TFTP_FIN", "SUCCESS"]
)
def test_a_power_cut_in_each_state(rack: Rack, state: str) -> None:
    reached = threading.Event()

    def pull_the_plug() -> None:
        with Switch(rack.machine.local_url) as leaf:
            for event in leaf.events():
                if event.kind == "atp" and event.data["state"] == state:
                    rack.machine.kill_agent(signal.SIGKILL)
                    reached.set()
                    return

    rack.until("NETWORK_VALID", "hasn't got")
    plug = threading.Thread(target=pull_the_plug)
    plug.start()
    until(lambda: rack.leaf.state("system"), rack.state)
    rack.serve(configuration())
    plug.join(60)
    assert reached.is_set()
    rack.machine.reboot()
    rack.provisioned()


def test_who_configures_by_hand_is_not_disturbed(rack: Rack) -> None:
    rack.until("NETWORK_VALID", "hasn't got")
    with rack.leaf.configure() as change:
        change.set("system hostname mine")
    until(lambda: not rack.state()["running"], rack.state)
    assert rack.state()["reason"] == "configured by root"
    rack.serve(configuration())
    rack.machine.restart_agent()
    assert rack.state()["reason"] == "the switch has a configuration"
    assert rack.leaf.config() == {"system": {"hostname": "mine"}}


def test_a_dead_switch_is_replaced_without_anyone_typing(rack: Rack) -> None:
    rack.serve(configuration(more="set vlans vlan-id 10 vlan-name web\n"))
    rack.provisioned()
    latest = rack.leaf.config_text(form="set")
    rack.serve(latest)
    rack.machine.swap()
    rack.provisioned()
    assert rack.leaf.config_text(form="set") == latest


def test_what_happens_is_told_in_events_and_the_log(rack: Rack) -> None:
    events = rack.leaf.events()
    rack.serve(configuration())
    told = []
    for event in events:
        if event.kind == "atp":
            told.append(event.data["state"])
            if event.data["state"] == "SUCCESS":
                break
    assert told[-4:] == ["ADDRESS_VALID", "NETWORK_VALID", "TFTP_FIN", "SUCCESS"]
    assert "ATP: SUCCESS" in rack.machine.agent_log.read_text()
