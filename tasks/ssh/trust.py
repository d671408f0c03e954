"""First contact: the key that a host shows, and putting it on record once a person has compared it."""

import base64
import errno
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from tasks.ssh.known_hosts import Record, Standing, fingerprint


@dataclass(frozen=True)
class Offer:
    """The key that a host shows.

    `standing` is KNOWN when it is trusted already, CHANGED when `record` has another one of this type.
    """

    host: str
    known_as: str  # its name in known_hosts
    type: str
    key: bytes
    standing: Standing
    record: Record | None

    @property
    def fingerprint(self) -> str:
        """SHA256, as `ssh-keygen -lf` shows it."""
        return fingerprint(self.key)

    @property
    def line(self) -> str:
        """For known_hosts, without a line end."""
        return f"{self.known_as} {self.type} {base64.b64encode(self.key).decode()}"


def remember(file: Path, line: str) -> None:
    """See that a line is in a known_hosts file: once, whole or not at all, also when others do the same. A new file is
    ours alone.

    Raises:
        OSError: it cannot be written.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        there = stream.read()
        if line.encode() in there.splitlines():
            return
        size = len(there)
        torn = size > 0 and not there.endswith(b"\n")  # a last line without its end would swallow ours
        text = (("\n" if torn else "") + line + "\n").encode()
        if stream.write(text) != len(text):
            os.ftruncate(stream.fileno(), size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(stream.fileno())
