"""A switch played from recorded answers, as NAPALM's test suite wants it: a folder for each test and case.

`python -m tests.napalm.recorded` records anew from a switch on Open vSwitch (as root).
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

from napalm.base.test.double import BaseTestDouble
from napalm.base.test.getters import BaseTestGetters

from connetos_sdk import Switch
from napalm_connetos import ConnetOSDriver

DATA = Path(__file__).parent / "mocked_data"
SKIPPED = {
    "test_method_signatures", "test_get_route_to", "test_get_route_to_longer", "test_ping", "test_traceroute",
    "test_get_ntp_peers",
}  # fmt: skip


def _file(method: str, path: tuple[str, ...], source: str = "") -> str:
    return re.sub(r"[^a-z0-9]+", "_", f"{method} {source} {' '.join(path)}".lower()).strip("_") + ".json"


class Recorded(BaseTestDouble):
    """A transport that answers from files."""

    def read_config(self, path: tuple[str, ...], *, source: str, **options: bool) -> tuple[Any, int]:
        return self._answer("config", path, source + "".join(n for n, on in options.items() if on)), 7

    def read_text(self, path: tuple[str, ...], *, source: str, form: str, defaults: bool) -> str:
        return str(self._answer(f"text {form}", path, source + ("defaults" if defaults else "")))

    def read_state(self, path: tuple[str, ...]) -> Any:
        return self._answer("state", path)

    def call(self, name: str, body: dict[str, Any], report: object = None) -> Any:
        return self._answer(f"call {name}", tuple(map(str, body.values())))

    def close(self) -> None:
        pass

    def _answer(self, method: str, path: tuple[str, ...], source: str = "") -> Any:
        if not self.current_test:  # the driver finds out at its beginning whether it may log in
            return {}
        return self.read_json_file(self.find_file(_file(method, path, source)))


class RecordedDriver(ConnetOSDriver):
    """The driver on a recorded switch."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.device = Recorded()
        self.patched_attrs = ["device"]

    def open(self) -> None:
        self._opened = Switch(transport=self.device)  # type: ignore[arg-type]

    def is_alive(self) -> dict[str, bool]:
        return {"is_alive": True}  # tells of a connection, which a recording hasn't


class _Recorder:
    """Writes down what another transport answers."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.folder = Path()

    def read_config(self, path: tuple[str, ...], *, source: str, **options: bool) -> tuple[Any, Any]:
        answer = self._transport.read_config(path, source=source, **options)
        self._write(_file("config", path, source + "".join(n for n, on in options.items() if on)), answer[0])
        return answer  # type: ignore[no-any-return]

    def read_text(self, path: tuple[str, ...], *, source: str, form: str, defaults: bool) -> str:
        answer = self._transport.read_text(path, source=source, form=form, defaults=defaults)
        self._write(_file(f"text {form}", path, source + ("defaults" if defaults else "")), answer)
        return str(answer)

    def read_state(self, path: tuple[str, ...]) -> Any:
        answer = self._transport.read_state(path)
        self._write(_file("state", path), answer)
        return answer

    def call(self, name: str, body: dict[str, Any], report: object = None) -> Any:
        answer = self._transport.call(name, body)
        self._write(_file(f"call {name}", tuple(map(str, body.values()))), answer)
        return answer

    def close(self) -> None:
        self._transport.close()

    def _write(self, name: str, value: Any) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(json.dumps(value, indent=1) + "\n")


class Recording(BaseTestGetters):
    """Runs the suite's tests, and writes down what the switch and the driver answered."""

    def __init__(self, driver: ConnetOSDriver) -> None:
        self.driver, self.device = type(driver), driver

    def record(self) -> list[str]:
        """Names of the tests that there is data for now."""
        done = []
        recorder: Any = _Recorder(self.device._switch().transport)
        self.device._switch().transport = recorder
        for name, test in inspect.getmembers(self, inspect.ismethod):
            if not name.startswith("test_") or name in SKIPPED:
                continue
            recorder.folder = DATA / name / "normal"
            try:
                result = inspect.unwrap(test)(self, "normal")
            except NotImplementedError:
                continue
            recorder.folder.mkdir(parents=True, exist_ok=True)
            (recorder.folder / "expected_result.json").write_text(json.dumps(result, indent=1) + "\n")
            done.append(name)
        return done


def main() -> None:
    """Record from a lab switch with something to tell."""
    import tempfile

    from connetos_sdk.lab import Lab
    from tests.conftest import TWO_LEAVES, connect, topology
    from tests.napalm.conftest import LIVE, SOMETHING, driver
    from tests.waiting import until

    with (
        tempfile.TemporaryDirectory() as folder,
        Lab(topology(TWO_LEAVES.format(name="record"), Path(folder))) as lab,
    ):
        device = driver(lab.switch("leaf1"))
        device.open()
        device.load_merge_candidate(config=SOMETHING)
        device.commit_config()
        device._switch().save()
        for name in ("leaf1", "leaf2"):
            with connect(lab.switch(name)) as leaf:
                leaf.apply_lines(LIVE)
        until(device._switch().lldp_neighbors)
        lab.host("h1").ping("198.18.10.254")
        print(Recording(device).record())
        device.close()


if __name__ == "__main__":
    main()
