"""Playbooks over `ansible.netcommon.httpapi`, with the real collection and a live agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.ansible.conftest import Play, ansible, write_inventory

pytestmark = pytest.mark.slow
OURS = "connetos.connetos.connetos_config"
WEB = "set vlans vlan-id 10 vlan-name wëb"
BROKEN = "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 99"
MODULE = """\
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.connection import Connection, ConnectionError

module = AnsibleModule({"data": {"type": "raw"}, "path": {"default": "config"}, "method": {}})
connection = Connection(module._socket_path)
try:
    answer = connection.send_request(module.params["data"], path=module.params["path"], method=module.params["method"])
except ConnectionError as error:
    module.fail_json(msg=str(error), code=error.code)
module.exit_json(changed=False, answer=answer, about=module.from_json(connection.get_capabilities()))
"""
"""A module that somebody wrote for the httpapi plugin."""


@pytest.fixture
def play(memory_lab: Lab, persistent: dict[str, str], tmp_path: Path) -> Play:
    """Runs tasks in one play; those that fail don't end it. Keyword arguments are further host variables."""
    leaf = memory_lab.switch("leaf1")
    port = urlsplit(leaf.url).port
    host = {
        "ansible_connection": "ansible.netcommon.httpapi",
        "ansible_network_os": "connetos.connetos.connetos",
        "ansible_host": "127.0.0.1",
        "ansible_port": port,
        "ansible_httpapi_port": port,
        "ansible_httpapi_use_ssl": True,
        "ansible_httpapi_ca_path": str(leaf.ca_file),
        "ansible_user": leaf.username,
        "ansible_password": leaf.password,
    }

    def run(*tasks: dict[str, Any], arguments: tuple[str, ...] = (), **variables: Any) -> Any:
        write_inventory(tmp_path / "hosts.yml", host | variables)
        (tmp_path / "library").mkdir(exist_ok=True)
        (tmp_path / "library" / "rest.py").write_text(MODULE)
        listed = [{"ignore_errors": True, "ignore_unreachable": True, **task} for task in tasks]
        playbook = [{"hosts": "all", "gather_facts": False, "tasks": listed}]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(playbook, sort_keys=False))
        return ansible(
            "ansible-playbook", "-v", "-i", "hosts.yml", "play.yml", *arguments, cwd=tmp_path, **persistent
        )

    return run


def test_our_modules_work_over_it(play: Play, switch: Switch) -> None:
    change = {OURS: {"lines": [WEB], "comment": "over httpapi"}}
    vlans = {"connetos.connetos.connetos_vlans": {"config": [{"vlan_id": 30, "vlan_name": "x"}]}}
    run = play(
        {**change, "check_mode": True}, change, change, vlans, vlans, {OURS: {"lines": [BROKEN]}},
        {"ansible.builtin.gather_facts": {}}, {"ansible.builtin.debug": {"msg": "over {{ ansible_facts.net_api }}"}},
        arguments=("--diff",),
    )  # fmt: skip
    checked, made, again, other, other_again, broken = run.results
    assert checked["changed"] and made["changed"] and not again["changed"], run.output
    assert run.output.count('+       vlan-name: "wëb"') == 2, run.output
    assert other["changed"] and not other_again["changed"]
    assert "set vlans vlan-id 99 first" in broken["msg"] and broken["problems"][0]["code"], run.output
    assert "over rest" in run.output, run.output
    assert switch.config("vlans vlan-id 10") == {"vlan-name": "wëb"}
    assert "over httpapi" in [revision.comment for revision in switch.revisions()[:2]]


def test_modules_of_others_send_requests(play: Play, switch: Switch) -> None:
    run = play(
        {"rest": {"data": {"vlans": {"vlan-id": {"10": {"vlan-name": "web"}}}}}},
        {"rest": {"path": "config/vlans/vlan-id/10"}},
        {"rest": {"data": "set vlans vlan-id 11", "path": "/api/v1/config"}},
        {"rest": {"path": "config?format=set"}},
        {"rest": {"path": "config/vlans/vlan-id/11", "method": "DELETE"}},
        {"rest": {"data": BROKEN}},
    )
    merged, read, lines, text, deleted, broken = run.results
    assert merged["answer"]["changed"] and lines["answer"]["changed"] and deleted["answer"]["changed"], (
        run.output
    )
    assert read["answer"] == {"vlan-name": "web"} and "set vlans vlan-id 11" in text["answer"]
    assert "set vlans vlan-id 99 first" in broken["msg"] and broken["code"] == 422
    info = merged["about"]["device_info"]
    assert merged["about"]["network_api"] == "rest" and info["network_os_hostname"] == "leaf1"
    assert info["network_os"] == "connetos.connetos.connetos" and info["network_os_version"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ansible_password": "wrong"}, "password"),
        ({"ansible_httpapi_port": 1, "ansible_port": 1}, "refused"),
        ({"ansible_httpapi_ca_path": None}, "certificate"),
    ],
    ids=["wrong password", "nobody listens", "certificate not trusted"],
)
def test_bad_days(play: Play, switch: Switch, variables: dict[str, Any], words: str) -> None:
    run = play({OURS: {"lines": [WEB]}}, **variables)
    assert run.recap["changed"] == 0 and words in run.output.lower(), run.output
    assert "Traceback" not in run.output and 10 not in switch.vlans()


def test_a_package_cannot_be_sent(play: Play, tmp_path: Path) -> None:
    (tmp_path / "mine.deb").write_bytes(b"!<arch>\n\xff\xfe\x00")
    run = play({"connetos.connetos.connetos_package": {"file": "mine.deb"}})
    assert "mine.deb can't be sent over ansible.netcommon.httpapi" in run.results[0]["msg"], run.output
    assert "use ansible_connection connetos.connetos.connetos" in run.results[0]["msg"]
    assert "Traceback" not in run.output


def test_several_switches_need_the_sdks_own_connection(play: Play, tmp_path: Path) -> None:
    fabric = {"connetos.connetos.connetos_fabric": {"lines": {"leaf1": [WEB], "leaf2": [WEB]}}}
    listed = {"ansible.builtin.add_host": {"name": "leaf2", "ansible_connection": "local"}}
    run = play(listed, fabric)
    assert "leaf2 can't be reached over ansible.netcommon.httpapi" in run.output, run.output
    assert "Traceback" not in run.output
