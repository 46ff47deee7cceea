"""netmiko's device types `connetos` and `connetos_ssh`, for our agent and for a vendor's switch.

Importing this module registers them, also for netmiko's autodetection:

    import connetos_sdk.integrations.netmiko
    from netmiko import ConnectHandler

    with ConnectHandler(device_type="connetos", host="leaf1", username="admin", password=...) as switch:
        switch.send_config_set(["set vlans vlan-id 10 vlan-name web"])
        switch.commit(comment="web tier")
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from netmiko.base_connection import BaseConnection
from netmiko.exceptions import (
    ConfigInvalidException,
    ConnectionException,
    NetmikoAuthenticationException,
    NetmikoTimeoutException,
    ReadException,
    ReadTimeout,
)
from netmiko.no_enable import NoEnable
from netmiko.ssh_autodetect import SSH_MAPPER_BASE, SSH_MAPPER_DICT
from netmiko.ssh_dispatcher import CLASS_MAPPER, CLASS_MAPPER_BASE, platforms

from connetos_sdk.errors import ProtocolError, Unsupported
from connetos_sdk.model.diff import MASK
from connetos_sdk.model.secrets import secrets_in
from connetos_sdk.textfsm import parse

DEVICE_TYPES = ("connetos", "connetos_ssh")
PROMPT = r"(?m:^[A-Za-z0-9][A-Za-z0-9_.\-]*(?: [0-9]{1,2})?[>#] ?$)"
"""Of both modes; a member of a stack has its number in it."""
SHELL_PROMPT = r"(?m:^\S+@[^\s:]+:\S*(?: [0-9]{1,2})?[$#] ?$)"
"""Of Debian's shell, in which a vendor's switch has its users land."""
REFUSED = r"(?m:^(?:ERROR:|syntax error|unknown command).*)"
"""How the answer to a line that did nothing begins."""
MORE = "--More--"
"""What a pager shows that waits for a key."""
REST_OF_IT = "N"
"""The key that has it show the rest without waiting."""
_ERASED = re.compile(rf"{MORE}(?:\n {{{len(MORE)}}}\n|\n|\x08* {{0,{len(MORE)}}}\x08*)")
"""The pager's prompt, and what takes it off the screen; netmiko makes a line's end of a carriage return."""
COMMITTED = ("Commit OK.", "Configuration check succeeds.")
GONE = "transport shut down"
"""How paramiko tells that the other end hung up while it was asked about the password."""
COLUMNS, ROWS = 4200, 0
"""The longest line the CLI takes, and no rows: nothing is wrapped, and nothing paged."""


class SessionEnded(ConnectionException, OSError):
    """The switch has ended the session; a candidate that wasn't committed is gone."""


class AgentAbsent(ConnectionException):
    """The switch's SSH server lets nobody in, because the agent that would check the password doesn't answer."""


