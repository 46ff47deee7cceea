"""scrapli's platform `connetos`: its definition, and a connection with a terminal that needn't be paged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scrapli import AuthOptions, Cli
from scrapli.exceptions import ScrapliException
from scrapli.transport import BinOptions

DEFINITION = Path(__file__).with_name("connetos.yaml")
"""The definition, for `Cli(definition_file_or_name=str(DEFINITION))`."""
COLUMNS, ROWS = 4200, 65535
ADVICE = {
    "assuming authentication failed": "is the user name right, and the password?",
    "open failed, error:": "is the address right, and does the switch run?",
    "open failed": "the switch ended the connection before it said whether the password is right: its agent doesn't answer; "
    "try again when it runs",
    "EOF": "the switch has ended the session, as it does when its agent restarts: connect again; what wasn't committed "
    "is gone",
}
"""What to do about scrapli's errors, by what they say; the first that fits."""


class ConnetosCli(Cli):
    """scrapli's `Cli`, whose errors have a note that says what to do."""

    def open(self, *args: Any, **options: Any) -> Any:
        """See `Cli.open`."""
        with _advised():
            return super().open(*args, **options)

    async def open_async(self, *args: Any, **options: Any) -> Any:
        """See `Cli.open_async`."""
        with _advised():
            return await super().open_async(*args, **options)

    def __exit__(self, *raised: Any) -> None:
        _advise(raised[1])
        super().__exit__(*raised)

    async def __aexit__(self, *raised: Any) -> None:
        _advise(raised[1])
        await super().__aexit__(*raised)


@contextmanager
def _advised() -> Iterator[None]:
    try:
        yield
    except ScrapliException as error:
        _advise(error)
        raise


def _advise(error: BaseException | None) -> None:
    """Add to an error of scrapli what to do about it, once."""
    if isinstance(error, ScrapliException) and not hasattr(error, "__notes__"):
        fitting = [advice for words, advice in ADVICE.items() if words in str(error)]
        if fitting:
            error.add_note(fitting[0])


def connetos(
    host: str,
    *,
    username: str,
    password: str | None = None,
    port: int = 22,
    private_key: str | Path | None = None,
    known_hosts: str | Path | None = None,
    strict: bool = True,
    **options: Any,
) -> ConnetosCli:
    """A connection to a switch's CLI, for `with` or `async with`; OpenSSH's `ssh` is the transport.

    Args:
        host: name or address.
        username: user on the switch.
        password: its password.
        port: where SSH listens.
        private_key: file with a private key.
        known_hosts: file with the keys of known switches; that of `ssh` by default.
        strict: whether the switch's key is checked.
        options: more of scrapli's own, such as `session_options`.
    """
    return ConnetosCli(
        host,
        port=port,
        definition_file_or_name=str(DEFINITION),
        auth_options=AuthOptions(
            username=username,
            password=password,
            private_key_path=None if private_key is None else str(private_key),
        ),
        transport_options=BinOptions(
            known_hosts_path=None if known_hosts is None else str(known_hosts),
            enable_strict_key=strict,
            term_height=ROWS,
            term_width=COLUMNS,
        ),
        **options,
    )
