# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: connetos
author: The ConnetOS automation authors (!UNKNOWN)
short_description: Know the terminal of ConnetOS switches
description:
  - Prompts of the command line of a ConnetOS switch, for the connection plugin P(ansible.netcommon.network_cli#connection)
    and C(ansible_network_os=connetos.connetos.connetos).
  - A login that lands in a shell of Linux is taken on to the command line.
  - Whether a command was refused is found by the cliconf plugin in its whole answer. Error patterns are tried on pieces of
    an answer, where a line of a log that is shown looks like one; so there are none, unless the inventory gives some.
version_added: 0.1.0
"""

import re  # noqa: E402

from ansible.errors import AnsibleConnectionFailure  # noqa: E402
from ansible.plugins.terminal import TerminalBase  # noqa: E402

NAME = rb"[A-Za-z0-9][A-Za-z0-9_.\-]{0,62}"
LINUX = re.compile(rb"(?:^|[\r\n])[^\s@]+@" + NAME + rb":[^\r\n]*[$#] ?\Z")
"""`ops@leaf1:~$ `, where a login lands on a vendor's switch."""


class TerminalModule(TerminalBase):
    """See `TerminalBase`. Text is never cut into screens: the cliconf plugin asks for that."""

    terminal_stdout_re = [
        re.compile(rb"(?:^|[\r\n])(?:\[edit[^\r\n]*\]\s*[\r\n]+)?" + NAME + rb"(?: \d{1,2})?[>#] ?\Z"),
        LINUX,
    ]
    terminal_stderr_re = []
    ansi_re = [
        re.compile(rb"--More--\r *\r"),
        re.compile(rb" \x08"),  # after the last column, so that the terminal takes the step to the next row
        re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]"),
        re.compile(rb"\x1b[=>]"),
        re.compile(rb"\x07"),
    ]

    def on_open_shell(self):
        if not LINUX.search(self._get_prompt() or b""):
            return
        self._exec_cli_command(b"cli")
        if LINUX.search(self._get_prompt() or b""):
            raise AnsibleConnectionFailure(
                "the login landed in a shell of Linux, and the command cli doesn't lead to the switch's command line: "
                "is this a ConnetOS switch, and may the user run cli?"
            )

    def on_become(self, passwd=None):
        raise AnsibleConnectionFailure(
            "a ConnetOS switch has no privileged mode: what a user may do is decided by its class "
            "(system login user NAME class super-user). Leave out become"
        )
