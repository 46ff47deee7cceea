"""The link between the SSH server and the agent's command line."""

from __future__ import annotations

import asyncio

import pytest

from connetos_sshd.agent_link import AgentLink, Login
from tests.rcc.standin import PASSWORD, USER, StandIn
from tests.waiting import until


def test_a_client_that_goes_as_it_is_let_in_leaves_no_session(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = AgentLink.data_received

    async def gone_as_the_welcome_comes() -> None:
        opening = asyncio.create_task(AgentLink.open(standin.path, Login(USER, "ssh", "test", PASSWORD)))

        def receive_and_go(link: AgentLink, data: bytes) -> None:
            received(link, data)
            opening.cancel()

        monkeypatch.setattr(AgentLink, "data_received", receive_and_go)
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert standin.hellos
        await asyncio.to_thread(until, lambda: standin.sessions == 0, "the session's end")

    asyncio.run(gone_as_the_welcome_comes())
