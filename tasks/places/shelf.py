"""What lies in a place, whatever sort of place it is."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from fnmatch import fnmatchcase
from typing import BinaryIO, Protocol

from checks import os_words
from checks.backup import Place
from checks.finding import Reason
from checks.visit import Copy
from tasks.places.errors import PlaceError
from tasks.ssh import Entry, SshError

MOST_NAMES = 200_000  # in the folder of copies; one that has more is not only for copies
MOST_FILES = 2_000_000  # in a mirror


class Source(Protocol):
    """One sort of place. Both raise OSError for what is said of a file, SshError and PlaceError for the rest; so does
    reading what was opened, but OSError."""

    def listing(self, folder: str) -> Iterator[Entry]:
        """What is in a folder itself."""

    def open(self, path: str) -> BinaryIO:
        """A file, to be read and sought in."""


class Shelf:
    """The folder of one place. All raise PlaceError."""

    def __init__(self, source: Source, place: Place) -> None:
        self._source, self._folder = source, place.folder.rstrip("/")
        self._names: dict[str, str] = {}  # as shown, as it is: of those that are not UTF-8

    def copies(self, pattern: str) -> list[Copy]:
        """The files that match, newest first: in the folder itself, no links.

        Args:
            pattern: as of a shell, `app-*.sql.gz`.
        """
        found = []
        with self._folder_in_words():
            for number, one in enumerate(self._source.listing(self._folder or "/"), 1):
                if number > MOST_NAMES:
                    what = f"目录里超过 {MOST_NAMES} 个文件，没有看完；请给备份一个单独的目录，或清理过期的"
                    raise PlaceError(Reason.INCOMPLETE, what)
                if one.is_file and fnmatchcase(name := self._shown(one.name), pattern):
                    found.append(Copy(name=name, size=one.size, at=one.at, mode=one.mode))
        return sorted(found, key=lambda copy: (copy.at, copy.name), reverse=True)

    def tree(self) -> tuple[int, int, datetime | None, str]:
        """All that lies in the folder and below: number of files, bytes, the newest change (UTC; None: no file), and
        the SHA-256 over every file's path, size and time. Links are not followed."""
        files = size = 0
        newest: datetime | None = None
        digest = hashlib.sha256()
        waiting = [""]
        with self._folder_in_words():
            while waiting:
                below = waiting.pop()
                inner = sorted(self._source.listing(f"{self._folder}/{below}".rstrip("/") or "/"))
                waiting += [f"{below}{one.name}/" for one in reversed(inner) if one.is_folder]
                for one in inner:
                    if not one.is_file:
                        continue
                    files, size, newest = files + 1, size + one.size, max(newest or one.at, one.at)
                    line = f"{below}{one.name}\0{one.size}\0{int(one.at.timestamp())}\n"
                    digest.update(line.encode("utf-8", "surrogateescape"))
                if files > MOST_FILES:
                    raise PlaceError(Reason.INCOMPLETE, f"目录里超过 {MOST_FILES} 个文件，没有看完；请分成几个备份来写")
        return files, size, newest, digest.hexdigest()

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """A file of the folder, to be read and sought in; it streams."""
        with self._file_in_words(name):
            stream = self._source.open(self._path(name))
        with stream, in_our_words():
            yield stream

    def small(self, name: str, limit: int = 65536) -> bytes | None:
        """The first bytes of a small file; None where there is none.

        Args:
            limit: bytes.
        """
        try:
            with self._file_in_words(name, may_lack=True), self._source.open(self._path(name)) as stream:
                return stream.read(limit)
        except FileNotFoundError:
            return None

    def _path(self, name: str) -> str:
        return f"{self._folder}/{self._names.get(name, name)}"

    def _shown(self, name: str) -> str:
        """A name that can be written down."""
        shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        if shown != name:
            self._names[shown] = name
        return shown

    @contextmanager
    def _folder_in_words(self) -> Iterator[None]:
        folder = self._folder or "/"
        try:
            with in_our_words():
                yield
        except FileNotFoundError as error:
            what = f"目录 {folder} 不存在；请查合同里的目录，或它的挂载"
            raise PlaceError(Reason.CONFIGURATION, what) from error
        except PermissionError as error:
            raise PlaceError(Reason.PERMISSION, f"没有权限列出目录 {folder}；请让巡检账号能读") from error
        except OSError as error:
            raise PlaceError(Reason.INCOMPLETE, f"目录 {folder} 列不出：{os_words.say(error)}") from error

    @contextmanager
    def _file_in_words(self, name: str, *, may_lack: bool = False) -> Iterator[None]:
        try:
            with in_our_words():
                yield
        except FileNotFoundError as error:
            if may_lack:
                raise
            raise PlaceError(Reason.INCOMPLETE, f"{name} 刚才还在，现在没有了；可能正在轮转，请稍后再查") from error
        except PermissionError as error:
            raise PlaceError(Reason.PERMISSION, f"没有权限读 {name}；请让巡检账号能读（例如加入所属的组）") from error
        except OSError as error:
            raise PlaceError(Reason.INCOMPLETE, f"{name} 打不开：{os_words.say(error)}") from error


@contextmanager
def in_our_words() -> Iterator[None]:
    """What befalls a connection is said of a place."""
    try:
        yield
    except SshError as error:
        raise PlaceError(error.reason, error.what) from error
