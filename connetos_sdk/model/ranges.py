"""Ranges as switches write them: VLANs `20:24,31` and ports `te-1/1/1:8`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from connetos_sdk.model.words import show_value

_VLAN_PART = re.compile(r"([0-9]{1,4})(?::([0-9]{1,4}))?")
_PORT = re.compile(r"((?:te|qe)-[0-9]{1,2}/[0-9]{1,2}/)([0-9]{1,3}):([0-9]{1,3})")
_ONE_PORT = re.compile(r"((?:te|qe)-[0-9]{1,2}/[0-9]{1,2}/)([0-9]{1,3})")


def number_spans(text: str, low: int, high: int) -> list[tuple[int, int]]:
    """First and last number of each part of a range such as `20:24,31`.

    Args:
        text: numbers and `first:last` ranges with commas between.
        low: smallest number allowed.
        high: largest number allowed.

    Raises:
        ValueError: with what is wrong about the range.
    """
    found: list[tuple[int, int]] = []
    for part in text.split(","):
        match = _VLAN_PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{show_value(part)} is no number or range such as 20:24")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            raise ValueError(f"range {part} runs backwards")
        if first < low or last > high:
            raise ValueError(f"{part} is outside {low} to {high}")
        found.append((first, last))
    return found


def expand_spans(spans: Iterable[tuple[int, int]]) -> list[int]:
    """Numbers of the spans, each once, in ascending order; spans may overlap."""
    found: list[int] = []
    beyond = 0
    for first, last in sorted(spans):
        found.extend(range(max(first, beyond), last + 1))
        beyond = max(beyond, last + 1)
    return found


def expand_numbers(text: str, low: int, high: int) -> list[int]:
    """Numbers of a range such as `20:24,31`, in ascending order. Arguments and errors as for `number_spans`."""
    return expand_spans(number_spans(text, low, high))


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last number of each run of consecutive numbers; `numbers` ascend."""
    first = last = None
    for number in numbers:
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = number
    if first is not None and last is not None:
        yield first, last


def compress_numbers(numbers: Iterable[int]) -> list[str]:
    """The shortest list of numbers and `first:last` ranges for `numbers`, which ascend."""
    return [str(a) if a == b else f"{a}:{b}" for a, b in runs(numbers)]


def expand_ports(word: str) -> list[str]:
    """Port names of a range such as `te-1/1/1:8`; a single name is returned as it is.

    Raises:
        ValueError: the range runs backwards.
    """
    match = _PORT.fullmatch(word)
    if match is None:
        return [word]
    first, last = int(match[2]), int(match[3])
    if first > last:
        raise ValueError(f"range {word} runs backwards")
    return [f"{match[1]}{number}" for number in range(first, last + 1)]


def compress_ports(names: Iterable[str]) -> list[str]:
    """The shortest list of names and ranges for port names, in their order; what has no ranges stays as it is."""
    panels: dict[str, list[int]] = {}
    for name in sorted(set(names), key=port_order):
        match = _ONE_PORT.fullmatch(name)
        panels.setdefault(match[1] if match else name, []).extend([int(match[2])] if match else [])
    return [
        f"{panel}{part}" for panel, numbers in panels.items() for part in compress_numbers(numbers) or [""]
    ]


def port_order(name: str) -> tuple[str | int, ...]:
    """Sort key that puts te-1/1/2 before te-1/1/10; works for VLAN numbers and addresses too."""
    if name.isascii() and name.isdigit() and len(name) < 10:
        return "", int(name), ""  # what the general case makes of it, for the thousands of VLANs there may be
    return tuple(int(part) if odd % 2 else part for odd, part in enumerate(re.split(r"([0-9]+)", name)))
