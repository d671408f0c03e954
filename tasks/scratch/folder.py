"""Files: a tar stream unpacked into the place. Files are counted by folder; a sample is held against the archive."""

import hashlib
import heapq
import posixpath
import re
import secrets
import subprocess
import tarfile
from collections import Counter
from typing import Any, BinaryIO

from tasks.scratch.engine import AskError, Counted, Sampled, nearly_full
from tasks.scratch.place import BrokenCopyError, Scratch, Tail, program

_AT_ONCE = 1024 * 1024  # bytes
_MOST = 50  # folders that are counted one by one
_BLOCK = 512  # tar ends with at least one block of zeros
# What only root could restore, and a drill need not.
_HARMLESS = re.compile(rb"Cannot (mknod|change ownership|change mode|utime|hard link)|Removing leading|previous errors")


class Folder:
    """A folder in the place. `sample`: how many files are held against the archive."""

    overhead_mb = 16
    version = ""

    def __init__(self, place: Scratch, sample: int) -> None:
        self._place, self._size = place, sample
        self._tar = program("tar", package="tar")
        self._told: dict[str, str] = {}  # path of a sampled file: SHA-256 of what the archive has of it

    def start(self) -> None:
        """Begin, empty."""
        self._place.run(["mkdir", "/data/files"])
        found = re.search(rb"\(GNU tar\) ([\d.]+)", self._place.run([self._tar, "--version"]).out)
        self.version = f"GNU tar {found[1].decode()}" if found else "tar"

    def server(self) -> frozenset[str]:
        """Nothing: there is none."""
        return frozenset()

    def restore(self, stream: BinaryIO) -> None:
        """Unpack, and read along: which files there are, and what is in some of them."""
        words = [self._tar, "-x", "-f", "-", "-C", "/data/files", "--no-same-owner", "--no-same-permissions"]
        tar = self._place.start(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        said = Tail(tar.stderr, 65536)
        through = _Through(stream, tar.stdin)
        trouble = ""
        try:
            self._read_along(through)
        except tarfile.TarError:
            trouble = "不是完整的 tar：在中途断了或已损坏"
        except _EndedError:
            pass  # it says why
        finally:
            through.close()
        status = tar.wait()
        self._place.in_time()
        complaints = [line for line in said.text().splitlines() if not _HARMLESS.search(line)]
        if any(b"No space left" in line for line in complaints) or (status and nearly_full(self._place)):
            raise self._place.full()
        if not trouble and through.tail.strip(b"\0"):
            trouble = "没有 tar 的结束块：在中途断了"
        if not trouble and status and complaints:
            trouble = f"解包出错，共 {len(complaints)} 处"
        if trouble:
            raise BrokenCopyError(trouble)
        self._place.run(["chmod", "-R", "u+rwX", "/data/files"])

    def counted(self) -> Counted:
        """Files by the uppermost folder."""
        out = self._place.run(["find", "/data/files", "-type", "f", "-printf", "%P\\0"]).out
        paths = [path for path in out.decode(errors="replace").split("\0") if path]
        folders = Counter(path.partition("/")[0] if "/" in path else "." for path in paths)
        shown = dict(sorted(folders.items())[:_MOST])
        if more := len(paths) - sum(shown.values()):
            shown["其余目录"] = more
        return Counted(shown, {})

    def value(self, question: str) -> str:
        """Nothing can be asked of files."""
        raise AskError("文件备份没有可以执行的语句；删去 newest 和 assertions")

    def sampled(self) -> Sampled:
        """The files of the sample as they were restored, beside what the archive has of them."""
        given = "\0".join(self._told).encode(errors="surrogateescape")
        words = ["sh", "-c", "cd /data/files && exec xargs -0 -r sha256sum -z -b --"]
        out = self._place.run(words, given).out.decode(errors="surrogateescape")
        restored = {line[66:]: line[:64] for line in out.split("\0") if line}
        wrong = [path for path, told in self._told.items() if restored.get(path) != told]
        digests = tuple(hashlib.sha256(path.encode(errors="surrogateescape")).hexdigest() for path in wrong)
        return Sampled(len(self._told), digests)

    def _read_along(self, through: Any) -> None:
        """Choose a sample that is another each time, without knowing beforehand how many files there are."""
        salt, chosen = secrets.token_bytes(16), list[tuple[int, str]]()
        with tarfile.open(fileobj=through, mode="r|", ignore_zeros=False) as archive:
            for member in archive:
                path = posixpath.normpath(member.name).lstrip("/")
                if not member.isreg() or ".." in path.split("/"):
                    continue
                lot = -int.from_bytes(hashlib.sha256(salt + path.encode(errors="surrogateescape")).digest()[:8])
                if path not in self._told:
                    if len(chosen) == self._size and lot < chosen[0][0]:
                        continue
                    heapq.heappush(chosen, (lot, path))
                    if len(chosen) > self._size:
                        self._told.pop(heapq.heappop(chosen)[1])
                content: Any = archive.extractfile(member)
                self._told[path] = hashlib.file_digest(content, "sha256").hexdigest()


class _EndedError(Exception):
    """tar takes no more."""


class _Through:
    """What is read of it has gone to tar, too."""

    def __init__(self, stream: BinaryIO, sink: Any) -> None:
        self._stream, self._sink, self.tail = stream, sink, b"x"

    def read(self, size: int) -> bytes:
        came = self._stream.read(size)
        if came:
            self.tail = came[-_BLOCK:]
            try:
                self._sink.write(came)
            except BrokenPipeError as error:
                raise _EndedError from error
        return came

    def close(self) -> None:
        """Pass on the rest: what is behind the end of a tar, and the last word of what it was compressed with."""
        try:
            with self._sink:
                while self.read(_AT_ONCE):
                    pass
        except (_EndedError, BrokenPipeError):
            while self._stream.read(_AT_ONCE):
                pass
