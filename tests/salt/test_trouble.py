"""Where a minion runs, and what it says when something is wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import ROOT
from tests.salt.conftest import Failed, Minion, access, masterless, run, start, stop

LINES = ["set vlans vlan-id 10 vlan-name web"]


@pytest.fixture
def tell(minion: Minion, memory_lab: Lab) -> Iterator[Callable[..., None]]:
    """Tells the minion other settings than the right ones; None takes one away."""
    right = access(memory_lab.switch("leaf1"))

    def settings(**others: Any) -> None:
        told = {name: value for name, value in {**right, **others}.items() if value is not None}
        minion.call("settings", told or None)

    yield settings
    minion.call("settings", right)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"password": "not-this-secret"}, "password"),
        ({"url": "https://127.0.0.1:1"}, "is the agent running, and the address right?"),
        ({"ca_file": None}, "trust its certificate (ca_file)"),
        ({"ca_file": "/absent.pem"}, "/absent.pem can't be used"),
        ({"url": "leaf1"}, "isn't the URL of a switch"),
        ({"url": "https://[::1"}, "isn't a URL"),
        ({"pasword": "x"}, "a switch has no setting pasword (known are url, host,"),
        ({"timeout_s": "soon"}, "timeout_s"),
        ({"verify": "perhaps"}, "verify"),
    ],
)
def test_wrong_settings_are_told_in_a_sentence(
    settings: dict[str, Any], reason: str, minion: Minion, tell: Callable[..., None]
) -> None:
    tell(**settings)
    with pytest.raises(Failed) as error:
        minion.call("connetos.facts")
    state = minion.state("connetos_config.managed", lines=LINES)
    assert state["result"] is False and state["changes"] == {}
    log = (minion.directory / "log").read_text()
    for text in (str(error.value), state["comment"]):
        assert reason in text and "Traceback" not in text + log
    assert "not-this-secret" not in str(error.value) + log


def test_minion_that_stands_for_no_switch(minion: Minion, tell: Callable[..., None]) -> None:
    tell(url=None, username=None, password=None, ca_file=None)
    with pytest.raises(Failed, match="it isn't said which switch this minion stands for"):
        minion.call("connetos.facts")


def test_agent_restarted_in_mid_run(memory_lab: Lab, minion: Minion, switch: Switch) -> None:
    node = memory_lab.switch("leaf1")
    restart = f"from connetos_sdk.lab import Lab; Lab.named('{memory_lab.topology.name}').switch('leaf1')"
    sls = {
        "before": {"connetos_config.managed": [{"lines": LINES}]},
        "agent": {"cmd.run": [{"name": f'{sys.executable} -c "{restart}.ACTION_agent()"'}]},
        "after": {"connetos_config.managed": [{"lines": ["set vlans vlan-id 11"]}]},
    }
    told = json.loads(json.dumps(sls).replace("ACTION", "stop"))
    try:
        found = minion.apply(told)
        assert found["before"]["result"] and found["agent"]["result"] and found["after"]["result"] is False
        assert "is the agent running, and the address right?" in found["after"]["comment"]
    finally:
        node.start_agent()
    found = minion.apply(json.loads(json.dumps(sls).replace("ACTION", "restart")))
    assert found["before"]["changes"] == {} and found["after"]["result"] is True, found
    assert 11 in switch.vlans()


def test_another_release_is_told_with_what_it_does_not_know(
    salt_bin: Path, memory_lab: Lab, minion: Minion, tmp_path: Path
) -> None:
    state = ("connetos_config.managed", {"lines": ["set vlans vlan-id 10 shiny-new-leaf true"]})
    assert "upgrade" not in minion.state(state[0], **state[1])["comment"]
    later = tmp_path / "later"
    shutil.copytree(ROOT / "connetos_sdk", later / "connetos_sdk")
    place = later / "connetos_sdk/__init__.py"
    told = 'return metadata.version("connetos-sdk")'
    assert told in place.read_text()
    place.write_text(place.read_text().replace(told, 'return "9.9.0"'))
    newer = start(salt_bin, tmp_path, access(memory_lab.switch("leaf1")), path=later)
    try:
        comment = newer.state(state[0], **state[1])["comment"]
        assert "shiny-new-leaf" in comment and comment.endswith("upgrade the switch's agent"), comment
        with pytest.raises(Failed, match=r"of version 9\.9\.0"):
            newer.call("connetos.lines", *state[1]["lines"])
    finally:
        stop(newer)


def test_nothing_secret_is_told_at_the_highest_level(salt_bin: Path, memory_lab: Lab, tmp_path: Path) -> None:
    right = access(memory_lab.switch("leaf1"))
    for password, outcome in (("not-this-secret", "password is wrong"), (right["password"], "leaf1")):
        etc = masterless(tmp_path, {**right, "password": password})
        done = run(salt_bin / "salt-call", "-c", str(etc), "-l", "all", "connetos.facts")
        assert outcome in done.stdout + done.stderr and "connetos.facts" in done.stderr
        assert password not in done.stdout + done.stderr


# -- where minions run ------------------------------------------------------------------------------------


def test_masterless_salt_call(salt_bin: Path, memory_lab: Lab, switch: Switch, tmp_path: Path) -> None:
    etc = masterless(tmp_path, access(memory_lab.switch("leaf1")))
    (tmp_path / "states/vlans.sls").write_text("web:\n  connetos_vlan.present:\n    - name: '10'\n")
    call = ("-c", str(etc), "--out=json", "--retcode-passthrough")
    done = run(salt_bin / "salt-call", *call, "state.apply", "vlans")
    assert done.returncode == 0, done.stdout + done.stderr
    (state,) = json.loads(done.stdout)["local"].values()
    assert state["changes"]["commands"] == ["set vlans vlan-id 10"] and 10 in switch.vlans()
    (tmp_path / "states/vlans.sls").write_text("web:\n  connetos_vlan.present:\n    - name: '5000'\n")
    done = run(salt_bin / "salt-call", *call, "state.apply", "vlans")
    assert done.returncode != 0 and "a VLAN ID, 1 to 4094" in done.stdout


def test_minion_on_the_switch_itself(
    memory_lab: Lab, minion: Minion, switch: Switch, tell: Callable[..., None]
) -> None:
    socket = memory_lab.directory / "leaf1/run/agent.sock"
    tell(url=f"unix://{socket}", username=None, password=None, ca_file=None)
    assert minion.state("connetos_config.managed", lines=LINES)["changes"]["commands"] == LINES
    assert switch.revisions()[0].user == "root"


@pytest.mark.slow
def test_installed_extension_is_found(
    salt_bin: Path, memory_lab: Lab, switch: Switch, tmp_path: Path
) -> None:
    uv, target = ROOT / ".venv/bin/uv", tmp_path / "site"
    built = subprocess.run(
        [uv, "build", "-q", "--wheel", "-o", tmp_path, ROOT],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run(
        [uv, "pip", "install", "-q", "--no-deps", "--target", target, wheel], check=True, timeout=100
    )
    assert (target / "saltext/connetos/_salt/_states/connetos_vlan.py").exists()
    etc = masterless(tmp_path, access(memory_lab.switch("leaf1")))
    program = (
        f"import sys; sys.path.insert(0, {str(target)!r}); import saltext.connetos as ours; "
        f"assert ours.__file__.startswith({str(target)!r}), ours.__file__; "
        "from salt.scripts import salt_call; sys.argv[1:] = "
        f"{['-c', str(etc), '--out=json', 'connetos.facts']!r}; salt_call()"
    )
    done = run(salt_bin / "python", "-c", program)
    assert json.loads(done.stdout)["local"]["hostname"] == "leaf1", done.stdout + done.stderr
