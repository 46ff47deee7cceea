"""Layouts of packages; no document shows any, so they are our own."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from connetos_agent.show.layout import fields, table

NAME_WIDTH = 32
VERSION_WIDTH = 28


def installed(data: Mapping[str, Any]) -> str:
    """`show packages`."""
    rows = [
        (name, package["version"], "held" if package["hold"] else package["status"])
        for name, package in data["installed"].items()
    ]
    return _running(data["transaction"]) + table(
        ("Package", "Version", "State"), (NAME_WIDTH, VERSION_WIDTH, 16), rows
    )


def _running(transaction: Mapping[str, Any] | None) -> str:
    if transaction is None:
        return ""
    what = " ".join([str(transaction["action"]), *(transaction["packages"] or ())])
    return (
        f"Transaction {transaction['id']} ({what}) is running: "
        f"{transaction['percent']:.0f}% {transaction['step']}\n\n"
    )


def one(data: Mapping[str, Any]) -> str:
    """`show packages <package>`."""
    return fields(
        {
            "Package": data["name"],
            "Installed": f"{data['installed'] or 'no'}{' (held)' if data['hold'] else ''}",
            "Candidate": data["candidate"] or "none",
            "Versions": ", ".join(data["versions"]),
            "Section": data["section"],
            "Depends": data["depends"],
            "Homepage": data["homepage"],
            "Description": data["description"].partition("\n")[0],
        },
        12,
    )


def repositories(listed: Sequence[Mapping[str, Any]]) -> str:
    """`show packages repositories`."""
    rows = [
        (entry["name"], " ".join(entry["uris"]), " ".join([*entry["suites"], *entry["components"]]))
        for entry in listed
    ]
    return table(("Repository", "Address", "Suites and components"), (20, 44, 30), rows)


def history(listed: Sequence[Mapping[str, Any]]) -> str:
    """`show packages history`."""
    rows = [
        (
            str(entry["id"]),
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["time"] or 0)),
            str(entry["user"]),
            str(entry["state"]),
            " ".join([str(entry["action"]), *(entry["packages"] or ())])[:60],
        )
        for entry in listed
    ]
    return table(("Id", "Time", "User", "State", "What"), (5, 19, 12, 12, 40), rows)


def uploads(listed: Sequence[Mapping[str, Any]]) -> str:
    """`show packages uploads`."""
    rows = [(entry["name"], str(entry["bytes"])) for entry in listed]
    return table(("File", "Bytes"), (60, 12), rows)


def changes(data: Mapping[str, Any]) -> str:
    """What a change of packages did, or a plan says that it would do."""
    if not data["changes"]:
        return "Nothing to do.\n"
    rows = [
        (change["name"], change["before"] or "-", change["after"] or "-", change.get("action", ""))
        for change in data["changes"]
    ]
    return table(("Package", "Before", "After", ""), (NAME_WIDTH, 20, 20, 10), rows)


def plan(data: Mapping[str, Any]) -> str:
    """`request packages plan …`."""
    sizes = fields(
        {
            "Download": f"{data['download_bytes']} bytes",
            "Disk": f"{data['disk_bytes']:+d} bytes, {data['free_bytes']} free",
            "Protected": ", ".join(data["protected"]) or "none removed",
        },
        10,
    )
    return changes(data) + ("\n" + sizes if data["changes"] else "")
