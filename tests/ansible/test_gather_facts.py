"""`gather_facts: true` in a play gathers the facts of the switch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk.lab import Lab
from tests.ansible.conftest import Run, ansible, host_variables, write_inventory

PLAY = [
    {
        "hosts": "all",
        "gather_facts": True,
        "tasks": [{"ansible.builtin.debug": {"var": "ansible_facts"}}],
    }
]


@pytest.fixture
def gathered(memory_lab: Lab, tmp_path: Path) -> Any:
    def run(*arguments: str, **variables: Any) -> Run:
        given = {
            **host_variables(memory_lab),
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            **variables,
        }
        write_inventory(tmp_path / "hosts.yml", {k: v for k, v in given.items() if v is not None})
        (tmp_path / "play.yml").write_text(yaml.safe_dump(PLAY))
        return ansible("ansible-playbook", "-i", "hosts.yml", "play.yml", *arguments, cwd=tmp_path)

    return run


def test_facts_are_those_of_the_switch(gathered: Any, memory_lab: Lab) -> None:
    run = gathered("-vvvv")
    assert run.recap["ok"] == 2, run.output
    assert '"net_hostname": "leaf1"' in run.output and '"te-1/1/8"' in run.output
    assert "connetos_facts" in run.output and '"distribution"' not in run.output
    assert memory_lab.switch("leaf1").password not in run.output


def test_name_user_and_password_of_ansible_serve_too(gathered: Any, memory_lab: Lab) -> None:
    access = memory_lab.switch("leaf1")
    run = gathered(
        connetos_url=None, connetos_username=None, connetos_password=None,
        ansible_host=access.url.removeprefix("https://"),
        ansible_user=access.username, ansible_password=access.password,
    )  # fmt: skip
    assert '"net_hostname": "leaf1"' in run.output, run.output


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"connetos_password": "not-this-secret"}, "user name or password is wrong"),
        ({"connetos_url": "https://127.0.0.1:1"}, "can't be reached"),
        ({"connetos_ca_file": None}, "isn't trusted"),
        (
            {
                "ansible_connection": "local",
                "ansible_facts_modules": "connetos.connetos.connetos_facts",
            },
            "use ansible_connection=connetos.connetos.connetos",
        ),
    ],
)
def test_what_is_wrong_is_told(gathered: Any, variables: dict[str, Any], words: str) -> None:
    run = gathered(**variables)
    assert run.recap["failed"] == 1 and words in run.output, run.output
    assert "Traceback" not in run.output and "not-this-secret" not in run.output


def test_other_programs_run_on_the_controller(gathered: Any, tmp_path: Path) -> None:
    gathered()
    (tmp_path / "file.txt").write_text("as it is\n")
    tasks = [
        {"ansible.builtin.copy": {"src": "file.txt", "dest": str(tmp_path / "copy.txt")}},
        {"ansible.builtin.command": {"cmd": "cat copy.txt", "chdir": str(tmp_path)}},
        {"ansible.builtin.fetch": {"src": str(tmp_path / "copy.txt"), "dest": "fetched/", "flat": True}},
    ]
    (tmp_path / "play.yml").write_text(
        yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}])
    )
    run = ansible("ansible-playbook", "-v", "-i", "hosts.yml", "play.yml", cwd=tmp_path)
    assert run.recap["ok"] == 3 and run.results[1]["stdout"] == "as it is", run.output
    assert (tmp_path / "fetched/copy.txt").read_text() == "as it is\n"
