"""Templates of a plan: Jinja2 in a sandbox, in which a name that isn't given is an error."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MAX_CHARACTERS = 4 << 20
"""Of one rendered template; a switch takes no larger file."""


class TemplateProblem(Exception):
    """A template can't be rendered; the message says why, with the line if there is one."""


class Templates:
    """The templates below a directory; they can include and import each other.

    Args:
        directory: files outside it can't be reached from a template.

    Raises:
        TemplateProblem: Jinja2 isn't installed.
    """

    def __init__(self, directory: Path) -> None:
        try:
            from jinja2 import FileSystemLoader, StrictUndefined
            from jinja2.sandbox import ImmutableSandboxedEnvironment
        except ImportError:
            raise TemplateProblem("Jinja2 is missing: pip install 'connetos-sdk[atp]'") from None
        self._directory = directory
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(directory),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # it makes configuration, no HTML
        )

    def render(self, name: str, variables: Mapping[str, Any]) -> str:
        """The text that a template makes.

        Raises:
            TemplateProblem: it has a mistake, or uses a variable that isn't given.
        """
        from jinja2 import TemplateNotFound, TemplateSyntaxError

        parts: list[str] = []
        size = 0
        try:
            for part in self._environment.get_template(name).generate(variables):
                size += len(part)
                if size > MAX_CHARACTERS:
                    break
                parts.append(part)
        except TemplateSyntaxError as error:
            where = "" if error.name in (None, name) else f"{error.name}, "
            raise TemplateProblem(f"{where}line {error.lineno}: {error.message}") from None
        except TemplateNotFound as error:
            raise TemplateProblem(f"there is no template {error.name}") from None
        except UnicodeDecodeError:
            raise TemplateProblem("it is no text (UTF-8)") from None
        except Exception as error:  # whatever an expression in a template runs into
            raise TemplateProblem(f"{self._line(name, error)}{error or type(error).__name__}") from None
        if size > MAX_CHARACTERS:
            raise TemplateProblem(f"it makes more than {MAX_CHARACTERS} characters")
        return "".join(parts)

    def _line(self, name: str, error: Exception) -> str:
        """Where in the templates an error arose; Jinja2 puts their lines into the traceback."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            path = Path(frame.filename)
            if path.suffix != ".py" and path.is_relative_to(self._directory):
                file = path.relative_to(self._directory).as_posix()
                return f"line {frame.lineno}: " if file == name else f"{file}, line {frame.lineno}: "
        return ""
