# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether collection and switch are of the same release."""

from __future__ import annotations

VERSION = "0.1.0"
"""Of the collection, as in galaxy.yml."""


def mismatch(agent):
    """What to do about a switch whose agent is of another release; empty if it isn't.

    Args:
        agent: the version of the agent.
    """
    ours, theirs = _release(VERSION), _release(agent)
    if ours == theirs:
        return ""
    older = "the switch's agent" if theirs < ours else "the collection connetos.connetos"
    return (
        f"the switch's agent is of version {agent}, the collection of version {VERSION}: what one of them doesn't know may"
        f" be why; upgrade {older}"
    )


def _release(version):
    """Major and minor number; nothing for what isn't a version."""
    numbers = version.split(".")[:2]
    return tuple(int(number) for number in numbers) if all(map(str.isdigit, numbers)) else ()
