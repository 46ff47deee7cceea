"""Settings of the package service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PackagesSettings:
    """Whose packages.

    Attributes:
        root: the system whose packages are managed; None for none (a lab switch shares its host's).
        protected: names of packages that mustn't be removed, besides agent, data plane and kernel.
    """

    root: Path | None = Path("/")
    protected: tuple[str, ...] = ()
