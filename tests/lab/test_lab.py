"""Labs on Open vSwitch: up, down, healing, crashes."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from lab_helpers import MakeLab, traces, write_topology

from connetos_sdk.lab import Lab, LabBusyError, LabError, NotRunningError
from connetos_sdk.lab.processes import wait_gone

pytestmark = [pytest.mark.root, pytest.mark.ovs]

CONNETOS = [sys.executable, "-m", "connetos_sdk.cli"]


@pytest.fixture
def lab(make_lab: MakeLab) -> Iterator[Lab]:
    with make_lab() as lab:
        yield lab


def _pids(lab: Lab) -> list[tuple[int | None, int | None, int | None]]:
    return [(switch.ovsdb_pid, switch.ovs_pid, switch.agent_pid) for switch in lab.switches]


def test_up_twice_changes_no_process(lab: Lab) -> None:
    before = _pids(lab)
    lab.up()
    assert None not in {pid for pids in before for pid in pids}
    assert _pids(lab) == before


def test_down_leaves_nothing_and_may_be_repeated(make_lab: MakeLab) -> None:
    lab = make_lab()
    lab.up()
    assert traces(lab)
    lab.down()
    assert traces(lab) == []
    lab.down()
    assert traces(lab) == []


def test_an_agent_restart_leaves_open_vswitch_alone_and_keeps_the_url(lab: Lab) -> None:
    switch = lab.switch("leaf1")
    ovs, agent, url = switch.ovs_pid, switch.agent_pid, switch.url
    switch.restart_agent()
    assert switch.agent_pid not in (None, agent)
    assert (switch.ovs_pid, switch.url) == (ovs, url)


def test_up_starts_a_killed_agent_again_and_nothing_else(lab: Lab) -> None:
    switch, other = lab.switch("leaf1"), lab.switch("leaf2")
    others = other.agent_pid
    switch.kill_agent()
    assert switch.agent_pid is None
    lab.up()
    assert switch.agent_pid is not None
    assert other.agent_pid == others


def test_up_starts_a_killed_vswitchd_again(lab: Lab) -> None:
    switch = lab.switch("leaf2")
    pid = switch.ovs_pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid, 5)
    assert switch.status().ovs == "degraded"
    lab.up()
    assert switch.ovs_pid not in (None, pid)


def test_up_rebuilds_a_deleted_host(lab: Lab) -> None:
    before = _pids(lab)
    subprocess.run(["ip", "netns", "delete", lab.host("h1").namespace], check=True)
    lab.up()
    assert "198.18.10.1/24" in lab.host("h1").run(["ip", "-br", "address"]).stdout
    assert _pids(lab) == before


def test_up_rebuilds_a_deleted_switch(lab: Lab) -> None:
    switch = lab.switch("leaf2")
    kept, lost = lab.switch("leaf1").ovs_pid, switch.ovs_pid
    assert switch.namespace
    subprocess.run(["ip", "netns", "delete", switch.namespace], check=True)
    lab.up()
    assert switch.ovs_pid not in (None, lost)
    assert lab.switch("leaf1").ovs_pid == kept
    assert not Path(f"/proc/{lost}/exe").exists()


def test_a_reboot_empties_the_run_directory_and_keeps_the_state(lab: Lab) -> None:
    switch = lab.switch("leaf1")
    (switch.files.run / "leftover").touch()
    (switch.files.state / "kept").touch()
    ovs = switch.ovs_pid
    switch.reboot()
    assert switch.ovs_pid not in (None, ovs)
    assert not (switch.files.run / "leftover").exists()
    assert (switch.files.state / "kept").exists()


def test_ports_have_no_checksum_offload_and_no_ipv6(lab: Lab) -> None:
    switch, host = lab.switch("leaf1"), lab.host("h1")
    for node, port in ((switch, "te-1-1-1"), (switch, "te-1-1-3"), (switch, "eth0"), (host, "eth0")):
        assert "tx-checksumming: off" in node.run(["ethtool", "-k", port]).stdout
    assert "inet6" not in switch.run(["ip", "address", "show", "te-1-1-1"]).stdout
    assert "inet6" not in host.run(["ip", "address"]).stdout


def test_an_empty_port_exists_without_carrier(lab: Lab) -> None:
    assert "NO-CARRIER" in lab.switch("leaf1").run(["ip", "link", "show", "te-1-1-3"]).stdout
    assert "LOWER_UP" in lab.switch("leaf1").run(["ip", "link", "show", "te-1-1-1"]).stdout


def test_up_does_not_touch_a_port_that_the_switch_has_disabled(lab: Lab) -> None:
    switch = lab.switch("leaf1")
    switch.run(["ip", "link", "set", "te-1-1-1", "down"])
    lab.up()
    assert "state DOWN" in switch.run(["ip", "link", "show", "te-1-1-1"]).stdout


def test_nothing_of_a_lab_shows_outside_its_namespaces(lab: Lab) -> None:
    names = {name for _, name in socket.if_nameindex()}
    assert not {"mgmt", "leaf1", "te-1-1-1", "te-1-1-4", "p0_3"} & names
    assert socket.gethostname() not in ("leaf1", "leaf2")


def test_hosts_talk_over_a_plain_bridge_also_with_tcp(lab: Lab) -> None:
    switch, h1, h2 = lab.switch("leaf1"), lab.host("h1"), lab.host("h2")
    switch.stop_agent()
    bridge = ["add-br", "plain", "--", "set", "bridge", "plain", "datapath_type=netdev"]
    ports = ["--", "add-port", "plain", "te-1-1-1", "--", "add-port", "plain", "te-1-1-2"]
    result = switch.run(["ovs-vsctl", "--timeout=10", "--if-exists", "del-br", "br0", "--", *bridge, *ports])
    assert result.returncode == 0, result.stderr
    assert h1.ping("198.18.10.2", count=2, timeout=2)
    assert not h1.ping("198.18.10.77", timeout=0.3)
    serve = (
        "import socket; s = socket.create_server(('', 5000)); print('up', flush=True);"
        "c = s.accept()[0]; print(len(b''.join(iter(lambda: c.recv(65536), b''))))"
    )
    send = "import socket; c = socket.create_connection(('198.18.10.2', 5000), 3); c.sendall(bytes(1000000))"
    server = h2.start([sys.executable, "-c", serve])
    assert server.stdout
    assert server.stdout.readline() == "up\n"
    sent = h1.run([sys.executable, "-c", send])
    assert sent.returncode == 0, sent.stderr
    assert server.communicate(timeout=10)[0] == "1000000\n"


def test_hosts_talk_through_configured_vlans(make_lab: MakeLab) -> None:
    port = {"family": {"ethernet-switching": {"native-vlan-id": 10}}}
    config = {
        "vlans": {"vlan-id": {"10": {}}},
        "interface": {"gigabit-ethernet": {"te-1/1/1": port, "te-1/1/2": port}},
    }
    with make_lab(switches={"leaf1": {"ports": 4, "config": config}, "leaf2": {"ports": 4}}) as lab:
        if "br0" not in lab.switch("leaf1").run(["ovs-vsctl", "--timeout=5", "list-br"]).stdout:
            pytest.skip("this agent does not configure Open vSwitch")
        assert lab.host("h1").ping("198.18.10.2", count=3, timeout=2)


def test_the_agent_listens_outside_and_lives_inside_its_namespaces(lab: Lab) -> None:
    switch = lab.switch("leaf1")
    port = int(switch.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=2):
        pass
    assert switch.run(["hostname"]).stdout == "leaf1\n"
    assert switch.ca_file.exists()


def test_the_password_is_only_in_private_files(lab: Lab) -> None:
    password = lab.switch("leaf1").password
    assert len(password) >= 16
    assert password not in repr(lab.switch("leaf1"))
    for switch in lab.switches:
        for pid in (switch.agent_pid, switch.ovs_pid):
            assert password.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
            assert password.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert stat.S_IMODE(lab.directory.stat().st_mode) == 0o700
    holders = [path for path in lab.directory.rglob("*") if path.is_file() and path.name != "uts"]
    holders = [path for path in holders if password.encode() in path.read_bytes()]
    assert {lab.directory / "state.json", lab.directory / "inventory.json"} <= set(holders)
    assert {stat.S_IMODE(path.stat().st_mode) for path in holders} == {0o600}


def test_inventories_say_how_to_reach_every_switch(lab: Lab) -> None:
    plain = json.loads((lab.directory / "inventory.json").read_text())
    ansible = yaml.safe_load((lab.directory / "inventory.yml").read_text())
    leaf2 = ansible["all"]["children"]["switches"]["hosts"]["leaf2"]
    assert plain["switches"]["leaf2"]["url"] == leaf2["connetos_url"] == lab.switch("leaf2").url
    assert leaf2["ansible_connection"] == "connetos.connetos.connetos"
    assert leaf2["connetos_ca_file"] == str(lab.switch("leaf2").ca_file)
    assert plain["hosts"]["h1"]["namespace"] == lab.host("h1").namespace


def test_another_topology_under_the_same_name_is_refused(lab: Lab) -> None:
    document = lab.topology.to_document()
    document["links"] = []
    changed = Lab(type(lab.topology).from_document(document))
    with pytest.raises(LabError, match="another topology"):
        changed.up()


def test_a_second_change_at_the_same_time_is_refused(lab: Lab) -> None:
    with lab.changing(), pytest.raises(LabBusyError, match=f"process {os.getpid()}"):
        lab.up()


def test_two_ups_at_once_make_one_lab(make_lab: MakeLab) -> None:
    lab = make_lab()
    outcomes: list[Exception | None] = []

    def bring_up() -> None:
        try:
            lab.up()
        except LabBusyError as error:
            outcomes.append(error)
        else:
            outcomes.append(None)

    threads = [threading.Thread(target=bring_up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert None in outcomes
    assert all(status.healthy for status in lab.status())


def test_a_lab_cannot_take_a_namespace_of_another_one(make_lab: MakeLab) -> None:
    first = make_lab()
    first.up()
    name = first.topology.name
    second = Lab(
        type(first.topology).from_document(
            {"name": name.split("-")[0], "switches": {f"{name.split('-')[1]}-leaf1": {"ports": 1}}}
        )
    )
    with pytest.raises(LabError, match=f"belongs to lab {name}"):
        second.up()
    second.down()
    assert all(status.healthy for status in first.status())


def test_down_from_inside_the_lab_is_refused(lab: Lab, tmp_path: Path) -> None:
    result = lab.host("h1").run([*CONNETOS, "lab", "down", str(write_topology(lab, tmp_path))])
    assert result.returncode == 1
    assert "runs inside lab" in result.stderr


def test_down_ends_what_was_started_in_a_host(make_lab: MakeLab) -> None:
    lab = make_lab()
    lab.up()
    own = lab.host("h1").start(["sleep", "600"])
    foreign = subprocess.Popen(["ip", "netns", "exec", lab.host("h2").namespace, "sleep", "600"])
    lab.down()
    assert own.wait(5) < 0
    assert foreign.wait(5) < 0


def test_before_up_there_is_nothing_to_ask(make_lab: MakeLab) -> None:
    lab = make_lab()
    with pytest.raises(NotRunningError, match="is not up"):
        lab.switch("leaf1")
    with pytest.raises(NotRunningError):
        lab.host("h1")


def _crash(lab: Lab, command: str, topology: Path, line: int) -> None:
    """Run `connetos lab up|down` and kill it when it has reported `line` steps."""
    argv = [*CONNETOS, "lab", command, str(topology)]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for _ in range(line):
            process.stderr.readline()
        process.kill()


@pytest.mark.parametrize("line", range(6))
def test_down_after_a_killed_up_leaves_nothing(make_lab: MakeLab, tmp_path: Path, line: int) -> None:
    lab = make_lab()
    _crash(lab, "up", write_topology(lab, tmp_path), line)
    lab.down()
    assert traces(lab) == []


@pytest.mark.slow
@pytest.mark.parametrize("milliseconds", range(400, 900, 25))
def test_down_after_an_up_killed_at_any_moment_leaves_nothing(
    make_lab: MakeLab, tmp_path: Path, milliseconds: int
) -> None:
    lab = make_lab()
    argv = [*CONNETOS, "lab", "up", str(write_topology(lab, tmp_path))]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(milliseconds / 1000)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    lab.down()
    assert traces(lab) == []


@pytest.mark.parametrize("line", range(1, 4))
def test_up_after_a_killed_up_finishes_the_work(make_lab: MakeLab, tmp_path: Path, line: int) -> None:
    lab = make_lab()
    _crash(lab, "up", write_topology(lab, tmp_path), line)
    lab.up()
    assert all(status.healthy for status in lab.status())
    assert "LOWER_UP" in lab.switch("leaf1").run(["ip", "link", "show", "te-1-1-1"]).stdout


@pytest.mark.parametrize("line", range(4))
def test_down_after_a_killed_down_leaves_nothing(make_lab: MakeLab, tmp_path: Path, line: int) -> None:
    lab = make_lab()
    lab.up()
    _crash(lab, "down", write_topology(lab, tmp_path), line)
    lab.down()
    assert traces(lab) == []
