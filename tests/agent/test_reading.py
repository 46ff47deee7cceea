"""Reading: nobody waits for a writer; the OpenAPI document; formats and defaults."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from connetos_sdk import Switch
from connetos_sdk.lab.lab import LabSwitch
from connetos_sdk.model.nodes import Container, KeyedList
from connetos_sdk.model.schema import root
from tests.agent.conftest import TEXT, client
from tests.model.strategies import every_leaf


def thousand_vlans() -> dict[str, Any]:
    trunk = {"port-mode": "trunk", "vlan": {"members": ["2:1001"]}}
    port = {"family": {"ethernet-switching": trunk}}
    return {
        "vlans": {"vlan-id": {str(n): {"vlan-name": f"v{n}", "description": "d"} for n in range(2, 1002)}},
        "interface": {"gigabit-ethernet": {f"te-1/1/{n}": port for n in range(1, 9)}},
    }


def big_changes() -> list[tuple[str, Any]]:
    lines = "set vlans vlan-id 2:4094 description x\n" * 50
    return [("json", json.dumps(thousand_vlans())), ("lines", lines)]


@pytest.mark.parametrize(
    ("form", "body"), big_changes(), ids=["1000 VLANs on 8 trunks", "200,000 values in lines"]
)
def test_reading_never_waits_for_a_big_commit(
    leaf1: LabSwitch, api: httpx.Client, form: str, body: str
) -> None:
    api.get("config")
    done = threading.Event()
    answers: list[httpx.Response] = []

    def write() -> None:
        try:
            with client(leaf1, leaf1.username, leaf1.password) as writer:
                headers = TEXT if form == "lines" else {"content-type": "application/json"}
                answers.append(writer.patch("config", content=body, headers=headers))
        finally:
            done.set()

    writer = threading.Thread(target=write)
    writer.start()
    count = 0
    while not done.is_set():
        assert api.get("config/system").status_code == 200
        count += not done.is_set()
    writer.join()
    assert answers[0].status_code == 200, answers[0].text
    assert count >= 3, "a reader who waited for the commit would have been answered once, at its end"


def test_the_openapi_document_is_valid_and_has_every_configuration_path(api: httpx.Client) -> None:
    document = api.get("openapi.json").json()
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()
    assert "x-" not in {key[:2] for path in document["paths"].values() for key in path}
    shapes = {
        tuple("*" if word.startswith("{") else word for word in path.split("/")[1:])
        for path in document["paths"]
    }
    expected: set[tuple[str, ...]] = set()

    def walk(node: Any, path: tuple[str, ...]) -> None:
        expected.add(path)
        if isinstance(node, KeyedList):
            walk(node.entry, (*path, "*"))
        elif isinstance(node, Container):
            for name, child in node.children.items():
                walk(child, (*path, name))

    walk(root(), ("config",))
    assert {shape for shape in shapes if shape[0] == "config"} == expected


def test_the_schema_is_served_as_json_schema(api: httpx.Client) -> None:
    answer = api.get("schema")
    assert answer.headers["content-type"] == "application/schema+json"
    assert set(answer.json()["properties"]) == set(root().children)


def test_set_lines_of_a_part_are_of_that_part_only(switch: Switch) -> None:
    switch.apply_lines("set vlans vlan-id 1 description a\nset vlans vlan-id 10,100 description b")
    assert switch.config_text("vlans vlan-id 1", form="set") == "set vlans vlan-id 1 description a\n"
    assert switch.config_text("vlans", form="set").count("\n") == 3


def test_a_word_with_slashes_is_one_segment(api: httpx.Client) -> None:
    resource = "config/interface/gigabit-ethernet/te-1%2F1%2F1"
    assert api.put(f"{resource}/mtu", json=9000).status_code == 200
    assert api.get(f"{resource}/mtu").json() == 9000
    assert api.get("config/interface/gigabit-ethernet").json() == {"te-1/1/1": {"mtu": 9000}}
    assert api.delete(resource).status_code == 200


def test_the_etag_is_the_revision_and_moves_with_each_change(api: httpx.Client) -> None:
    tag = api.get("config").headers["etag"]
    answer = api.put("config/system/hostname", json="other")
    assert answer.headers["etag"] == api.get("config").headers["etag"] == f'"{answer.json()["revision"]}"'
    assert answer.headers["etag"] != tag
    assert answer.headers["cache-control"] == "no-store"


def test_defaults_fill_in_every_leaf_that_has_one(api: httpx.Client) -> None:
    api.patch(
        "config",
        json={
            "vlans": {"vlan-id": {"10": {}}},
            "interface": {"gigabit-ethernet": {"te-1/1/1": {"mtu": 9000}}},
        },
    )
    found = 0
    for path, node in every_leaf():
        if getattr(node, "default", None) is None:
            continue
        words = "/".join(quote(word, safe="") for word in path)
        answer = api.get(f"config/{words}", params={"defaults": "true"})
        found += answer.status_code == 200
    assert found >= 8
