"""Java libraries on a host: its archives are looked through over SFTP, archives within archives too.

Nothing runs on the host, so one that has BusyBox only will do, and nothing is written there or here. Of an archive
that lies in a folder only the list and the few members that tell a version cross the line; what is packed in it comes
whole if it is an archive itself. Sizes are capped before anything is unpacked: a zip bomb is one thing not read.
"""

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from checks import os_words
from checks.safe_probe import Archives, Inventory, Library
from tasks.ssh.sftp import Entry, Sftp

_ARCHIVE = re.compile(r"\.(jar|war|ear|sar|zip|aar|nar|kar|hpi|jpi)$", re.IGNORECASE)
_POM = re.compile(r"(?:^|/)META-INF/maven/[^/]+/([^/]+)/pom\.properties$")
_MANIFEST = "META-INF/MANIFEST.MF"
_VERSION = re.compile(r"[\w.+-]{1,60}")
_LIST = 16 * 1024 * 1024  # bytes of an archive's list of members: about 150,000 of them
_NESTED = 256 * 1024 * 1024  # bytes of an archive within another, in memory
_ALL_NESTED = 4 * 1024 * 1024 * 1024  # bytes unpacked for one question
_SMALL = 64 * 1024  # bytes of a member that tells a version
_DEPTH = 6  # archives within archives
_ENTRIES = 500_000  # files and folders looked at
_SAID = 20  # things not read that are named
_END, _COMMENT = 22, 65_535  # APPNOTE 4.3.16: the end record, and the longest comment behind it

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, OverflowError)
"""What zipfile raises over an archive that is damaged, encrypted, or packed in a way that it does not know."""


class _TooLargeError(Exception):
    """A limit of ours; the text says which."""


@dataclass
class _Search:
    """What has been seen so far."""

    asked: Archives
    libraries: list[Library] = field(default_factory=list)
    archives: int = 0
    unpacked: int = 0  # bytes
    unread: list[str] = field(default_factory=list)
    missed: int = 0

    def miss(self, path: str, why: str) -> None:
        self.missed += 1
        if len(self.unread) < _SAID:
            self.unread.append(f"{_shown(path)}：{why}")


def archives(sftp: Sftp, asked: Archives) -> Inventory:
    """Look for a library in all archives under some folders.

    Raises:
        SshError: the connection broke, or the time was up.
    """
    search = _Search(asked)
    for path in _files(sftp, search):
        if path.endswith(asked.present):
            search.libraries.append(Library(path=_shown(path), lever=True))  # unpacked: no version beside it
        elif _ARCHIVE.search(path):
            _file(sftp, search, path)
    return Inventory(
        libraries=tuple(search.libraries),
        archives=search.archives,
        unread=tuple(search.unread),
        missed=search.missed,
    )


# --- folders ----------------------------------------------------------------------------------------------------------


def _files(sftp: Sftp, search: _Search) -> Iterator[str]:
    """The path of every file. Links are followed, each folder is gone through once."""
    todo, done, count = list(search.asked.folders), set[str](), 0
    while todo:
        folder = todo.pop()
        try:
            real = sftp.real(folder)
            if real in done:
                continue
            done.add(real)
            for entry in sftp.listing(real):
                count += 1
                if count > _ENTRIES:
                    search.miss(folder, f"文件超过 {_ENTRIES} 个，其余没有看；请把目录写得更细")
                    return
                path = f"{folder.rstrip('/')}/{entry.name}"
                if entry.is_folder or _leads_on(entry):
                    todo.append(path)
                else:
                    yield path
        except FileNotFoundError:
            # A link to a file, or to nothing; what the finding names itself has to be there.
            if folder in search.asked.folders:
                search.miss(folder, "没有这个目录")
        except OSError as error:
            search.miss(folder, os_words.say(error))


def _leads_on(entry: Entry) -> bool:
    """Whether it is a link that may lead to a folder; one that is called like an archive is opened as one."""
    return not entry.is_file and not _ARCHIVE.search(entry.name)


def _file(sftp: Sftp, search: _Search, path: str) -> None:
    try:
        with sftp.open(path) as stream:
            _archive(search, path, stream, 1)
    except OSError as error:
        search.miss(path, os_words.say(error))


