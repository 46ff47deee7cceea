"""The SDK and the collection as they are installed elsewhere, without the checkout; and the tour with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow
UV = Path(sys.executable).with_name("uv")
PACKAGES = {
    "connetos_sdk": "connetos_sdk",
    "napalm_connetos": "napalm_connetos",
    "saltext": "saltext",
    "salt": "saltext/connetos/_salt",
    "agent/connetos_agent": "connetos_agent",
    "agent/connetos_cli": "connetos_cli",
    "agent/connetos_sshd": "connetos_sshd",
    "napalm_connetos.egg-info": "napalm_connetos.egg-info",
}
"""Where folders of the checkout are in the wheel."""
LOOK = """
import json, sys
from pathlib import Path
from importlib.metadata import entry_points, version
from importlib.resources import files
import connetos_sdk, connetos_agent, napalm
from connetos_sdk.model.text import parse_document
(salt,) = entry_points(group="salt.loader")
print(json.dumps({
    "path": sys.path,
    "places": [connetos_sdk.__file__, connetos_agent.__file__],
    "driver": napalm.get_network_driver("connetos").__name__,
    "versions": [version("napalm_connetos"), version("connetos-sdk")],
    "nornir": [one.name for one in entry_points(group="nornir.plugins.connections")],
    "schema": parse_document("set vlans vlan-id 10 vlan-name web"),
    "typed": [files(name).joinpath("py.typed").is_file() for name in ("connetos_sdk", "connetos_agent", "napalm_connetos")],
    "templates": sum(one.name.endswith(".textfsm") for one in files("connetos_sdk.textfsm").iterdir()),
    "salt": {
        kind: [path.name for folder in folders for path in Path(folder).glob("connetos*.py")]
        for kind, folders in salt.load()().items()
    },
}))
"""


@dataclass(frozen=True)
class Installed:
    """A virtual environment of its own, and what was built for it."""

    folder: Path
    wheel: Path
    sdist: Path

    def run(self, program: str, *arguments: str | Path, timeout_s: float = 200) -> str:
        """Run a program of the environment, which knows nothing of the checkout; what it writes on stdout."""
        done = subprocess.run(
            [self.folder / "venv/bin" / program, *arguments],
            cwd=self.folder,
            env={
                "PATH": f"{self.folder}/venv/bin:{os.defpath}:/usr/sbin:/sbin",
                "HOME": str(self.folder),
                "LANG": "C.UTF-8",
            },
            capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def uv(*arguments: str | Path) -> None:
    """uv, from what it has in its cache if that is enough."""
    for offline in (["--offline"], []):
        done = subprocess.run(
            [UV, *arguments, "-q", *offline], cwd=ROOT, capture_output=True, text=True, timeout=250, check=False
        )  # fmt: skip
        if not done.returncode:
            return
    raise AssertionError(f"{arguments}: {done.stderr}")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("elsewhere")
    uv("build", "-o", folder, ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    uv("venv", "--python", sys.executable, folder / "venv")
    python = folder / "venv/bin/python"
    what = f"connetos-sdk[ansible,lab,napalm] @ {wheel.as_uri()}"
    uv("pip", "install", "--python", python, "-c", "requirements/dev.lock", what)
    made = Installed(folder, wheel, sdist)
    made.run("ansible-galaxy", "collection", "build", ROOT / "ansible_collections/connetos/connetos")
    (collection,) = folder.glob("connetos-connetos-*.tar.gz")
    made.run("ansible-galaxy", "collection", "install", "--offline", collection)
    yield made
    shutil.rmtree(folder / "venv")


def test_wheel_and_sdist_have_every_file(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        in_wheel = set(archive.namelist())
    with tarfile.open(installed.sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    for folder, place in PACKAGES.items():
        files = [
            path
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and path.parent.name != "__pycache__"
        ]
        assert files, folder
        for path in files:
            assert f"{place}/{path.relative_to(ROOT / folder)}" in in_wheel
            assert str(path.relative_to(ROOT)) in in_sdist


def test_installed_sdk_works_by_itself(installed: Installed) -> None:
    found = json.loads(installed.run("python", "-I", "-c", LOOK))
    assert not [place for place in found["path"] if place.startswith(str(ROOT))], found["path"]
    assert all(place.startswith(str(installed.folder)) for place in found["places"]), found["places"]
    assert found["driver"] == "ConnetOSDriver" and found["nornir"] == ["connetos"]
    assert len(set(found["versions"])) == 1, "NAPALM's program asks for the driver's version"
    assert (
        found["schema"] == {"vlans": {"vlan-id": {"10": {"vlan-name": "web"}}}}
        and found["templates"]
        and all(found["typed"])
    ), found
    for kind, names in found["salt"].items():
        folder = ROOT / "salt" / ("_proxy" if kind == "proxy" else f"_{kind}")
        assert names and set(names) == {path.name for path in folder.glob("*.py")}, kind
    assert "Usage: connetos lab" in installed.run("connetos", "lab", "--help")


@pytest.mark.ovs
@pytest.mark.timeout(400)
def test_tour_with_what_is_installed(installed: Installed) -> None:
    listed = json.loads(installed.run("ansible-galaxy", "collection", "list", "--format", "json"))
    (place,) = [place for place, collections in listed.items() if "connetos.connetos" in collections]
    assert place.startswith(str(installed.folder)), listed
    shutil.copytree(ROOT / "examples/demo", installed.folder / "examples/demo")
    told = installed.run("python", "-I", "examples/demo/demo.py", timeout_s=350)
    assert_whole(told)


@pytest.mark.ovs
@pytest.mark.timeout(400)
def test_tour_of_the_checkout() -> None:
    done = subprocess.run(
        [sys.executable, "examples/demo/demo.py"],
        cwd=ROOT, env={**os.environ, "PATH": f"{UV.parent}:{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=350, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert_whole(done.stdout)


def assert_whole(told: str) -> None:
    """The tour came to its end, and packets went where they should."""
    assert "data plane: Open vSwitch" in told and "nothing is left behind" in told, told
    rows = [line.split() for line in told.splitlines()]
    assert ["h1", "no", "yes", "no"] in rows and ["h4", "no", "yes", "no"] in rows, told
