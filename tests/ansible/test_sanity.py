"""`ansible-test sanity` and `ansible-doc` find nothing wrong with the collection."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ansible.conftest import COLLECTION, ROOT, ansible

RUN = {
    "validate-modules",
    "ansible-doc",
    "pylint",
    "pep8",
    "yamllint",
    "import",
    "compile",
    "runtime-metadata",
}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_sanity_without_exceptions() -> None:
    assert not list(COLLECTION.glob("tests/sanity/ignore*"))
    done = subprocess.run(
        [sys.executable, "tools/ansible_sanity.py"],
        cwd=ROOT, capture_output=True, text=True, timeout=1100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for name in RUN:
        assert f'Running sanity test "{name}"' in done.stdout + done.stderr


def test_every_plugin_is_documented_with_examples(tmp_path: Path) -> None:
    kinds = {
        "module": "modules",
        "filter": "filter",
        "inventory": "inventory",
        "connection": "connection",
        "httpapi": "httpapi",
        "cliconf": "cliconf",
    }
    for kind, folder in kinds.items():
        run = ansible("ansible-doc", "-t", kind, "--list", "--json", "connetos.connetos", cwd=tmp_path)
        listed = json.loads(run.output)
        files = {
            path.stem
            for path in (COLLECTION / "plugins" / folder).glob("*.yml" if kind == "filter" else "*.py")
        }
        assert set(listed) == {f"connetos.connetos.{name}" for name in files}, run.output
        shown = ansible("ansible-doc", "-t", kind, "--json", *listed, cwd=tmp_path)
        assert shown.returncode == 0 and "[WARNING]" not in shown.output, shown.output
        for name, about in json.loads(shown.output).items():
            assert about["doc"]["short_description"], name
            assert about["examples"] or kind in ("connection", "httpapi", "cliconf"), name
            if kind == "module":
                assert about["return"] and all("returned" in value for value in about["return"].values()), (
                    name
                )
