"""connetos_state/0.1: operational state as the data plane has it now."""

from __future__ import annotations

import orjson

from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.xrl.reads import StateReads
from connetos_agent.northbound.xrl.target import Interface, Results
from connetos_sdk.errors import NotFound, ParseError
from connetos_sdk.model.words import split_words


def state(reads: StateReads) -> Interface:
    """The methods, reading through `reads`."""

    async def get(_: Caller, path: str) -> Results:
        try:
            words = split_words(path)
        except ValueError as error:
            raise ParseError(str(error)) from None
        return (orjson.dumps(await reads.at(*words)).decode(),)

    async def get_interface_names(_: Caller) -> Results:
        return (list((await reads.at("interface"))["gigabit-ethernet"]),)

    async def get_interface(_: Caller, ifname: str) -> Results:
        ports = (await reads.at("interface"))["gigabit-ethernet"]
        if ifname not in ports:
            raise NotFound(f"there is no port {ifname[:60]}", hint="get_interface_names lists them")
        port = ports[ifname]
        return port.get("admin", "unknown"), port["oper"], port.get("mtu", 0), port.get("mac", "")

    async def get_routes(_: Caller) -> Results:
        routes = (await reads.at("route"))["static"]
        return list(routes), [bool(route["installed"]) for route in routes.values()]

    return Interface.of(
        "connetos_state/0.1",
        {
            "get ? path:txt -> value:txt": get,
            "get_interface_names -> ifnames:list<txt>": get_interface_names,
            "get_interface ? ifname:txt -> admin:txt & oper:txt & mtu:u32 & mac:txt": get_interface,
            "get_routes -> networks:list<txt> & installed:list<bool>": get_routes,
        },
    )
