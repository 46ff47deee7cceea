"""Static routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.states.routing import Route
from connetos_sdk.model.rules import ROUTES
from connetos_sdk.model.tree import get

if TYPE_CHECKING:
    from connetos_agent.show.state import StateReader


def state(reader: StateReader) -> dict[str, Any]:
    """Static routes by prefix, with the next hops that the kernel has for them."""
    prefixes = list(get(reader.running, ROUTES, {}))
    states = reader.observe([ObjectKey("route", prefix) for prefix in prefixes])
    routes: dict[str, Any] = {}
    for prefix in prefixes:
        route = states[ObjectKey("route", prefix)]
        hops = route.next_hops if isinstance(route, Route) else ()
        routes[prefix] = {
            "installed": isinstance(route, Route),
            "next-hop": [{"address": a, "metric": metric, "interface": i} for metric, a, i in hops],
        }
    return {"static": routes}
