"""A safe probe: one question about one weakness, asked without payload, guessing or download.

Source: inspection-items, 漏洞整改复测. Adding one is adding a file to `checks.probes`; nothing else names it.
A probe says in data what it sends, so that the list in the documentation is the probes' own, and a test can hold the
wire against it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from checks.finding import Finding, Reason, State, Verdict
from checks.host_check import NotTaken, Section
from checks.registry import discover
from checks.visit import Facts


class Vantage(StrEnum):
    """From where a probe looks. What is seen from one place says nothing of another."""

    HERE = "here"
    BASTION = "bastion"
    HOST = "host"

    @property
    def label(self) -> str:
        """The word that operators read."""
        return {"here": "巡检机", "bastion": "堡垒机", "host": "主机上"}[self]


class Kind(StrEnum):
    """What a probe is turned on."""

    URL = "url"  # https://oa-web-01/login
    PORT = "port"  # oa-cache-01:6379
    HOST = "host"  # oa-app-01


class Target(NamedTuple):
    """An asset of the contract, as `checks.scope` has resolved it.

    name: a host of the contract, or the host of a system's address. port: 0 where a whole host is meant. path: with its
    query, "/" at least, of a URL. host: the contract's host that answers there, whose key tells that it is the same
    one; "" where only a certificate can. system: the id.
    """

    kind: Kind
    name: str
    port: int
    system: str
    scheme: str = ""
    path: str = ""
    host: str = ""

    def __str__(self) -> str:
        if self.kind is Kind.URL:
            usual = {"http": 80, "https": 443}[self.scheme] == self.port
            return f"{self.scheme}://{self.name}{'' if usual else f':{self.port}'}{self.path}"
        return f"{self.name}:{self.port}" if self.port else self.name


# --- what may be sent -------------------------------------------------------------------------------------------------


class Connect(NamedTuple):
    """Open a TCP connection and close it."""

    name: str
    port: int


class Request(NamedTuple):
    """One HTTP request without a body, a cookie or a login; redirects are not followed. `read`: bytes of the body at
    most, the connection is closed then. `name` is resolved, shown to the certificate and named as Host."""

    method: Literal["GET", "HEAD", "OPTIONS"]
    scheme: Literal["http", "https"]
    name: str
    port: int
    path: str
    read: int = 64 * 1024


class Handshakes(NamedTuple):
    """TLS handshakes that end before any data. `seek`: which versions a server agrees to, besides that every cipher it
    takes, or its certificate alone. `name` is resolved and told to the server (SNI)."""

    name: str
    port: int
    seek: Literal["versions", "ciphers", "certificate"] = "versions"


class KeyExchange(NamedTuple):
    """The server's banner and SSH_MSG_KEXINIT (RFC 4253, 7.1); nobody logs in."""

    name: str
    port: int


class Say(NamedTuple):
    """One of the constant messages of `tasks.asking.say`; at most `read` bytes of the answer are read."""

    name: str
    port: int
    what: Literal["redis-ping", "mongodb-list"]
    read: int = 4096


class OnHost(NamedTuple):
    """Constant POSIX shell for the host, as `checks.host_check.HostCheck.command` has it, and its arguments."""

    command: str
    arguments: tuple[str, ...] = ()


class Archives(NamedTuple):
    """Look for a library in the Java archives of a host, over SFTP: `tasks.asking.archives`. Of an archive its list is
    read, and what is packed in it if that is an archive itself; nothing is kept.

    folders: absolute, of programs. present: a class, as its path ends, that means the library is there. lever: another
    that is looked for beside it; "" none. titles: how the library's file and its manifest are called.
    """

    folders: tuple[str, ...]
    present: str
    lever: str
    titles: tuple[str, ...]


Question = Connect | Request | Handshakes | KeyExchange | Say | OnHost | Archives


# --- what comes back --------------------------------------------------------------------------------------------------


class Connected(Facts):
    """open: something listens. how: "open", "refused", or "silent" (nothing came back: filtered, or gone)."""

    open: bool
    how: Literal["open", "refused", "silent"]


