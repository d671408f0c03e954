"""Text that stands for itself in Markdown."""

import re
import unicodedata

from checks.number import MARKS


class Safe(str):
    """Text that is Markdown already. Every other value is escaped where a template prints it."""


# Backslashes, not character references: Prefect's page shows references in table cells as they are written.
_STRUCTURAL = re.compile(r"([!-/:-@\[-`{-~])")  # all ASCII punctuation
_JOINERS = "\u200c\u200d"  # format characters that scripts and emoji need


def escape(text: str) -> Safe:
    """Make `text` stand for itself in CommonMark, GFM and pandoc, in a paragraph or a cell, as one line.

    Control, bidi and other invisible characters become U+FFFD.
    """
    return Safe(_STRUCTURAL.sub(r"\\\1", line(text)))


def commands(text: str) -> Safe:
    """Text that quotes `commands` in backticks: those become code, all else is text."""
    parts = re.split(r"(`[^`|]+`)", line(text))  # a bar would end a table's cell
    return Safe("".join(part if number % 2 else _STRUCTURAL.sub(r"\\\1", part) for number, part in enumerate(parts)))


def line(text: str) -> str:
    """One line, without invisible characters."""
    joined = " ".join(text.split())
    if joined.isprintable():
        return joined
    return "".join("\ufffd" if _unprintable(char) else char for char in joined)


def _unprintable(char: str) -> bool:
    if char in MARKS:  # figures.py takes out those that are not ours
        return False
    return (unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in _JOINERS) or ord(char) & 0xFFFE == 0xFFFE
