"""ovs-vswitchd's control socket, kept open: answers, refusals, restarts."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from connetos_agent.dataplane.base import DriverError
from connetos_agent.dataplane.openvswitch.control import CommandRefused, Control
from connetos_sdk.lab import Lab

pytestmark = pytest.mark.ovs


@pytest.fixture
def control(two_leaves: Lab) -> Control:
    switch = two_leaves.switch("leaf1")
    return Control(str(switch.control), switch.directory)


def test_it_answers_what_ovs_appctl_answers(two_leaves: Lab, control: Control) -> None:
    switch = two_leaves.switch("leaf1")
    told = switch.run(["ovs-appctl", "-t", str(switch.control), "version"]).stdout
    assert control.call("version") == told
    trace = control.call("ofproto/trace", "br0", "in_port=1,dl_dst=ff:ff:ff:ff:ff:ff")
    assert "Datapath actions:" in trace


def test_one_connection_serves_many_threads(control: Control) -> None:
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.extend(control.call("version") for _ in range(50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 200
    assert len(set(answers)) == 1


def test_a_refusal_tells_the_daemons_words_and_the_connection_goes_on(control: Control) -> None:
    with pytest.raises(CommandRefused, match="ovs-vswitchd refused fdb/show: no such bridge"):
        control.call("fdb/show", "no-bridge; rm -rf /")
    assert "ovs-vswitchd" in control.call("version")


def test_it_outlives_a_restart_of_the_daemon(two_leaves: Lab, control: Control) -> None:
    assert "ovs-vswitchd" in control.call("version")
    vswitch = two_leaves.switch("leaf1").ovs
    assert vswitch is not None
    vswitch.stop()
    with pytest.raises(DriverError, match="is it running"):
        control.call("version")
    vswitch.start()
    assert "ovs-vswitchd" in control.call("version")


def test_a_socket_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DriverError, match=f"{tmp_path}/none"):
        Control(f"{tmp_path}/none", tmp_path).call("version")
    with pytest.raises(DriverError, match=f"in {tmp_path}"):
        Control("", tmp_path).call("version")
