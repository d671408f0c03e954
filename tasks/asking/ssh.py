"""SSH: the algorithms that a server offers before anybody logs in (RFC 4253, 4.2 and 7.1)."""

from checks.finding import Reason
from checks.host_check import NotTaken
from checks.safe_probe import KeyExchange, SshSeen
from tasks.asking.way import Line, Way
from tasks.ssh import Deadline

BANNER = b"SSH-2.0-xunjian\r\n"
_KEXINIT = 20
_LONGEST = 35000  # bytes of a packet (RFC 4253, 6.1)
_LINES = 50  # a server may say something before its version
_NOT_SSH = "对方说的不是 SSH，请核对端口"


def offered(question: KeyExchange, way: Way, patience: Deadline) -> SshSeen:
    """Send our version and read the server's, and its KEXINIT; nothing follows.

    Raises:
        NotTaken: it does not speak SSH 2, or broke off.
        ConnectionRefusedError: as `Way.connect`.
        TimeoutError: as `Way.connect`, or no answer in time.
    """
    with Line(way.connect(question.name, question.port, patience), patience) as line:
        line.send(BANNER)
        banner = _version(line)
        packet = _packet(line)
    if not packet or packet[0] != _KEXINIT:
        raise NotTaken(Reason.UNSUPPORTED, _NOT_SSH)
    lists = _lists(packet[17:])  # after the cookie
    kex, host_keys, _, ciphers, _, macs, *_ = lists
    return SshSeen(banner=banner, kex=kex, host_keys=host_keys, ciphers=ciphers, macs=macs)


def _version(line: Line) -> str:
    for _ in range(_LINES):
        said = b""
        while not said.endswith(b"\n") and len(said) < 255:
            if not (more := line.read(1)):
                raise NotTaken(Reason.INCOMPLETE, "对方接受了连接就断开；请查它的连接数限制（MaxStartups）和访问限制")
            said += more
        if said.startswith((b"SSH-2.0-", b"SSH-1.99-")):
            return said.decode("ascii", "replace").strip()
    raise NotTaken(Reason.UNSUPPORTED, _NOT_SSH)


def _packet(line: Line) -> bytes:
    """The payload of the next packet; nothing is encrypted yet."""
    head = line.exactly(5)
    length = int.from_bytes(head[:4])
    if len(head) < 5 or not 1 < length <= _LONGEST:
        raise NotTaken(Reason.INCOMPLETE, "对方没有说出它的算法就断开了")
    body = line.exactly(length - 1)
    if len(body) < length - 1:
        raise NotTaken(Reason.INCOMPLETE, "对方没有把它的算法说完")
    return body[: len(body) - head[4]]


def _lists(payload: bytes) -> list[tuple[str, ...]]:
    found = []
    for _ in range(10):
        length = int.from_bytes(payload[:4])
        names = payload[4 : 4 + length].decode("ascii", "replace")
        found.append(tuple(names.split(",")) if names else ())
        payload = payload[4 + length :]
    return found
