# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cables and their ends as playbooks write them."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail

try:
    from connetos_sdk.cabling import End, Link
except ImportError:  # told to the user by `SdkAction`
    End = Link = None


def end(text):
    """The port of a switch, written `leaf1:te-1/1/1`."""
    switch, colon, port = str(text).partition(":")
    if not (switch and colon and port):
        raise AnsibleActionFail(f"{text} isn't the port of a switch: write it as leaf1:te-1/1/1")
    return End(switch, port)


def link(ends):
    """The cable between two ends."""
    if len(ends) != 2:
        raise AnsibleActionFail(f"the link {ends} needs two ends, such as [leaf1:te-1/1/7, spine1:te-1/1/1]")
    return Link(end(ends[0]), end(ends[1]))
