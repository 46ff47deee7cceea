"""Salt's own programs, in their own environment, against a live agent."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from tests.conftest import ROOT

TIMEOUT_S = 200.0
QUIET = {"enable_fqdns_grains": False, "enable_gpu_grains": False, "log_level": "error", "user": "root"}
"""What keeps Salt from looking for names and hardware of this machine."""


@pytest.fixture(scope="session")
def salt_bin() -> Path:
    """Where Salt's programs are; `make test` has installed them already."""
    subprocess.run(["make", "-s", "build/salt/.installed"], cwd=ROOT, check=True, timeout=280)
    return ROOT / "build/salt/bin"


def access(switch: LabSwitch) -> dict[str, str]:
    """Settings that lead to a switch."""
    return {
        "url": switch.url,
        "username": switch.username,
        "password": switch.password,
        "ca_file": str(switch.ca_file),
    }


def write(path: Path, value: Any) -> None:
    """A YAML file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(value if isinstance(value, str) else yaml.safe_dump(value, sort_keys=False))


def masterless(directory: Path, settings: dict[str, Any] | None, **more: Any) -> Path:
    """The configuration folder of a masterless minion whose states are in `directory/states`."""
    (directory / "states").mkdir(parents=True, exist_ok=True)
    configured = {
        **QUIET,
        "id": "leaf1",
        "file_client": "local",
        "root_dir": str(directory / "root"),
        "file_roots": {"base": [str(directory / "states")]},
        **({} if settings is None else {"connetos": settings}),
        **more,
    }
    write(directory / "etc/minion", configured)
    return directory / "etc"


def run(program: Path | str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of Salt's programs."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [program, *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip


class Failed(Exception):
    """What a function says that failed."""


@dataclass
class Minion:
    """A masterless minion."""

    process: subprocess.Popen[str]
    directory: Path

    def call(self, function: str, /, *arguments: Any, **named: Any) -> Any:
        """Call an execution function; what it returns."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([function, arguments, named]) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("=> "):
                answer = json.loads(line[3:])
                if "error" in answer:
                    raise Failed(answer["error"])
                return answer["return"]
        raise AssertionError(f"the minion has ended: {(self.directory / 'log').read_text()}")

    def state(self, function: str, /, *, test: bool = False, **arguments: Any) -> dict[str, Any]:
        """Apply one state; what became of it: `result`, `changes`, `comment`."""
        arguments.setdefault("name", "it")
        found = self.call("state.single", function, test=test, **arguments)
        assert isinstance(found, dict), found
        (result,) = found.values()
        assert "Traceback" not in result["comment"], result["comment"]
        return dict(result)

    def apply(self, sls: Any, *, test: bool = False) -> dict[str, dict[str, Any]]:
        """Apply an SLS file with this content; what became of each state, by its id."""
        write(self.directory / "states/applied.sls", sls)
        found = self.call("state.apply", "applied", test=test)
        assert isinstance(found, dict), found
        return {state["__id__"]: state for state in found.values()}


def start(
    salt_bin: Path, directory: Path, settings: dict[str, Any] | None, *, path: Path | None = None, **more: Any
) -> Minion:
    """Start a masterless minion; `path` is where Python looks for packages first."""
    etc = masterless(directory, settings, **more)
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            [salt_bin / "python", ROOT / "tests/salt/caller.py", etc / "minion"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            env=dict(os.environ) if path is None else {**os.environ, "PYTHONPATH": str(path)},
        )  # fmt: skip
    return Minion(process, directory)


@pytest.fixture(scope="module")
def minion(salt_bin: Path, memory_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minion]:
    """A masterless minion that stands for `leaf1` of `memory_lab`."""
    minion = start(salt_bin, tmp_path_factory.mktemp("minion"), access(memory_lab.switch("leaf1")))
    yield minion
    stop(minion)


def stop(minion: Minion) -> None:
    """End a minion."""
    assert minion.process.stdin is not None
    minion.process.stdin.close()
    minion.process.wait(30)
