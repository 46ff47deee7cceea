"""The pillar and the states of `examples/salt`, of a minion that stands for a switch of a lab."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import ROOT
from tests.salt.conftest import Minion, access, start, stop

EXAMPLES = ROOT / "examples/salt"


@pytest.fixture
def minion(
    request: pytest.FixtureRequest, salt_bin: Path, memory_lab: Lab, tmp_path: Path
) -> Iterator[Minion]:
    """A masterless minion with the pillar of the examples, in which only the way to the switch is another."""
    way = access(memory_lab.switch("leaf1"))
    shutil.copytree(EXAMPLES, tmp_path / "srv")
    path = tmp_path / "srv/pillar/access.sls"
    text = path.read_text()
    for said, here in (
        ("https://{{ opts.id }}.example.org", way["url"]),
        ("username: ops", f"username: {way['username']}"),
        ("password: secret", f"password: {way['password']}"),
        ("/etc/connetos/{{ opts.id }}.pem", way["ca_file"]),
    ):
        assert text.count(said) == 1
        text = text.replace(said, here)
    path.write_text(text)
    roots = {
        f"{kind}_roots": {"base": [str(tmp_path / "srv" / folder)]}
        for kind, folder in (("file", "states"), ("pillar", "pillar"))
    }
    minion = start(salt_bin, tmp_path, None, id=request.param, **roots)
    yield minion
    stop(minion)


def states(minion: Minion, *, test: bool = False) -> dict[str, dict[str, Any]]:
    """What became of each state that `top.sls` names, by its id."""
    found = minion.call("state.highstate", test=test)
    assert isinstance(found, dict), found
    return {one["__id__"]: one for one in found.values()}


@pytest.mark.parametrize("minion", ["leaf1", "leaf2"], indirect=True)
def test_switch_becomes_what_its_pillar_says(
    request: pytest.FixtureRequest, minion: Minion, switch: Switch
) -> None:
    leaf = request.node.callspec.params["minion"]
    before = switch.revision()
    planned = states(minion, test=True)
    assert switch.revision() == before and planned["switch"]["result"] is None, planned
    done = states(minion)
    assert all(one["result"] is True for one in done.values()), done
    assert done["switch"]["changes"] == planned["switch"]["changes"]
    assert done["keep it"]["changes"] and switch.system().confirm is None
    names = {number: vlan.name for number, vlan in switch.vlans().items()}
    assert (names[10], names[20]) == ("web", "storage")
    other = {"leaf1": "leaf2", "leaf2": "leaf1"}[leaf]
    assert switch.interfaces()["te-1/1/4"].description == other
    assert switch.config(source="startup") == switch.config()
    again = states(minion)
    assert all(one["result"] is True and one["changes"] == {} for one in again.values()), again
