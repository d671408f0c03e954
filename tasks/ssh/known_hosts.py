"""Host keys on record: known_hosts files as OpenSSH writes and reads them.

paramiko's own reader compares every line with all before it (22–38 ms at 300 lines) and knows no markers or patterns.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from checks import os_words
from checks.finding import Reason
from tasks.ssh.errors import SshError


class Standing(Enum):
    """What the record says of a key that a host shows."""

    KNOWN = auto()
    UNKNOWN = auto()
    CHANGED = auto()  # another key of this type is on record
    REVOKED = auto()


@dataclass(frozen=True)
class Record:
    """One line of a known_hosts file."""

    file: Path
    line: int
    type: str
    key: bytes
    revoked: bool = False

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -lf` shows it."""
        return fingerprint(self.key)

    def __str__(self) -> str:
        return f"{self.file} 第 {self.line} 行"


class KnownHosts:
    """The lines of one file. A file that does not exist has none.

    Raises:
        SshError: it cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self._exact: defaultdict[str, list[Record]] = defaultdict(list)
        self._patterns: list[tuple[list[str], Record]] = []
        self._hashed: list[tuple[bytes, bytes, Record]] = []
        try:
            text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        except OSError as error:
            what = f"已登记主机密钥的文件 {file} 读不出：{os_words.say(error)}"
            raise SshError(Reason.CONFIGURATION, what) from error
        for number, line in enumerate(text.splitlines(), 1):
            self._add(file, number, line.split())

    def records(self, name: str) -> Iterator[Record]:
        """The lines about a host, by its name as it stands there (`host` or `[host]:port`, lower case)."""
        yield from self._exact.get(name, ())
        for patterns, record in self._patterns:
            if _meant(name, patterns):
                yield record
        for salt, digest, record in self._hashed:
            if hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest):
                yield record

    def _add(self, file: Path, number: int, fields: Sequence[str]) -> None:
        marker = fields[0] if fields and fields[0].startswith("@") else ""
        names, kind, key = [*fields[1 if marker else 0 :], "", "", ""][:3]
        if not key or names.startswith("#") or marker not in {"", "@revoked"}:
            return
        try:
            record = Record(file, number, kind, base64.b64decode(key, validate=True), revoked=bool(marker))
            if names.startswith("|1|"):
                salt, digest = (base64.b64decode(part) for part in names.split("|")[2:4])
                self._hashed.append((salt, digest, record))
                return
        except (binascii.Error, ValueError):  # OpenSSH passes over lines that are damaged, too
            return
        patterns = names.lower().split(",")
        if any(mark in names for mark in "*?!"):
            self._patterns.append((patterns, record))
        else:
            for name in patterns:
                self._exact[name].append(record)


def judge(records: Iterable[Record], kind: str, key: bytes) -> tuple[Standing, Record | None]:
    """What the records about a host say of the key that it shows, and the record that says so.

    Where nothing is on record but keys of other types, the first of them is returned with UNKNOWN.
    """
    records = list(records)
    same = [record for record in records if record.key == key]
    if revoked := [record for record in same if record.revoked]:
        return Standing.REVOKED, revoked[0]
    if same:
        return Standing.KNOWN, same[0]
    valid = [record for record in records if not record.revoked]
    if changed := [record for record in valid if record.type == kind]:
        return Standing.CHANGED, changed[0]
    return Standing.UNKNOWN, valid[0] if valid else None


def fingerprint(key: bytes) -> str:
    """SHA256, as `ssh-keygen -lf` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _meant(name: str, patterns: Sequence[str]) -> bool:
    """`*` and `?` match, `!` excludes; square brackets are those of `[host]:port`."""

    def fits(pattern: str) -> bool:
        return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), name))

    excluded = any(fits(one[1:]) for one in patterns if one.startswith("!"))
    return not excluded and any(fits(one) for one in patterns if not one.startswith("!"))
