"""Repositories of restic and borg, read by their own programs: on the host where they lie, or here on a mount.

Nothing is written to a repository. The password travels in the script on standard input, then in the environment of the
program; on the host only the same account and root can read that.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from checks.backup import Kind, PlacedBackup
from checks.finding import Reason
from checks.visit import Contents, Copy
from tasks.copies import CopyError
from tasks.places import PlaceError
from tasks.places.shelf import in_our_words
from tasks.repositories import here
from tasks.repositories.borg import Borg
from tasks.repositories.program import Program, meant, script
from tasks.repositories.restic import Restic
from tasks.ssh import Network, Pipe, SshError

_PROGRAMS: dict[Kind, Program] = {Kind.RESTIC: Restic(), Kind.BORG: Borg()}
_MEASURED = 30  # of the newest snapshots the size is asked for where the list has none; each is a start of the program
_MOST = 16 * 1024 * 1024  # bytes of an answer


def snapshots(placed: PlacedBackup, network: Network, values: Mapping[str, str]) -> list[Copy]:
    """All snapshots, newest first. `size` is what it takes to restore; of those older than the thirtieth it may be 0,
    not known.

    Raises:
        PlaceError: it could not be looked at.
        CopyError: the repository is broken.
    """
    asked = _Asked(placed, network, values)
    found = asked.program.listed(asked.answer(asked.program.to_list()))
    unknown = [copy.name for copy in found[:_MEASURED] if not copy.size]
    if not unknown:
        return found
    sizes = dict(zip(unknown, asked.program.sizes(asked.answer(asked.program.to_size(unknown))), strict=False))
    return [copy.model_copy(update={"size": sizes.get(copy.name, copy.size)}) for copy in found]


def check(placed: PlacedBackup, network: Network, values: Mapping[str, str]) -> Contents:
    """Check the repository, and read a sample of the data. `sha256` is the same for the same content of the newest
    snapshot; `size` and `entries` are of that.

    Raises:
        PlaceError: it could not be looked at.
    """
    asked = _Asked(placed, network, values)
    form = str(placed.backup.kind)
    try:
        newest = asked.program.listed(asked.answer(asked.program.to_list()))
        if not newest:
            raise CopyError("仓库里没有快照")
        turn = datetime.now(UTC).toordinal()
        answer = asked.answer(asked.program.to_check(newest[0], placed.backup.sampled, turn))
        seen = asked.program.checked(answer)
    except CopyError as error:
        return Contents(sha256="", size=0, whole=False, form=form, trouble=error.what)
    return Contents(
        sha256=seen.identity, size=seen.size, whole=False, form=form, made_by=seen.made_by, entries=seen.files
    )


@contextmanager
def exported(
    placed: PlacedBackup, network: Network, values: Mapping[str, str], name: str
) -> Iterator[io.BufferedReader]:
    """A snapshot as a stream of tar.

    Raises (also reading):
        PlaceError: it could not be looked at.
        CopyError: the repository is broken.
    """
    asked = _Asked(placed, network, values)
    with asked.running(asked.program.to_export(name)) as pipe:
        yield io.BufferedReader(_Sound(pipe, asked), 1024 * 1024)


class _Asked:
    """One repository and its program."""

    def __init__(self, placed: PlacedBackup, network: Network, values: Mapping[str, str]) -> None:
        self._backup, self._network, self._values = placed.backup, network, values
        self.program = _PROGRAMS[placed.backup.kind]

    @contextmanager
    def running(self, lines: str) -> Iterator["Pipe | here.LocalPipe"]:
        words = script(self.program, self._backup, self._values, lines)
        host, deadline = self._backup.at.host, self._backup.deadline
        with (
            in_our_words(),
            self._network.piped(host, words, deadline) if host else here.piped(words, deadline) as pipe,
        ):
            yield pipe

    def answer(self, lines: str) -> str:
        """All that a script says."""
        with self.running(lines) as pipe:
            data = bytearray()
            try:
                while block := pipe.read(1024 * 1024):
                    data += block
                    if len(data) > _MOST:
                        raise PlaceError(Reason.INCOMPLETE, f"{self.program.name} 的回答超过 {_MOST >> 20} MiB")
            except SshError as error:
                found = self._meant(pipe)  # restic tries for long to find a pack that is not there
                raise found if isinstance(found, CopyError) else error from error
            self.insist(pipe)
        return data.decode("utf-8", "replace")

    def insist(self, pipe: "Pipe | here.LocalPipe") -> None:
        """Raise what it means when it has failed."""
        if pipe.status != 0:
            raise self._meant(pipe)

    def _meant(self, pipe: "Pipe | here.LocalPipe") -> PlaceError | CopyError:
        said = pipe.errors.decode("utf-8", "replace")
        return meant(self.program, self._backup.at.host or "本机", said, pipe.status)


class _Sound(io.RawIOBase):
    """The output of a program; that it failed is told at the end."""

    def __init__(self, pipe: "Pipe | here.LocalPipe", asked: _Asked) -> None:
        self._pipe, self._asked = pipe, asked

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        count = self._pipe.readinto(into)
        if not count:
            self._asked.insist(self._pipe)
        return count
