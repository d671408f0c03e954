"""Grades of secrecy (contract, Annex 2) and the redaction of words that may not be kept.

What is masked in the picture is masked in the words: the text of every masked element, every secret in use
and everything shaped like an identity number or a mobile phone is replaced before it is recorded.
"""

import re
from collections.abc import Iterable
from enum import IntEnum
from typing import Any

MASK = "▇▇"

_PERSONAL = re.compile(
    r"(?<!\d)\d{17}[\dXx](?![\dXx])"  # resident identity number, GB 11643
    r"|(?<!\d)1[3-9]\d{9}(?!\d)"  # mobile phone
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_INVISIBLE = re.compile(_CONTROL.pattern.replace(r"\x00-\x1f", r"\x00-\x09\x0b-\x1f"))
# Shorter texts ("无", "1") would blot out half of every sentence and identify nothing.
_SHORTEST = 2
_LONGEST = 2000  # characters of one text among a host's facts


class Grade(IntEnum):
    """Annex 2, lowest to highest."""

    LEAST = 1
    MEDIUM = 2
    MOST = 3

    @property
    def label(self) -> str:
        """The contract's own words."""
        return ("最小敏感性信息", "比较敏感的信息", "非常敏感的信息")[self - 1]

    @property
    def sealed(self) -> bool:
        """Kept encrypted only, and shown in no report: reports are of a lower grade."""
        return self is Grade.MOST


class Redactor:
    """Remembers what must not be written, and takes it out of any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({_line(secret) for secret in secrets if _line(secret)}, key=len, reverse=True)
        self._words: set[str] = set()

    def learn(self, texts: Iterable[str]) -> None:
        """Add texts seen in masked elements, or secrets. Each line counts on its own as well."""
        for text in texts:
            for part in (text, *text.splitlines()):
                word = _line(part)
                if len(word) >= _SHORTEST:
                    self._words.add(word)

    def knows(self, text: str) -> bool:
        """Whether anything that is remembered may stand in a text of any number of lines."""
        flat = _line(text)
        return any(word in flat for word in (*self._secrets, *self._words))

    def clean(self, text: str, limit: int = 200) -> str:
        """Return `text` as one line of at most `limit` characters without anything that is remembered."""
        line = self.clean_own(text, limit=len(text))
        for word in sorted(self._words, key=len, reverse=True):
            if word in line:
                line = re.sub(_whole(word), MASK, line)
        return _cut(line, limit)

    def clean_all(self, value: Any) -> Any:
        """Clean every text in a JSON value; keys are ours."""
        if isinstance(value, str):
            return self.clean(value, limit=_LONGEST)
        if isinstance(value, dict):
            return {key: self.clean_all(one) for key, one in value.items()}
        return [self.clean_all(one) for one in value] if isinstance(value, list) else value

    def clean_own(self, text: str, limit: int = 200) -> str:
        """Clean a text of ours or of the contract, which may name a masked word but never a secret or a person."""
        line = _line(text)
        for secret in self._secrets:
            line = line.replace(secret, MASK)
        return _cut(_PERSONAL.sub(MASK, line), limit)


def _whole(word: str) -> str:
    """A pattern for a word. A short one of Latin letters or digits ("on") must stand alone: "None" is another word."""
    edge = r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])" if len(word) < 4 and word.isascii() else "{}"
    return edge.format(re.escape(word))


def _cut(line: str, limit: int) -> str:
    return line if len(line) <= limit else line[: limit - 1] + "…"


def printable(text: str) -> str:
    """Lines without control, bidi and other invisible characters."""
    return _INVISIBLE.sub(" ", text)


def _line(text: str) -> str:
    if text.isprintable() and "  " not in text:  # most are: of control characters and blanks there is nothing to do
        return text.strip()
    return " ".join(_CONTROL.sub(" ", text).split())
