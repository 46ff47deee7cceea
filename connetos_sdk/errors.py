"""The one exception tree of SDK and agent.

    ConnetosError
    ├── ConfigError              what was asked for can't be a configuration of this switch
    │   ├── ParseError           text that isn't configuration
    │   ├── UnknownPath          a word the configuration tree doesn't have
    │   ├── InvalidValue         a value of the wrong type, range or form
    │   ├── BrokenReference      a name that nothing in the configuration has
    │   ├── RuleViolation        values that are each valid, but not together
    │   └── NotRealisable        the data plane can't do it
    ├── TransactionError         the configuration is fine, but can't become active now
    │   ├── Conflict             somebody else changed the same thing meanwhile
    │   │   └── PreconditionFailed   the running revision isn't the expected one
    │   ├── Locked               another session holds the configuration exclusively
    │   ├── NotFound             no such session, revision or pending confirmation
    │   ├── ApplyFailed          the data plane refused or lied; the old state is back
    │   ├── StorageFailed        the change can't be recorded (disk full, read-only)
    │   └── PackageError         packages can't be changed so; the packages before are back
    │       └── PackageRefused   it would remove what the switch needs, and isn't forced
    ├── PlanError                the plan of a rack can't be built as written (`connetos_sdk.atp`)
    ├── AccessError
    │   ├── AuthenticationFailed
    │   └── PermissionDenied
    ├── BadRequest               a request the agent can't read: malformed, too large, wrong type
    │   ├── TooLarge             more bytes than the agent takes
    │   └── TooMany              more requests or connections than the agent takes
    └── TransportError           the switch can't be talked to
        ├── Unreachable          no connection
        ├── AgentStopping        the switch's agent ends; what was asked goes on by itself
        ├── TimedOut             no answer in time
        ├── ProtocolError        an answer that isn't one
        └── Unsupported          this transport can't do that

Every error carries one or more problems, each with the path in the configuration, the reason, and a hint
that says what would be right. An error keeps its class, path, reason and hint on the way from the agent
to whoever asked (`to_dict` and `from_dict`), whatever surface it crosses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from connetos_sdk.model.paths import Path, format_path

MAX_PROBLEMS = 50
"""How many problems one error lists; a document of a million mistakes must not make an endless answer."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, why, and what would be right."""

    reason: str
    path: Path = ()
    hint: str = ""
    code: str = "error"

    def __str__(self) -> str:
        where = f"{format_path(self.path)}: " if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.reason}{hint}"

    def to_dict(self) -> dict[str, Any]:
        """JSON form: `code`, `path` (list of words), `reason`, `hint`."""
        return {"code": self.code, "path": list(self.path), "reason": self.reason, "hint": self.hint}


class ConnetosError(Exception):
    """Base of all errors of this product.

    Args:
        reason: what is wrong, in one sentence.
        path: words of the configuration path it is about; empty when it is about no path.
        hint: what would be right, or what to do next.
        problems: instead of the three above, several problems at once.
    """

    code: ClassVar[str] = "error"

    def __init__(
        self, reason: str = "", *, path: Path = (), hint: str = "", problems: Iterable[Problem] = ()
    ) -> None:
        listed = tuple(problems) or (Problem(reason, tuple(path), hint, self.code),)
        self.more = max(0, len(listed) - MAX_PROBLEMS)
        """How many further problems were left off."""
        self.problems = listed[:MAX_PROBLEMS]
        super().__init__(str(self))

    @property
    def path(self) -> Path:
        """Path of the first problem."""
        return self.problems[0].path

    @property
    def reason(self) -> str:
        """Reason of the first problem."""
        return self.problems[0].reason

    @property
    def hint(self) -> str:
        """Hint of the first problem."""
        return self.problems[0].hint

    def __str__(self) -> str:
        text = "; ".join(map(str, self.problems))
        return f"{text}; and {self.more} more" if self.more else text

    def to_dict(self) -> dict[str, Any]:
        """JSON form: `code` and `problems`, the opposite of `from_dict`."""
        return {"code": self.code, "problems": [p.to_dict() for p in self.problems]}


class ConfigError(ConnetosError):
    """What was asked for can't be a configuration of this switch. Nothing changed."""

    code = "config-error"


class ParseError(ConfigError):
    """Text that isn't configuration; the reason names the line."""

    code = "parse-error"


