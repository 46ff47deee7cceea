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

    # They ask for a BGP route to 1.0.4.0/24 and for 8.8.8.8, which no lab has; test_state.py asks for what there is.
    test_get_route_to = None
    test_get_route_to_longer = None
    test_ping = None
    test_traceroute = None
    # It wants a peer, which a switch can't have.
    test_get_ntp_peers = None