# --- archives ---------------------------------------------------------------------------------------------------------


def _archive(search: _Search, path: str, stream: IO[bytes], depth: int) -> None:
    """One archive and what is packed in it. What cannot be read is missed; the rest goes on."""
    try:
        _list_is_small(stream)
        with zipfile.ZipFile(stream) as archive:
            search.archives += 1
            members = archive.infolist()
            if (there := _library(search.asked, path, archive, members)) is not None:
                stream.seek(0)
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
                search.libraries.append(there.model_copy(update={"sha256": sha256}))
            for member in members:
                if _ARCHIVE.search(member.filename):
                    _nested(search, f"{path}!/{member.filename}", archive, member, depth)
    except _TooLargeError as error:
        search.miss(path, str(error))
    except _BROKEN:
        search.miss(path, "不是完整的 zip，或有密码")


def _list_is_small(stream: IO[bytes]) -> None:
    """The library reads the whole list of members at once, however long it says it is.

    Raises:
        _TooLargeError: longer than any program's.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - _END - _COMMENT))
    tail = stream.read(_END + _COMMENT)
    at = tail.rfind(b"PK\x05\x06")
    length = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    # The record of zip64 would overrule it.
    if length > _LIST or b"PK\x06\x07" in tail[max(0, at - 20) : max(0, at)]:
        raise _TooLargeError("成员太多，没有看")
    stream.seek(0)


def _nested(search: _Search, path: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int) -> None:
    if depth >= _DEPTH:
        search.miss(path, f"套了 {_DEPTH} 层以上，没有看")
        return
    if member.file_size > _NESTED or search.unpacked + member.file_size > _ALL_NESTED:
        search.miss(path, f"解开有 {member.file_size} 字节，太大，没有看")
        return
    search.unpacked += member.file_size
    try:
        with archive.open(member) as packed:
            inner = io.BytesIO(packed.read())
    except _BROKEN:
        search.miss(path, "解不开：已损坏，或有密码")
        return
    _archive(search, path, inner, depth + 1)


def _library(asked: Archives, path: str, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Library | None:
    """The library, where its class is in this archive, with the version as its build wrote it down, or its name."""
    names = {f"/{member.filename}" for member in members}
    if not any(name.endswith(asked.present) for name in names):
        return None
    lever = bool(asked.lever) and any(name.endswith(asked.lever) for name in names)
    tellers = (
        ("pom.properties", _from_pom(asked, archive, members)),
        ("manifest", _from_manifest(asked, archive, members)),
        ("name", _from_name(asked, path)),
    )
    told_by, version = next((one for one in tellers if _VERSION.fullmatch(one[1])), ("", ""))
    return Library(path=_shown(path), version=version, told_by=told_by, lever=lever)


def _from_pom(asked: Archives, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> str:
    """Maven's own note: it stays where a jar is packed into another one."""
    for member in members:
        if (match := _POM.search(member.filename)) and match[1] in asked.titles:
            found = re.search(r"^version\s*=\s*(\S+)", _text(archive, member), re.MULTILINE)
            if found:
                return found[1]
    return ""


def _from_manifest(asked: Archives, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> str:
    """Its own manifest: what says of another program does not count."""
    for member in members:
        if member.filename.upper() == _MANIFEST:
            lines = (line.partition(":") for line in re.sub(r"\r?\n ", "", _text(archive, member)).splitlines())
            said = {key.strip(): value.strip() for key, _, value in lines}
            if said.get("Implementation-Title") in asked.titles:
                return said.get("Implementation-Version", "")
            if said.get("Bundle-SymbolicName", "").partition(";")[0] in asked.titles:
                return said.get("Bundle-Version", "")
    return ""


def _from_name(asked: Archives, path: str) -> str:
    name = path.rpartition("/")[2]
    for title in asked.titles:
        if match := re.fullmatch(rf"{re.escape(title)}-(\d[\w.+-]*)\.jar", name, re.IGNORECASE):
            return match[1]
    return ""


def _text(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    with archive.open(member) as stream:
        return stream.read(_SMALL).decode("utf-8", "replace")


def _shown(path: str) -> str:
    """A path of a stranger's as one line of text."""
    return "".join(letter if letter.isprintable() else "?" for letter in path)
