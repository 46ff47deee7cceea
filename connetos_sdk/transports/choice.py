"""Which transport speaks with the switch at a URL."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Literal, get_args
from urllib.parse import SplitResult, urlsplit

from connetos_sdk.errors import BadRequest, Unsupported
from connetos_sdk.transports.base import Transport
from connetos_sdk.transports.rest import RestTransport

Kind = Literal["rest", "rcc", "xrl"]
SCHEMES: dict[str, Kind] = {"https": "rest", "unix": "rest", "rcc": "rcc", "xrl": "xrl"}
_SCHEME_OF: dict[Kind, str] = {"rest": "https", "rcc": "rcc", "xrl": "xrl"}
_EXPECTED = "https://host, unix:///path, rcc://host or xrl://host"


@dataclass(frozen=True)
class _Options:
    username: str | None
    password: str | None
    verify: bool
    ca_file: str | FilePath | None
    key_files: tuple[str | FilePath, ...]
    known_hosts: str | FilePath | None
    timeout_s: float

    def refuse(self, kind: Kind, *names: str) -> None:
        """Options that would do nothing are refused: they were given for a reason."""
        for name in names:
            if getattr(self, name):
                raise Unsupported(f"{kind} has no {name}", hint=f"leave {name} out, or use another transport")


def make_transport(
    url: str,
    kind: str | None,
    *,
    username: str | None,
    password: str | None,
    verify: bool,
    ca_file: str | FilePath | None,
    key_files: tuple[str | FilePath, ...],
    known_hosts: str | FilePath | None,
    timeout_s: float,
) -> Transport:
    """The transport for `url`; see `connetos_sdk.switch.Switch`.

    Raises:
        Unsupported: there is none, or it has no such option.
        BadRequest: nobody can wait for so long.
    """
    if not 0 < timeout_s < math.inf:
        raise BadRequest(f"the timeout for an answer is {timeout_s:g} s", hint="more than 0 seconds")
    options = _Options(username, password, verify, ca_file, key_files, known_hosts, timeout_s)
    where, chosen = _where(url, kind)
    if chosen == "rcc":
        return _rcc(where, options)
    if chosen == "xrl":
        return _xrl(where, options)
    options.refuse("rest", "key_files", "known_hosts")
    return RestTransport(
        where.geturl(),
        username=username,
        password=password,
        verify=verify,
        ca_file=ca_file,
        timeout_s=timeout_s,
    )


def _where(url: str, kind: str | None) -> tuple[SplitResult, Kind]:
    if kind is not None and kind not in get_args(Kind):
        raise Unsupported(f"there is no transport {str(kind)[:20]!r}", hint=", ".join(get_args(Kind)))
    if kind is not None and not re.match(r"[a-z]+:/", url):
        if re.fullmatch(r"[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", url):
            url = f"[{url}]"  # an IPv6 address
        url = f"{_SCHEME_OF[kind]}://{url}"  # type: ignore[index]  # one of its values, as just seen
    shown = url.rpartition("@")[2]
    try:
        where = urlsplit(url)
        port_is_right = where.port is None or where.port > 0
    except ValueError as error:
        raise Unsupported(f"{shown} isn't a URL: {error}", hint=_EXPECTED) from None
    chosen = SCHEMES.get(where.scheme)
    if chosen is None or not (where.hostname or where.scheme == "unix") or not port_is_right:
        raise Unsupported(
            f"{shown} isn't an https://, unix://, rcc:// or xrl:// URL",
            hint=_EXPECTED,
        )
    try:
        (where.hostname or "").encode("idna")
    except UnicodeError:
        raise Unsupported(
            f"{where.hostname!r} isn't the name of a host",
            hint="words of at most 63 characters with dots between",
        ) from None
    if kind is not None and kind != chosen:
        raise Unsupported(f"{shown} is a URL of {chosen}, not of {kind}", hint="leave transport out")
    return where, chosen


def _rcc(where: SplitResult, options: _Options) -> Transport:
    options.refuse("rcc", "ca_file")
    if where.path not in ("", "/"):
        raise Unsupported("an rcc:// URL has no path", hint="rcc://host[:port]")
    try:
        from connetos_sdk.transports.rcc import RccTransport
    except ImportError as error:
        raise Unsupported("rcc needs asyncssh", hint="pip install 'connetos-sdk[rcc]'") from error
    return RccTransport(
        where.hostname or "",
        username=options.username or where.username,
        password=options.password,
        port=where.port or 22,
        key_files=options.key_files,
        known_hosts=options.known_hosts,
        verify=options.verify,
        timeout_s=options.timeout_s,
    )


def _xrl(where: SplitResult, options: _Options) -> Transport:
    from connetos_sdk.transports.xrl import TARGET, XrlTransport
    from connetos_sdk.wire.xrl.finder import PORT

    options.refuse("xrl", "username", "password", "ca_file", "key_files", "known_hosts")
    target = where.path.strip("/")
    if not re.fullmatch(r"[\w.@-]*", target):
        raise Unsupported(f"{target[:60]} isn't a target", hint="xrl://host[:port-of-the-finder][/target]")
    finder = where.hostname or "", where.port or PORT
    return XrlTransport(finder, target or TARGET, timeout_s=options.timeout_s)
