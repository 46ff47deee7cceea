"""NAPALM's own tests of getters, on recorded answers; `test_live.py` runs this file against a switch."""

from __future__ import annotations

import pytest
from napalm.base.test.conftest import set_device_parameters
from napalm.base.test.getters import BaseTestGetters

from napalm_connetos import ConnetOSDriver
from tests.napalm.recorded import RecordedDriver


@pytest.fixture(scope="class", autouse=True)
def _device(request: pytest.FixtureRequest) -> None:
    request.cls.driver = ConnetOSDriver
    request.cls.patched_driver = RecordedDriver
    set_device_parameters(request)


class TestGetters(BaseTestGetters):
    """See `napalm.base.test.getters`."""
