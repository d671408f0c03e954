"""TLS: which versions and ciphers a server takes, whatever the OpenSSL of this machine would allow (decision 0018).

A ClientHello offers one version and cipher suites by number; the answer's first message, ServerHello or alert, says
what the server makes of it, and the connection is closed. No key is agreed on, so every version and suite can be
offered. The certificate is read, not verified: it is a fact about the server. Who trusts it has to verify it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from typing import NamedTuple

from tlslite.constants import (  # type: ignore[import-untyped]
    AlertDescription,
    AlertLevel,
    CipherSuite,
    ContentType,
    ExtensionType,
    HandshakeType,
)
from tlslite.extensions import (  # type: ignore[import-untyped]
    ClientKeyShareExtension,
    ECPointFormatsExtension,
    SignatureAlgorithmsExtension,
    SNIExtension,
    SupportedGroupsExtension,
    SupportedVersionsExtension,
    TLSExtension,
)
from tlslite.messages import ClientHello, RecordHeader3, ServerHello  # type: ignore[import-untyped]
from tlslite.utils.codec import Parser  # type: ignore[import-untyped]

from checks.finding import Reason
from checks.host_check import NotTaken
from checks.safe_probe import Handshakes, TlsSeen
from tasks.asking.way import Line, Way
from tasks.crypto.certificate import facts
from tasks.crypto.tls import looking
from tasks.ssh import Deadline

Version = tuple[int, int]
VERSIONS: dict[str, Version] = {
    "SSLv3": (3, 0),
    "TLS 1.0": (3, 1),
    "TLS 1.1": (3, 2),
    "TLS 1.2": (3, 3),
    "TLS 1.3": (3, 4),
}
_TLS13 = VERSIONS["TLS 1.3"]
_AT_ONCE = 120  # suites in one hello: old servers read no more than 128
# All that are in use, the Chinese ones too: nothing is computed on them.
_GROUPS = [29, 23, 24, 25, 30, 4588, 41, 26, 27, 28, 21, 19, 256, 257, 258, 259, 260]
_SIGNATURES = [
    (4, 3), (5, 3), (6, 3), (8, 7), (8, 8), (8, 4), (8, 5), (8, 6), (8, 9), (8, 10), (8, 11), (4, 1), (5, 1), (6, 1),
    (7, 8), (2, 3), (2, 1), (2, 2), (4, 2), (3, 3), (3, 1), (1, 1),
]  # fmt: skip
_REFUSALS = {
    AlertDescription.handshake_failure, AlertDescription.protocol_version, AlertDescription.insufficient_security,
    AlertDescription.illegal_parameter,
}  # fmt: skip


class _Answer(NamedTuple):
    """version, suite: what the server chose; None where it refused. doubtful: it refused without saying why."""

    version: Version | None = None
    suite: int | None = None
    doubtful: bool = False


def shaken(question: Handshakes, way: Way, patience: Deadline) -> TlsSeen:
    """What the question seeks.

    Raises:
        NotTaken: it does not speak TLS, agrees to nothing, or stopped answering in between.
        ConnectionRefusedError: as `Way.connect`.
        TimeoutError: as `Way.connect`, or no answer in time.
    """
    if question.seek == "certificate":
        return _certificate(question, way, patience)
    return _Offers(question, way, patience).all()


def _certificate(question: Handshakes, way: Way, patience: Deadline) -> TlsSeen:
    with Line(way.connect(question.name, question.port, patience), patience) as line:
        line.secure(looking(), question.name)
        der = line.peer_certificate()
    try:
        return TlsSeen(asked=question.name, **facts(der, datetime.now(UTC)))
    except ValueError as error:
        raise NotTaken(Reason.UNSUPPORTED, "看不懂对方的证书") from error


class _Offers:
    """The handshakes with one server."""

    def __init__(self, question: Handshakes, way: Way, patience: Deadline) -> None:
        self._question, self._way, self._patience = question, way, patience
        self._doubtful = False

    def all(self) -> TlsSeen:
        """Every version; with it every suite, where that is asked."""
        taken = {name: self._taken(version) for name, version in VERSIONS.items()}
        agreed = next(((VERSIONS[name], suites[0]) for name, suites in taken.items() if suites), None)
        if agreed is None:
            what = "对方没有谈成任何 TLS 版本；请核对端口，只支持国密 TLCP 的服务这里看不了"
            raise NotTaken(Reason.UNSUPPORTED, what)
        if self._doubtful and self._offer(agreed[0], [agreed[1]]).suite is None:
            what = "对方中途不再应答（可能限制了连接次数），没有看全"
            raise NotTaken(Reason.INCOMPLETE, what)
        ciphers = {name: tuple(_suites()[one] for one in suites) for name, suites in taken.items() if suites}
        return TlsSeen(
            asked=self._question.name,
            versions={name: bool(suites) for name, suites in taken.items()},
            ciphers=ciphers if self._question.seek == "ciphers" else {},
        )

    def _taken(self, version: Version) -> list[int]:
        """The suites that the server takes of a version, one where that is enough."""
        taken: list[int] = []
        offered = [number for number in _suites() if _is_new(number) == (version == _TLS13)]
        for start in range(0, len(offered), _AT_ONCE):
            left = offered[start : start + _AT_ONCE]
            while left:
                answer = self._offer(version, left)
                if answer.suite is None or answer.version != version:
                    break
                if answer.suite not in left:
                    raise NotTaken(Reason.UNSUPPORTED, "对方选了没有提供的算法")
                taken.append(answer.suite)
                if self._question.seek == "versions":
                    return taken
                left.remove(answer.suite)
        return taken

    def _offer(self, version: Version, suites: Sequence[int]) -> _Answer:
        with Line(self._way.connect(self._question.name, self._question.port, self._patience), self._patience) as line:
            line.send(hello(self._question.name, version, suites))
            answer = _answer(line)
        self._doubtful |= answer.doubtful
        return answer


@cache
def _suites() -> dict[int, str]:
    lines = files("tasks.asking").joinpath("tls_suites.txt").read_text(encoding="ascii").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {int(number, 16): name for number, name in rows}


def _is_new(number: int) -> bool:
    """Whether a suite is one of TLS 1.3 (RFC 8446; RFC 8998 for SM4)."""
    return number >> 8 == 0x13 or number in {0xC6, 0xC7}


def hello(name: str, version: Version, suites: Sequence[int]) -> bytes:
    """A record with a ClientHello. The random is constant: nothing is ever encrypted with it."""
    extensions: list[TLSExtension] | None = None
    if version > VERSIONS["SSLv3"]:
        extensions = [
            SupportedGroupsExtension().create(_GROUPS),
            ECPointFormatsExtension().create([0]),
            SignatureAlgorithmsExtension().create(_SIGNATURES),
        ]
        if not _is_address(name):
            extensions.insert(0, SNIExtension().create(name.encode("idna")))
    if extensions and version == _TLS13:
        # Without a key share the server answers which group it wants, and needs no key of ours (RFC 8446, 4.2.8).
        extensions += [SupportedVersionsExtension().create([version]), ClientKeyShareExtension().create([])]
    message = ClientHello().create(
        min(version, VERSIONS["TLS 1.2"]), bytearray(range(32)), bytearray(),
        [*suites, CipherSuite.TLS_EMPTY_RENEGOTIATION_INFO_SCSV], extensions=extensions,
    ).write()  # fmt: skip
    record = RecordHeader3().create(min(version, VERSIONS["TLS 1.0"]), ContentType.handshake, len(message)).write()
    return bytes(record + message)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _answer(line: Line) -> _Answer:
    """The server's first message; warnings are passed over."""
    message = b""
    while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4]):
        head = line.exactly(5)
        if not head:
            return _Answer(doubtful=True)
        if head[0] not in (ContentType.handshake, ContentType.alert) or head[1:2] != b"\x03":
            raise NotTaken(Reason.UNSUPPORTED, "对方说的不是 TLS")
        body = line.exactly(int.from_bytes(head[3:5]))
        if head[0] == ContentType.handshake:
            message += body
        elif len(body) == 2 and body[0] != AlertLevel.warning:
            if body[1] == AlertDescription.unrecognized_name:
                raise NotTaken(Reason.CONFIGURATION, "对方不认这个域名；请用证书上的域名")
            return _Answer(doubtful=body[1] not in _REFUSALS)
    if message[0] != HandshakeType.server_hello:
        raise NotTaken(Reason.UNSUPPORTED, "对方的 TLS 回答看不懂")
    try:
        said = ServerHello().parse(Parser(bytearray(message[1:])))
    except SyntaxError as error:  # tlslite's DecodeError is one
        raise NotTaken(Reason.UNSUPPORTED, "对方的 TLS 回答看不懂") from error
    newer = said.getExtension(ExtensionType.supported_versions)
    return _Answer(newer.version if newer else said.server_version, said.cipher_suite)
