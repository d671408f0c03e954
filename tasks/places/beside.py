"""Touches a folder for `folder.py`, in a process of its own: where a mount hangs, only this process hangs.

Started as a file, with nothing but the standard library. Requests come as lines of JSON: ["list", folder] answers with
lines of entries and an empty one; ["open", path] with a handle and the size; ["read", handle, offset, size] with a
length, and behind the line so many bytes; ["close", handle]. What cannot be done answers with the number of its error.
"""

import json
import os
import stat
import sys
from typing import Any

_AT_ONCE = 500  # entries a line


def _main() -> None:
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        what, *given = json.loads(line)
        data = b""
        answer: Any = None
        try:
            if what == "list":
                _list(given[0])
                answer = []
            elif what == "open":
                # A pipe would wait for its writer.
                handle = os.open(given[0], os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
                answer = (handle, os.fstat(handle).st_size)
            elif what == "close":
                os.close(given[0])
            else:
                handle, offset, size = given
                data = os.pread(handle, size, offset)
                answer = len(data)
        except OSError as error:
            answer = {"errno": error.errno}
        out.write(json.dumps(answer).encode() + b"\n")
        out.write(data)
        out.flush()


def _list(folder: str) -> None:
    found = []
    with os.scandir(folder) as entries:
        for one in entries:
            try:
                seen = one.stat(follow_symlinks=False)
            except FileNotFoundError:  # gone since it was listed
                continue
            mode = seen.st_mode
            found.append((one.name, stat.S_ISREG(mode), stat.S_ISDIR(mode), seen.st_size, seen.st_mtime, mode & 0o7777))
            if len(found) == _AT_ONCE:
                sys.stdout.buffer.write(json.dumps(found).encode() + b"\n")
                found = []
    if found:
        sys.stdout.buffer.write(json.dumps(found).encode() + b"\n")


if __name__ == "__main__":
    _main()