class Response(Facts):
    """status 0: the connection was closed without an answer. headers: names in lower case, in the order they came, one
    entry for each; of a cookie without its value, of a Location without its query. body: text, as far as it was read;
    "" of HEAD and OPTIONS. tls: it came over TLS."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    tls: bool = False

    def header(self, name: str) -> str | None:
        """The first header of this name (lower case)."""
        return next((value for key, value in self.headers if key == name), None)


class TlsSeen(Facts):
    """versions: "SSLv3", "TLS 1.0" … "TLS 1.3" → whether the server agrees to it; none where only the certificate was
    sought. ciphers: those it takes, by version, in IANA's names, where they were sought. certificate: as a client
    without any trust reads it, where it was sought; PEM is not kept."""

    versions: Mapping[str, bool] = {}
    ciphers: Mapping[str, tuple[str, ...]] = {}
    asked: str = ""  # the name under which it was asked for
    not_before: str = ""  # ISO 8601, UTC
    not_after: str = ""
    days_left: float = 0.0  # at the time of the look
    subject: str = ""
    names: tuple[str, ...] = ()
    issuer: str = ""
    self_signed: bool = False
    key: str = ""  # "RSA 2048", "EC P-256"
    signature: str = ""  # "sha256WithRSAEncryption"
    fingerprint: str = ""  # SHA-256 of the SubjectPublicKeyInfo, hexadecimal


class SshSeen(Facts):
    """Names as they stand in KEXINIT, in the server's order."""

    banner: str
    kex: tuple[str, ...]
    host_keys: tuple[str, ...]
    ciphers: tuple[str, ...]  # server to client
    macs: tuple[str, ...]


class Said(Facts):
    """What came back, as text with escapes for what is none; "" where the connection was closed without a word."""

    text: str


class Library(Facts):
    """One copy of a library. path: "/opt/a.zip!/b.war!/WEB-INF/lib/c.jar". version: "" where nothing tells. told_by:
    "pom.properties", "manifest", "name". lever: whether the question's other class is there too. sha256: of its
    archive."""

    path: str
    version: str = ""
    told_by: str = ""
    sha256: str = ""
    lever: bool = False


class Inventory(Facts):
    """archives: how many were looked into. unread: what could not be, with the reason, the first twenty of `missed`."""

    libraries: tuple[Library, ...]
    archives: int
    unread: tuple[str, ...] = ()
    missed: int = 0


Reply = Connected | Response | TlsSeen | SshSeen | Said | Section | Inventory


# --- probes -----------------------------------------------------------------------------------------------------------


class ProbeParams(BaseModel):
    """What may be set for one retest, in the finding's record or after `--set`. Nothing of it becomes a payload."""

    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=ProbeParams)


@dataclass(frozen=True)
class SafeProbe(Generic[P]):
    """One probe.

    id: what people write: "tls-min-version".
    version: raised whenever what is asked or how it is judged changes: a before of another version is no before.
    vantages: from where it may judge; it refuses any other.
    kind: what it is turned on.
    ask: everything that is sent, known beforehand; the replies come in the same order.
    judge: replies to a verdict: OK the weakness is not there, WARN it is there in part, CRIT it is there; may raise
        NotTaken where what came back does not tell. The summary shows the actual beside the expected and never quotes
        content: names of headers, versions, counts.
    sends: one line in Chinese for the list of what probes send.
    passes: what must be seen to be judged OK; one line in Chinese for the same list.
    remedy: how to mend it, and back: for a person to read, never run by us. Lines of Markdown.
    private: a reply names people or accounts: judged, and not kept as evidence.
    """

    id: str
    title: str
    version: int
    vantages: frozenset[Vantage]
    kind: Kind
    params: type[P]
    ask: Callable[[Target, P], Sequence[Question]]
    judge: Callable[[Sequence[Any], P], Verdict]
    sends: str
    remedy: str
    classes: tuple[str, ...] = ()  # words of a report that point to this probe: "弱口令", "CVE-2021-44228"
    private: bool = False
    passes: str = ""


AnyProbe = SafeProbe[Any]


@cache
def safe_probes() -> tuple[AnyProbe, ...]:
    """All probes, by id: the modules of `checks.probes`."""
    from checks import probes

    return discover(probes, SafeProbe)


def safe_probe(probe_id: str) -> AnyProbe:
    """Find a probe.

    Raises:
        KeyError: there is none of this id.
    """
    for probe in safe_probes():
        if probe.id == probe_id:
            return probe
    raise KeyError(probe_id)


def verdict(probe: AnyProbe, replies: Sequence[Reply], params: ProbeParams) -> Finding:
    """Judge what came back. A bug in a probe is one UNKNOWN."""
    try:
        state, summary, reason = probe.judge(replies, params)
        return Finding(check=probe.id, state=state, summary=summary, reason=reason)
    except NotTaken as error:
        return unseen(probe, error.reason, error.what)
    except Exception as error:  # whatever a probe does wrong is no verdict
        return unseen(probe, Reason.BUG, f"探测程序出错：{type(error).__name__}")


def unseen(probe: AnyProbe, reason: Reason, what: str) -> Finding:
    """The one UNKNOWN where there is nothing to judge."""
    return Finding(check=probe.id, state=State.UNKNOWN, summary=what, reason=reason)
