"""Services that are asked one constant thing, without a login."""

from checks.safe_probe import Said, Say
from tasks.asking.way import Line, Way
from tasks.ssh import Deadline


def _mongodb(document: bytes) -> bytes:
    """OP_MSG with one section (MongoDB Wire Protocol)."""
    body = b"\0\0\0\0" + b"\0" + (len(document) + 5).to_bytes(4, "little") + document + b"\0"
    head = (len(body) + 16, 1, 0, 2013)
    return b"".join(number.to_bytes(4, "little") for number in head) + body


# {listDatabases: 1, nameOnly: true, filter: {name: ""}, $db: "admin"}: no database has the empty name, so none is told.
_LIST = (
    b"\x10listDatabases\0\x01\0\0\0" b"\x08nameOnly\0\x01"
    b"\x03filter\0" b"\x10\0\0\0" b"\x02name\0\x01\0\0\0\0" b"\0"
    b"\x02$db\0\x06\0\0\0admin\0"
)  # fmt: skip
MESSAGES = {"redis-ping": b"PING\r\n", "mongodb-list": _mongodb(_LIST)}


def replied(question: Say, way: Way, patience: Deadline) -> Said:
    """Say it and read the answer: a line of Redis, a message of MongoDB.

    Raises:
        ConnectionRefusedError: as `Way.connect`.
        TimeoutError: as `Way.connect`, or no whole answer in time.
    """
    came = b""
    with Line(way.connect(question.name, question.port, patience), patience) as line:
        line.send(MESSAGES[question.what])
        while len(came) < question.read and not _whole(question, came):
            if not (more := line.read(question.read - len(came))):
                break
            came += more
    return Said(text=came.decode("latin-1").encode("unicode_escape").decode("ascii"))


def _whole(question: Say, came: bytes) -> bool:
    if question.what == "redis-ping":
        return came.endswith(b"\n")
    return len(came) >= 4 and len(came) >= int.from_bytes(came[:4], "little")
