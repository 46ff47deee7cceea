"""Filters in playbooks: configuration text, and ranges of VLANs and ports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.connetos.connetos.plugins.filter.connetos import FilterModule
from connetos_sdk.model.ranges import compress_ports, expand_ports
from tests.ansible.conftest import ansible

FILTERS = FilterModule().filters()
CURLY = 'vlans {\n    vlan-id 10 {\n        vlan-name: "web"\n    }\n}\n'
DATA = {"vlans": {"vlan-id": {"10": {"vlan-name": "web"}}}}


def filtered(value: Any, name: str, *arguments: Any) -> Any:
    return FILTERS[name](value, *arguments)


def test_in_a_playbook(tmp_path: Path) -> None:
    (tmp_path / "old.conf").write_text(CURLY)
    tasks = [
        {
            "ansible.builtin.assert": {
                "that": [
                    f"(lookup('file', 'old.conf') | {NAME}.from_config).vlans['vlan-id']['10']['vlan-name'] == 'web'",
                    f"{{10: none}} | dict2items | map(attribute='key') | {NAME}.compress_vlans == '10'",
                    f"'20:22,10' | {NAME}.expand_vlans == [10, 20, 21, 22]",
                    f"['te-1/1/1:2', 'ae1'] | {NAME}.expand_interfaces == ['ae1', 'te-1/1/1', 'te-1/1/2']",
                ]
            }
        },
        {
            "ansible.builtin.debug": {"msg": f"{{{{ 'vlans 10' | {NAME}.from_config }}}}"},
            "ignore_errors": True,
        },
    ]
    (tmp_path / "play.yml").write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    )
    run = ansible("ansible-playbook", "play.yml", cwd=tmp_path)
    assert run.recap["ok"] == 2 and run.recap["ignored"] == 1, run.output
    assert "from_config: " in run.output and "Traceback" not in run.output


NAME = "connetos.connetos"


def test_text_and_data() -> None:
    assert (
        filtered(CURLY, "from_config")
        == DATA
        == filtered("set vlans vlan-id 10 vlan-name web", "from_config")
    )
    assert filtered(DATA, "to_config", "set") == "set vlans vlan-id 10 vlan-name web\n"
    assert filtered(filtered(DATA, "to_config"), "from_config") == DATA
    assert filtered({"vlans": {"vlan-id": {10: {}}}}, "to_config", "set") == "set vlans vlan-id 10\n"


def test_difference() -> None:
    new = {"vlans": {"vlan-id": {"20": {}}}}
    lines = filtered(CURLY, "config_diff", new, "set")
    assert lines == "delete vlans vlan-id 10\nset vlans vlan-id 20\n"
    assert "-   vlan-id 10 {" in filtered(CURLY, "config_diff", new)
    assert filtered(DATA, "config_diff", CURLY) == ""
    secret = "set system login user ops authentication plain-text-password Fifty-two-horses"
    assert "Fifty" not in filtered({}, "config_diff", secret)


@pytest.mark.parametrize(
    ("value", "name", "arguments", "words"),
    [
        ("vlans {", "from_config", (), "from_config: vlans: line 1"),
        (7, "from_config", (), "text is wanted, not int"),
        (DATA, "to_config", ("xml",), "form xml isn't known: one of text, set"),
        ({"vlan": {}}, "to_config", (), "vlan"),
        ("10:5", "expand_vlans", (), "runs backwards"),
        ("4095", "expand_vlans", (), "outside 1 to 4094"),
        ("x", "compress_vlans", (), "no number or range"),
        ("te-1/1/4:1", "expand_interfaces", (), "runs backwards"),
    ],
)
def test_mistakes(value: Any, name: str, arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        filtered(value, name, *arguments)


@given(st.sets(st.integers(1, 4094), max_size=40))
def test_vlans_there_and_back(numbers: set[int]) -> None:
    shortest = filtered(list(numbers), "compress_vlans")
    assert filtered(shortest or [], "expand_vlans") == sorted(numbers)


@given(st.sets(st.tuples(st.sampled_from(("te-1/1/", "qe-1/2/")), st.integers(1, 60)), max_size=30))
def test_ports_there_and_back(ports: set[tuple[str, int]]) -> None:
    names = {f"{panel}{number}" for panel, number in ports}
    assert {name for part in compress_ports(names) for name in expand_ports(part)} == names
    assert filtered(sorted(names), "compress_interfaces") == compress_ports(names)
    assert set(filtered(compress_ports(names), "expand_interfaces")) == names


def test_ports_without_ranges_stay() -> None:
    assert compress_ports(["vlan10", "te-1/1/2", "ae1", "te-1/1/1"]) == ["ae1", "te-1/1/1:2", "vlan10"]


def test_options_of_a_resource_module_as_a_document() -> None:
    assert filtered([{"vlan_id": 10, "vlan_name": "web"}], "resource_config", "vlans") == DATA
    assert filtered({"announcement": "Hi"}, "resource_config", "banner") == {
        "system": {"login": {"announcement": "Hi"}}
    }
    for value, resource, words in (
        ([], "vlan", "resource vlan isn't known: one of vlans"),
        ("web", "vlans", "options of a resource module are wanted"),
        ([{"vlan_name": "web"}], "vlans", "vlan_id isn't given"),
    ):
        with pytest.raises(AnsibleFilterError, match=words):
            filtered(value, "resource_config", resource)