class ConnetOSSSH(NoEnable, BaseConnection):
    """A switch's CLI over SSH.

    A candidate belongs to its session and is gone when configuration mode is left. So `send_config_set` stays in that
    mode, until `commit` or `discard`. A vendor's switch has its users land in Debian's shell, from which `cli` is started.
    """

    _last_line = ""

    def establish_connection(self, width: int = COLUMNS, height: int = ROWS) -> None:
        """See `BaseConnection`; the terminal is so large that the switch needn't page."""
        try:
            super().establish_connection(width=width, height=height)
        except NetmikoAuthenticationException as error:
            if GONE not in str(error):
                raise
            where = f"{self.host}:{self.port}"
            raise AgentAbsent(
                f"{where} ended the connection before it said whether the password is right: its agent doesn't answer; "
                "try again when it runs"
            ) from error

    def session_preparation(self) -> None:
        """Wait for the first prompt, and start the CLI if it is a shell's.

        Raises:
            NetmikoTimeoutException: there is no switch's CLI.
        """
        self.ansi_escape_codes = True  # a shell's prompt may have colours
        if re.search(SHELL_PROMPT, self._test_channel_read(pattern=f"{PROMPT}|{SHELL_PROMPT}")):
            self.write_channel("cli" + self.RETURN)
            try:
                self.read_until_pattern(PROMPT)
            except ReadTimeout:
                reason = f"{self.host} shows the prompt of a shell, and `cli` starts no switch's command line there"
                raise NetmikoTimeoutException(reason) from None
        self.set_base_prompt()

    # -- the channel ----------------------------------------------------------------------------------

    def read_channel(self) -> str:
        """See `BaseConnection`; a pager, which a vendor's switch may have whatever the terminal's size, is told to go on.

        Raises:
            SessionEnded: nothing comes any more.
        """
        with self._told_when_ended():
            data = super().read_channel()
        if data:
            self._last_line = (self._last_line + data).rpartition("\n")[2][-80:]
            if self._last_line.strip() == MORE:
                self._last_line = ""
                self.write_channel(REST_OF_IT)
        return data

    def write_channel(self, out_data: str) -> None:
        """See `BaseConnection`; secrets of the configuration stay out of logs, as the password does.

        Raises:
            SessionEnded: nobody listens.
        """
        for secret in secrets_in(out_data):
            for log in (self._secrets_filter, self.session_log):
                if log is not None and log.no_log is not None:
                    log.no_log |= {
                        form: form for form in (re.escape(secret), secret)
                    }  # netmiko logs its patterns
        with self._told_when_ended():
            super().write_channel(out_data)

    @contextmanager
    def _told_when_ended(self) -> Iterator[None]:
        try:
            yield
        except ReadTimeout:
            raise
        except (OSError, ReadException) as error:
            raise SessionEnded(
                f"{self.host}:{self.port} has ended the session, as it does when its agent restarts; connect again (what "
                "wasn't committed is gone)"
            ) from error

    def _sanitize_output(self, output: str, *args: Any, **kwargs: Any) -> str:
        return super()._sanitize_output(_ERASED.sub("", output), *args, **kwargs)

    def send_command(  # type: ignore[override]
        self,
        command_string: str,
        expect_string: str | None = None,
        read_timeout: float = 10.0,
        *,
        use_textfsm: bool = False,
        **kwargs: Any,
    ) -> str | list[Any] | dict[str, Any]:
        """See `BaseConnection`; `use_textfsm` finds the templates of this package unless NET_TEXTFSM names others."""
        theirs = kwargs.get("textfsm_template") is not None or "NET_TEXTFSM" in os.environ
        if not use_textfsm or theirs:
            return super().send_command(
                command_string, expect_string, read_timeout, use_textfsm=use_textfsm, **kwargs
            )
        text = str(super().send_command(command_string, expect_string, read_timeout, **kwargs))
        try:
            return parse(" ".join(command_string.split()), text) or text
        except (ProtocolError, Unsupported) as error:
            if kwargs.get("raise_parsing_error"):
                raise ValueError(str(error)) from error
            return text

    # -- configuration mode ---------------------------------------------------------------------------

    def check_config_mode(
        self, check_string: str = "#", pattern: str = r"[>#]", force_regex: bool = False
    ) -> bool:
        """Whether the prompt is that of configuration mode."""
        return super().check_config_mode(check_string=check_string, pattern=pattern, force_regex=force_regex)

    def config_mode(
        self, config_command: str = "configure", pattern: str = r"[>#]", re_flags: int = 0
    ) -> str:
        """Enter configuration mode; `configure exclusive` locks others out.

        Raises:
            ValueError: the switch refuses, for instance because another user holds the configuration.
        """
        if self.check_config_mode():
            return ""
        output = self._line(config_command)
        if re.search(REFUSED, output):
            raise ValueError(f"configuration mode can't be entered: {_told(output)}")
        return output

    def exit_config_mode(self, exit_config: str = "exit configuration-mode", pattern: str = r"[>#]") -> str:
        """Leave configuration mode.

        Raises:
            ValueError: there are changes that are neither committed nor discarded.
        """
        if not self.check_config_mode():
            return ""
        output = self._line(exit_config)
        if re.search(REFUSED, output):
            raise ValueError(f"{_told(output)} Call commit() or discard() first.")
        return output

    def send_config_set(
        self,
        config_commands: str | Sequence[str] | Iterator[str] | TextIO | None = None,
        *,
        exit_config_mode: bool = False,
        error_pattern: str = REFUSED,
        **kwargs: Any,
    ) -> str:
        """See `BaseConnection`; a line that the switch refuses ends it with `ConfigInvalidException`."""
        kwargs.setdefault("terminator", r"#")
        try:
            return super().send_config_set(
                config_commands, exit_config_mode=exit_config_mode, error_pattern=error_pattern, **kwargs
            )
        except (ConfigInvalidException, ReadTimeout) as error:
            raise type(error)(self._without_secrets(str(error))) from None

    def commit(
        self,
        confirm: bool = False,
        confirm_delay: int | None = None,
        check: bool = False,
        comment: str = "",
        and_quit: bool = True,
        read_timeout: float = 120.0,
    ) -> str:
        """Commit the candidate.

        Args:
            confirm: roll back unless another `commit()` follows in time.
            confirm_delay: that time in seconds; 600 unless given.
            check: only check.
            comment: kept with the revision.
            and_quit: leave configuration mode afterwards; not after a check.
            read_timeout: seconds to wait for the switch.

        Raises:
            ValueError: the switch refuses; nothing has changed, and the candidate is still there.
        """
        if confirm_delay is not None and not confirm:
            raise ValueError("confirm_delay needs confirm=True")
        if '"' in comment or "\n" in comment:
            raise ValueError("a comment is one line without double quotes")
        words = ["commit", *(["check"] if check else [])]
        words += ["confirmed", str(confirm_delay or 600)] if confirm else []
        plain = re.fullmatch(
            r"[\w.:/-]+", comment
        )  # a vendor's switch takes one word, and may not take it quoted
        words += ["comment", comment if plain else f'"{comment}"'] if comment else []
        output = self.config_mode() + self._line(" ".join(words), read_timeout)
        if not any(line.strip() in COMMITTED for line in output.splitlines()):
            raise ValueError(f"the commit failed: {_told(output)}")
        if and_quit and not check:
            self.set_base_prompt()  # the commit may have renamed the switch
            output += self.exit_config_mode()
        return output

    def discard(self) -> str:
        """Drop the candidate and leave configuration mode."""
        return self._line("exit discard") if self.check_config_mode() else ""

    def save_config(self, cmd: str = "save running-to-startup", *_: Any) -> str:
        """Make the running configuration the one that the switch boots with.

        Raises:
            ValueError: the switch refuses.
        """
        was_in_mode = self.check_config_mode()
        output = self.config_mode() + self._line(cmd)
        if re.search(REFUSED, output):
            raise ValueError(f"the configuration can't be saved: {_told(output)}")
        return output if was_in_mode else output + self.exit_config_mode()

    def cleanup(self, command: str = "exit") -> None:
        """Leave politely: the candidate is dropped, the session ends."""
        self.discard()
        self.write_channel(command + self.RETURN)

    def _without_secrets(self, text: str) -> str:
        for secret in (self._secrets_filter.no_log or {}).values():
            text = text.replace(secret, MASK)
        return text

    def _line(self, command: str, read_timeout: float = 30.0) -> str:
        """Text of one command in either mode; the prompt may change by it."""
        return self._send_command_str(
            command, expect_string=PROMPT, strip_prompt=False, strip_command=False, read_timeout=read_timeout
        )


def _told(output: str) -> str:
    """What the switch says, without the command and the prompts around it."""
    lines = [line.strip() for line in output.splitlines() if not re.search(r"^[A-Za-z0-9_.\-]+[>#]", line)]
    return " ".join(line for line in lines[1:] if line)


def register() -> None:
    """Add the device types to netmiko's tables; again is no harm."""
    for name in DEVICE_TYPES:
        CLASS_MAPPER[name] = ConnetOSSSH
        if name not in platforms:
            platforms.append(name)
    CLASS_MAPPER_BASE["connetos"] = ConnetOSSSH
    if "connetos" not in SSH_MAPPER_DICT:
        found = {
            "cmd": "show version",
            "search_patterns": [r"ConnetOS"],
            "priority": 99,
            "dispatch": "_autodetect_std",
        }
        SSH_MAPPER_DICT["connetos"] = found
        SSH_MAPPER_BASE.insert(0, ("connetos", found))


register()
