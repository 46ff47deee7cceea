"""Reading YAML documents strictly: every mistake is an error with its place, its reason and what would be right."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import yaml


class YamlProblem(Exception):
    """A file can't be read as YAML.

    Attributes:
        place: line and column; empty when the file can't be read at all.
        reason: what is wrong.
        hint: what would be right; may be empty.
    """

    def __init__(self, place: str, reason: str, hint: str = "") -> None:
        super().__init__(f"{place}: {reason}" if place else reason)
        self.place, self.reason, self.hint = place, reason, hint


def load_yaml(path: Path) -> object:
    """The document in a YAML file.

    Raises:
        YamlProblem: the file can't be read, isn't YAML, or gives a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise YamlProblem("", f"cannot read the file: {reason}", "give a YAML file") from error
    try:
        document: object = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a subclass of SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise YamlProblem(place, f"not valid YAML: {problem}") from error
    except RecursionError as error:
        raise YamlProblem("", "nested too deeply") from error
    except ValueError as error:  # a date that doesn't exist, a number of too many digits
        raise YamlProblem("", f"not valid YAML: {error}", "put the value in quotes") from error
    return document


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML lets a later key silently win over an earlier one; a document would silently lose a switch."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict):
                raise yaml.MarkedYAMLError(
                    problem="a key must be a plain word", problem_mark=key_node.start_mark
                )
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key!r} is given twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


class DocumentReader(ABC):
    """What the readers of all documents check alike; `fail` raises the error of the document's kind."""

    @abstractmethod
    def fail(self, path: str, reason: str, hint: str = "") -> NoReturn:
        """Raise the error for what stands at `path` in the document."""

    def mapping(self, value: object, path: str) -> dict[Any, Any]:
        """`value`, which must be a mapping."""
        if not isinstance(value, dict):
            self.fail(path, f"{value!r} is not a mapping", "write 'key: value' pairs")
        return value

    def keys(
        self,
        document: Mapping[Any, Any],
        path: str,
        *,
        required: Iterable[str] = (),
        optional: Iterable[str] = (),
    ) -> None:
        """Check that `document` has all `required` keys, and none beyond them and the `optional` ones."""
        known = (*required, *optional)
        for key in document:
            if key not in known:
                self.fail(f"{path}.{key}" if path else str(key), "unknown key", suggest(str(key), known))
        for key in required:
            if key not in document:
                where = f" in {path}" if path else ""
                self.fail(path, f"'{key}' is missing{where}", f"needed: {', '.join(required)}")

    def string_keys(self, value: object, path: str) -> None:
        """Check that `value` could be JSON, whose keys are text; YAML reads `10:` as a number, `on:` as true."""
        if isinstance(value, dict):
            for key, child in value.items():
                if not isinstance(key, str):
                    self.fail(path, f"the key {key!r} is not text", "put it in quotes")
                self.string_keys(child, f"{path}.{key}")
        elif isinstance(value, list):
            for index, child in enumerate(value):
                self.string_keys(child, f"{path}[{index}]")
        elif not isinstance(value, str | int | float | bool | None):
            self.fail(path, f"{value!r} has no place in a JSON document", "put it in quotes")


def suggest(word: str, known: Iterable[str]) -> str:
    """The hint for a word that isn't among the `known` ones."""
    choices = list(known)
    near = difflib.get_close_matches(word, choices, n=1)
    listing = ", ".join(choices[:12]) + (", …" if len(choices) > 12 else "")
    return f"did you mean {near[0]}? known: {listing}" if near else f"known: {listing}"
