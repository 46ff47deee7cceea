"""Package repositories of a switch, as `switch.packages` tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from connetos_sdk.errors import ProtocolError
from connetos_sdk.results import Result


@dataclass(frozen=True)
class Repository(Result):
    """A package repository; `managed` are those that `add_repository` added, others were made by hand in `file`.

    Attributes:
        key_sha256: of the lines of its key, for managed ones.
    """

    name: str
    file: str
    managed: bool
    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    enabled: bool
    key_sha256: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        return super().of({name: tuple(v) if isinstance(v, list) else v for name, v in data.items()})


@dataclass(frozen=True)
class RepositoryChange(Result):
    """What adding or removing a repository changed, or a check says that it would; None where it isn't there."""

    changed: bool
    before: Repository | None
    after: Repository | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`.

        Raises:
            ProtocolError: a side is missing; an agent of another release says only whether something changed.
        """
        if not {"changed", "before", "after"} <= data.keys():
            raise ProtocolError("the switch doesn't tell what the repository was before, and is after")
        both = {side: Repository.of(data[side]) if data[side] else None for side in ("before", "after")}
        return super().of({**data, **both})
