"""`connetos navmesh`: text, JSON and a picture; exit codes."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connetos_sdk.cli import app
from connetos_sdk.navmesh_cli import EXIT_NOT_DELIVERED
from tests.navmesh.conftest import Site

pytestmark = [pytest.mark.ovs, pytest.mark.usefixtures("talking")]


def run(site: Site, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["navmesh", "--lab", site.lab.topology.name, *words])
    return done.exit_code, done.output


def drawn(picture: Path) -> list[str]:
    """The texts of a picture."""
    root = ET.parse(picture)  # noqa: S314 - it is our own
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_text_names_the_switches_in_order(site: Site) -> None:
    code, text = run(site, "--from", "w1", "--to", "w2", "--protocol", "udp", "--one-way")
    assert code == 0
    assert [line.split()[0] for line in text.splitlines()] == ["udp", "w1", "leaf1", "spine1", "leaf2", "w2"]
    assert "spine1  te-1/1/1 (VLAN 500, tagged) -> te-1/1/2 (VLAN 500, tagged)" in text


def test_what_isnt_delivered_is_told_by_the_exit_code_too(site: Site, tmp_path: Path) -> None:
    picture = tmp_path / "way.svg"
    code, text = run(site, "--from", "h1", "--to", "203.0.113.1", "--json", "--svg", str(picture))
    assert code == EXIT_NOT_DELIVERED
    answer = json.loads(text)
    assert answer["forward"]["branches"][0]["outcome"] == "dropped"
    assert "no switch knows where 203.0.113.1 is" in answer["back"]["branches"][0]["reason"]
    texts = drawn(picture)
    assert {"h1", "leaf1", "te-1/1/1"} <= set(texts)
    assert any("no route covers 203.0.113.1" in text for text in texts)


def test_both_ways_of_a_flow_are_drawn(site: Site, tmp_path: Path) -> None:
    picture = tmp_path / "way.svg"
    assert (
        run(site, "--from", "h1", "--to", "h3", "--protocol", "sctp", "--one-way", "--svg", str(picture))[0]
        == 0
    )
    texts = drawn(picture)
    assert texts.count("spine1") == texts.count("spine2") == texts.count("h3") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--from", "h9", "--to", "h1"), "there is no host h9"),
        (("--from", "h1", "--to", "h2", "--protocol", "300"), "no IP protocol 300"),
        (("--from", "h1", "--to", "h2", "--port", "0"), "out of range"),
        (("--from", "h1", "--to", "2001:db8::1"), "different families"),
    ],
)
def test_a_question_that_makes_no_sense_is_explained(site: Site, words: tuple[str, ...], says: str) -> None:
    code, text = run(site, *words)
    assert code == 1
    assert says in " ".join(text.split())


def test_help_names_the_options() -> None:
    done = subprocess.run(["connetos", "navmesh", "--help"], capture_output=True, text=True, check=True)
    assert "--from" in done.stdout
