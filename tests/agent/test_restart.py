"""What an agent that died, a switch that rebooted and a full disk leave behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connetos_sdk import Switch
from connetos_sdk.lab.lab import LabSwitch
from tests.agent.conftest import assert_refused

VLAN = {"vlans": {"vlan-id": {"10": {"vlan-name": "web"}}}}


def test_a_killed_agent_goes_on_with_the_running_configuration(machine: LabSwitch, box: Switch) -> None:
    box.merge(VLAN)
    before = box.config(secrets=True), box.revision()
    machine.kill_agent()
    machine.start_agent()
    assert (box.config(secrets=True), box.revision()) == before
    assert box.vlans()[10].name == "web"
    assert box.system().troubles == []


def test_a_pending_commit_rolls_back_even_if_the_agent_died_meanwhile(
    machine: LabSwitch, box: Switch
) -> None:
    before = box.config()
    pending = box.merge(VLAN, confirm=3)
    machine.kill_agent()
    machine.start_agent()
    events = box.events()
    if box.system().confirm is not None:
        assert any(event.kind == "rolled-back" for event in events)
    assert box.revision() == pending.revision + 1
    assert box.config() == before


def test_a_reboot_loads_what_was_saved(machine: LabSwitch, box: Switch) -> None:
    startup = box.config(source="startup")
    box.merge(VLAN)
    machine.reboot()
    assert box.config() == startup
    box.merge(VLAN)
    box.save()
    box.merge({"system": {"hostname": "unsaved"}})
    machine.reboot()
    assert box.config("vlans") == VLAN["vlans"]
    assert box.config("system hostname") != "unsaved"
    box.delete("vlans")
    box.save()


def test_a_startup_configuration_that_is_wrong_leaves_a_switch_that_runs(
    machine: LabSwitch, box: Switch
) -> None:
    good = machine.files.startup_config.read_text()
    secret = "battery-staple"
    machine.files.startup_config.write_text(
        f"system {{ login {{ user bob {{ authentication {{ plain-text-password: correct {secret} }} }} }} }}"
    )
    try:
        machine.reboot()
        url = f"unix://{machine.files.run / 'agent.sock'}"
        if os.geteuid() == 0:
            with Switch(url) as local:
                assert local.config() == {}
                assert any("startup" in trouble for trouble in local.system().troubles)
        assert secret not in machine.agent_log.read_text()
    finally:
        machine.files.startup_config.write_text(good)
        machine.reboot()
    assert box.config("system hostname") == "leaf1"


def test_saving_the_default_configuration_is_a_factory_reset(machine: LabSwitch, box: Switch) -> None:
    good = machine.files.startup_config.read_text()
    try:
        box.save("default")
        assert box.config(source="startup") == {}
    finally:
        machine.files.startup_config.write_text(good)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 KB."""
    path = tmp_path / "state"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k,mode=0700", "tmpfs", path], check=True)
    yield path
    subprocess.run(["umount", "-l", path], check=True)


@pytest.fixture
def agent_on_small_disk(small_disk: Path, tmp_path: Path) -> Iterator[httpx.Client]:
    """HTTP, through its local socket, to an agent that keeps its state there."""
    run = tmp_path / "run"
    settings = tmp_path / "agent.toml"
    settings.write_text(
        f'state-directory = "{small_disk}"\nrun-directory = "{run}"\ndataplane = "memory"\n'
        '[platform.ports]\n"te-1/1/1" = "p1"\n'
    )
    source = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{source}:{source / 'agent'}"}
    log = (tmp_path / "agent.log").open("wb")
    command = [sys.executable, "-m", "connetos_agent", "--config", str(settings)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        log.write(line.encode())
        if '"ready"' in line:
            break
    transport = httpx.HTTPTransport(uds=str(run / "agent.sock"))
    try:
        with httpx.Client(transport=transport, base_url="http://switch/api/v1/", timeout=20) as client:
            yield client
    finally:
        process.terminate()
        process.wait(10)
        process.stderr.close()
        log.close()


def fill(directory: Path) -> Path:
    """Leave no byte free; the file that takes the space."""
    path = directory / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return path


@pytest.mark.root
def test_a_full_disk_refuses_the_change_and_works_again_when_there_is_space(
    agent_on_small_disk: httpx.Client, small_disk: Path
) -> None:
    api = agent_on_small_disk
    assert api.patch("config", json=VLAN).status_code == 200
    before = api.get("config"), api.get("state/vlans").json(), api.get("revisions").json()
    filler = fill(small_disk)
    change = {"vlans": {"vlan-id": {str(n): {"description": "x" * 200} for n in range(100, 130)}}}
    for attempt in (
        api.patch("config", json=change), api.patch("config?confirm=60", json=change), api.post("rpc/save"),
        api.patch("config", json={"system": {"hostname": "full"}}),
    ):  # fmt: skip
        problem = assert_refused(attempt, 507, "storage-failed")
        assert "space" in problem["problems"][0]["hint"]
    assert api.get("config").headers["etag"] == before[0].headers["etag"]
    assert (api.get("config").json(), api.get("state/vlans").json(), api.get("revisions").json()) == (
        before[0].json(), before[1], before[2],
    )  # fmt: skip
    assert api.get("state/system/confirm").json() is None
    filler.unlink()
    assert api.patch("config", json=change).status_code == 200
    assert len(api.get("config/vlans/vlan-id").json()) == 31
    assert not [path for path in small_disk.rglob("*") if path.suffix in (".pending", ".new")]
