# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: connetos
author: The ConnetOS automation authors (!UNKNOWN)
short_description: Use the command line of ConnetOS switches
description:
  - Commands and configurations of a ConnetOS switch over the connection plugin
    P(ansible.netcommon.network_cli#connection), for C(ansible_network_os=connetos.connetos.connetos).
  - A configuration is one candidate and one commit. It may be C(set) and C(delete) lines, curly braces, or JSON.
  - In check mode the switch validates the candidate, which is dropped then. A vendor's switch has no command for that;
    there only the lines are checked.
version_added: 0.1.0
options:
  connetos_confirm:
    description:
      - Roll a commit back after so many seconds, unless another one follows.
    type: int
    vars:
      - name: connetos_confirm
"""

import json  # noqa: E402
import re  # noqa: E402
from contextlib import suppress  # noqa: E402

from ansible.errors import AnsibleConnectionFailure  # noqa: E402
from ansible.module_utils.common.text.converters import to_bytes, to_text  # noqa: E402
from ansible.module_utils.connection import ConnectionError as AnsibleConnectionError  # noqa: E402
from ansible.plugins.cliconf import CliconfBase  # noqa: E402
from ansible_collections.connetos.connetos.plugins.plugin_utils.gathering import NETWORK_OS, make_known  # noqa: E402

try:
    from connetos_sdk import Switch
    from connetos_sdk.errors import ConnetosError, Unreachable, Unsupported
    from connetos_sdk.model.text import parse_document
    from connetos_sdk.transports.rcc.terminal import TerminalTransport, read, unpaged

    MISSING = ""
except ImportError as error:
    MISSING = str(error)

FORMATS = ("text", "set", "json")
EDITS = ("set ", "delete ")
WAIT = "persistent_buffer_read_timeout"
"""For how long a prompt must be the last that came, in seconds, so that it is taken for one."""
MORE = rb"--More--\Z"
"""What asks for the next screen."""
REST = "N"
"""The key that shows the rest without asking again."""


class Cliconf(CliconfBase):
    """See `CliconfBase`. What needs more than a command is done by the SDK, which types at this terminal."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        make_known()

    # -- commands -------------------------------------------------------------------------------------

    def send_command(
        self,
        command=None,
        prompt=None,
        answer=None,
        sendonly=False,
        newline=True,
        prompt_retry_check=False,
        check_all=False,
        strip_prompt=True,
    ):
        """See `CliconfBase`.

        Raises:
            AnsibleConnectionFailure: the switch refuses; with all that it says.
        """
        _check_sdk()
        command = to_text(command)
        if prompt is not None or sendonly:
            sent = self._send(command, prompt, answer, sendonly, newline, prompt_retry_check, check_all)
            if sendonly:
                return sent
        else:
            sent = self._typed(command)
        try:
            response = read(command, sent)
        except ConnetosError:
            return sent  # a question that wasn't answered, or what follows an answer: as it is
        text = response.text.rstrip("\n")
        if not response.success:
            raise AnsibleConnectionFailure(text)
        return text if strip_prompt else sent

    def get(
        self,
        command=None,
        prompt=None,
        answer=None,
        sendonly=False,
        newline=True,
        output=None,
        check_all=False,
    ):
        """What one command prints; see `send_command`."""
        if not command:
            raise ValueError("command is empty")
        if output not in (None, "text"):
            raise ValueError(
                f"output {output}: the command line prints text; end the command with | display json"
            )
        return self.send_command(command, prompt, answer, sendonly, newline, check_all=check_all)

    def _typed(self, command):
        """Text and prompt after one command, never in screens."""
        if not command.lstrip().startswith(EDITS):
            return self._send(unpaged(command), MORE, REST, newline=False)
        # A configuration may have thousands of these, and nothing that they show ends like a prompt.
        wait = self._connection.get_option(WAIT)
        self._connection.set_option(WAIT, 0.0)
        try:
            return self._send(command)
        finally:
            self._connection.set_option(WAIT, wait)

    def _send(
        self,
        command,
        prompt=None,
        answer=None,
        sendonly=False,
        newline=True,
        prompt_retry_check=False,
        check_all=False,
    ):
        sent = self._connection.send(
            command=to_bytes(command),
            prompt=_bytes(prompt),
            answer=_bytes(answer),
            sendonly=sendonly,
            newline=newline,
            prompt_retry_check=prompt_retry_check,
            check_all=check_all,
            strip_prompt=False,
        )
        return None if sent is None else to_text(sent).replace("\r", "")

    def speaks(self):
        """For the SDK on the other side of the socket: what it can say over this connection."""
        return "cli"

    def exchange(self, commands):
        """For the SDK on the other side of the socket: text and prompt after each of these commands."""
        return [self._typed(command) for command in commands]

    def set_cli_prompt_context(self):
        """A task before may have left configuration mode open; its candidate isn't this task's."""
        if to_text(self._connection.get_prompt() or b"").strip().endswith("#"):
            self._typed("exit discard")

    # -- configurations -------------------------------------------------------------------------------

    def get_config(self, source="running", flags=None, format=None):
        """A configuration: `text` (curly braces), `set` lines or `json`; `flags` fills in default values."""
        switch = self._switch()
        form = format or "text"
        if form not in FORMATS:
            raise ValueError(f"there is no format {form}: {', '.join(FORMATS)}")
        if source not in ("running", "startup"):
            raise ValueError(f"there is no configuration {source}: running or startup")
        try:
            return switch.config_text(source=source, form=form, defaults=bool(flags))
        except Unsupported:
            if form != "text" or source != "running":
                raise
            # A vendor's switch has configuration that the SDK doesn't know; the switch itself writes it.
            return re.sub(r"\AWaiting for [^\n]*\n", "", self.send_command("show running-config")) + "\n"

    def get_default_flag(self):
        """What `flags` of `get_config` is for a configuration with default values."""
        return ["defaults"]

    def edit_config(self, candidate=None, commit=True, replace=None, diff=False, comment=None):
        """One candidate and one commit, or with `commit` false only its check.

        Returns:
            `diff` if there is one, and the lines that were asked for as `request`.
        """
        text = _text(candidate)
        if replace not in (None, True, False):
            raise ValueError(
                f"replace {replace}: a switch can't replace its configuration by a file that it has; give config, "
                "and true or false"
            )
        if not text:
            raise ValueError("config is empty")
        found = self._change(text, commit=commit, replace=bool(replace), comment=comment)
        lines = text.splitlines()
        return {"request": lines, "response": [], **({"diff": found} if found else {})}

    def get_diff(
        self,
        candidate=None,
        running=None,
        diff_match=None,
        diff_ignore_lines=None,
        path=None,
        diff_replace=None,
    ):
        """What `candidate` would change, in the switch's own words."""
        if running is not None or path is not None:
            raise ValueError("the switch compares with its running configuration: leave out running and path")
        found = self._change(_text(candidate), commit=False, replace=diff_replace == "config", comment=None)
        return {"config_diff": found}

    def _change(self, text, *, commit, replace, comment):
        """Make a change, or only check it; what it changes."""
        transport = self._switch().transport
        confirm = self.get_option("connetos_confirm")
        session = transport.open_session(exclusive=False)
        try:
            if replace:
                transport.edit(session, "replace", (), parse_document(text))
            else:
                transport.edit(session, "load", (), text)
            diff = _checked(transport, session)
            if diff and commit:
                transport.session_action(session, "commit", {"comment": comment or "", "confirm": confirm})
            return diff
        finally:
            transport.close_session(session)

    def commit(self, comment=None):
        """Commit the candidate that a command began; without one, nothing."""
        if self._configuring():
            self.send_command(f'commit comment "{comment}"' if comment else "commit")

    def discard_changes(self):
        """Drop the candidate that a command began; without one, nothing."""
        if self._configuring():
            self.send_command("exit discard")

    def _configuring(self):
        return to_text(self._connection.get_prompt() or b"").strip().endswith("#")

    def rollback(self, rollback_id, commit=True):
        """Go so many commits back, or only look at what that would change."""
        done = self._switch().rollback(rollback_id, **({} if commit else {"dry_run": True}))
        return {"diff": done.diff} if done.changed else {}

    def restore(self, filename=None, path=None):
        """There is no such command."""
        raise ValueError(
            "a switch can't replace its configuration by a file that it has: use cli_config with rollback, or with the "
            "text of a backup as config and replace true"
        )

    # -- what there is --------------------------------------------------------------------------------

    def get_device_info(self):
        """What Ansible's network modules ask of every platform."""
        system = self._switch().system()
        return {
            "network_os": NETWORK_OS,
            "network_os_hostname": system.hostname,
            "network_os_model": system.model,
            "network_os_version": system.version,
        }

    def get_device_operations(self):
        """What a switch can do, in the words of `CliconfBase.get_capabilities`."""
        return {
            "supports_admin": False,
            "supports_commit": True,
            "supports_commit_comment": True,
            "supports_commit_label": False,
            "supports_config_replace": True,
            "supports_defaults": True,
            "supports_diff_ignore_lines": False,
            "supports_diff_match": False,
            "supports_diff_replace": False,
            "supports_generate_diff": False,
            "supports_multiline_delimiter": False,
            "supports_onbox_diff": True,
            "supports_replace": True,
            "supports_rollback": True,
        }

    def get_capabilities(self):
        """The same, and what kind of switch it is, as JSON text."""
        more = ["commit", "discard_changes", "get_default_flag", "get_diff", "rollback"]
        return json.dumps(
            {
                "rpc": [*self.get_base_rpc(), *more],
                "network_api": "cliconf",
                "device_info": self.get_device_info(),
                "device_operations": self.get_device_operations(),
                "format": list(FORMATS),
                "diff_match": [],
                "diff_replace": [],
                "output": ["text"],
            }
        )

    def _switch(self):
        """The switch whose terminal this is. One for each use: a candidate that a failure left open ends with it."""
        _check_sdk()

        def typed(commands):
            try:
                return self.exchange(commands)
            except (AnsibleConnectionFailure, AnsibleConnectionError, OSError) as error:
                raise Unreachable(str(error)) from error

        return Switch(transport=TerminalTransport(typed))


def _checked(transport, session):
    """What the candidate changes, validated if the switch can do that.

    Asked before a commit, too: one that changes nothing would confirm another that waits for it.
    """
    diff = transport.session_diff(session, "text")
    if diff:
        with suppress(
            Unsupported
        ):  # a vendor's switch has no such command; it checked each line as it was typed
            diff = transport.session_action(session, "check", {})["diff"]
    return diff


def _check_sdk():
    if MISSING:
        raise AnsibleConnectionFailure(
            f"the Python package connetos-sdk[rcc] is needed in the environment of the controller: {MISSING}"
        )


def _text(candidate):
    given = candidate if isinstance(candidate, (list, tuple)) else [candidate or ""]
    return "\n".join(map(str, given)).strip("\n")


def _bytes(value):
    if isinstance(value, (list, tuple)):
        return [to_bytes(item) for item in value]
    return None if value is None else to_bytes(value)