class UnknownPath(ConfigError):
    """A word the configuration tree doesn't have at that place."""

    code = "unknown-path"


class InvalidValue(ConfigError):
    """A value of the wrong type, range or form."""

    code = "invalid-value"


class BrokenReference(ConfigError):
    """A reference to something that isn't configured."""

    code = "broken-reference"


class RuleViolation(ConfigError):
    """Values that are each valid, but not together."""

    code = "rule-violation"


class NotRealisable(ConfigError):
    """The active data plane can't do what a leaf says."""

    code = "not-realisable"


class TransactionError(ConnetosError):
    """The change can't become active now. Nothing changed."""

    code = "transaction-error"


class Conflict(TransactionError):
    """Somebody else changed the same thing since this change was begun."""

    code = "conflict"


class PreconditionFailed(Conflict):
    """The running revision isn't the one that the request was made for (HTTP If-Match)."""

    code = "precondition-failed"


class Locked(TransactionError):
    """Another session holds the configuration exclusively."""

    code = "locked"


class NotFound(TransactionError):
    """No such session, revision, pending confirmation or configuration path."""

    code = "not-found"


class ApplyFailed(TransactionError):
    """The data plane refused the change or didn't do what it said; the state before is restored."""

    code = "apply-failed"


class StorageFailed(TransactionError):
    """The change can't be recorded on disk, so it wasn't made."""

    code = "storage-failed"


class PackageError(TransactionError):
    """Packages can't be changed so, or the change failed; the packages from before are there."""

    code = "package-error"


class PackageRefused(PackageError):
    """The change would remove what the switch needs, or isn't for this switch, and isn't forced."""

    code = "package-refused"


class AccessError(ConnetosError):
    """The caller may not do this."""

    code = "access-error"


class AuthenticationFailed(AccessError):
    """User name or password is wrong. Deliberately doesn't say which."""

    code = "authentication-failed"


class PermissionDenied(AccessError):
    """The user's class doesn't allow this."""

    code = "permission-denied"


class BadRequest(ConnetosError):
    """A request the agent can't read: malformed, too large, of the wrong type."""

    code = "bad-request"


class TooLarge(BadRequest):
    """A request with more bytes than the agent takes."""

    code = "too-large"


class TooMany(BadRequest):
    """More requests at once than the agent takes; the same request may work later."""

    code = "too-many"


class TransportError(ConnetosError):
    """The switch can't be talked to."""

    code = "transport-error"


class Unreachable(TransportError):
    """No connection to the switch."""

    code = "unreachable"


class AgentStopping(TransportError):
    """The switch's agent ends (an upgrade, a restart); what was asked goes on, and the next agent tells of it."""

    code = "agent-stopping"


class TimedOut(TransportError):
    """No answer in time; whether a change was made is unknown."""

    code = "timed-out"


class ProtocolError(TransportError):
    """An answer that isn't what the protocol says."""

    code = "protocol-error"


class Unsupported(TransportError):
    """This transport can't do what was asked."""

    code = "unsupported"


def _tree(cls: type[ConnetosError]) -> Iterable[type[ConnetosError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from _tree(child)


def from_dict(data: Mapping[str, Any]) -> ConnetosError:
    """The error that `ConnetosError.to_dict` described, as the same class; unknown codes become the base class."""
    classes = {cls.code: cls for cls in _tree(ConnetosError)}
    cls = classes.get(str(data.get("code", "")), ConnetosError)
    problems = [
        Problem(
            reason=str(item.get("reason", "")),
            path=tuple(map(str, item.get("path", ()))),
            hint=str(item.get("hint", "")),
            code=str(item.get("code", cls.code)),
        )
        for item in data.get("problems", ())
        if isinstance(item, Mapping)
    ]
    return cls(problems=problems or [Problem(str(data.get("detail", "unknown error")), code=cls.code)])


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise what `problems` lists as one `ConfigError`, of their common class when they have one; nothing if empty."""
    listed = tuple(problems)
    if not listed:
        return
    codes = {p.code for p in listed}
    classes = {cls.code: cls for cls in _tree(ConfigError)}
    raise (
        classes.get(codes.pop(), ConfigError)(problems=listed)
        if len(codes) == 1
        else ConfigError(problems=listed)
    )
