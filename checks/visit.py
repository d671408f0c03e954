"""What a visit to a page or a host found out: facts only, already redacted, without a verdict."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from checks.finding import Reason


class Facts(BaseModel):
    """Facts are stored as JSON and never change."""

    model_config = ConfigDict(frozen=True)


class Document(Facts):
    """One document of a window or of a frame in it. Times in seconds from the start of the navigation
    (Navigation Timing Level 2); None where the browser did not get that far."""

    url: str  # without query and fragment
    status: int | None = None
    title: str = ""
    first_byte: float | None = None
    dom_ready: float | None = None
    load: float | None = None


class Expectation(Facts):
    """One thing that should be true: the actual beside the expected."""

    what: str
    expected: str
    actual: str
    met: bool


class Attachment(Facts):
    """A downloaded file: looked at in memory, content not kept."""

    name: str  # redacted
    size: int
    sha256: str
    magic: str  # what the first bytes say: pdf, zip, ole, ofd, png, jpeg, html, unknown
    complete: bool  # the trailer that this kind of file ends with is there
    expected_magic: str | None = None
    expected_sha256: str | None = None
    min_bytes: int = 1


class Step(Facts):
    """One action and the seconds until what it led to had been seen."""

    what: str
    seconds: float


class Obstacle(Facts):
    """Why a visit stopped before its end.

    kind: "down" (refused, reset, no answer in time, empty answer), "redirect-loop", "not-found" (an element was
    not there), "login-page" (sent back to the login), "certificate", "no-download", "failed" (an expectation or any
    other step), or "unknown" (could not look; then `reason` says why).
    """

    kind: str
    step: str
    message: str  # our own words
    detail: str = ""  # the browser's words
    reason: Reason | None = None

    @property
    def told(self) -> str:
        """Both together."""
        return f"{self.message}{self.detail}"


class Certificate(Facts):
    """The server's certificate as a client sees it."""

    days_left: float
    trusted: bool
    self_signed: bool
    problem: str = ""  # why it is not trusted


class Visit(Facts):
    """All that one attempt at one journey found out."""

    target: str
    attempt: int  # 1, or 2 for the retry
    started_at: datetime  # UTC
    seconds: float
    documents: list[Document] = []
    steps: list[Step] = []
    expectations: list[Expectation] = []
    attachments: list[Attachment] = []
    script_errors: list[str] = []
    failed_requests: list[str] = []  # "502 GET /api/todo"
    error_text: str = ""  # which trait of an error page was seen
    password_field: bool = False  # a visible password field at the end: a login page
    pictures: int = 0  # windows photographed
    certificate: Certificate | None = None
    obstacle: Obstacle | None = None


class HostVisit(Facts):
    """All that one connection to a host found out."""

    target: str  # "oa-app-01"
    attempt: int
    started_at: datetime  # UTC
    seconds: float
    script: str = ""  # SHA-256 of the script that was run, without its first line
    facts: dict[str, Any] = {}  # by item, as the item's own facts model dumps them
    obstacle: str = ""  # why there is no answer, or not all of it
    reason: Reason | None = None


class ProbeVisit(Facts):
    """All that one look by one safe probe found out."""

    target: str  # as in findings: "F-2026-012", or "tls-min-version@https://oa-web-01/" of a probe by itself
    attempt: int
    started_at: datetime  # UTC
    seconds: float
    probe: str  # "tls-min-version"
    version: int  # of the probe
    asset: str  # "https://oa-web-01/"
    vantage: str  # "here", "bastion", "host"
    way: str = ""  # which bastion
    identity: str = ""  # "ssh-ed25519 SHA256:…" of the host, or "certificate SHA256:…"; "" where nobody showed one
    params: dict[str, Any] = {}
    sent: tuple[str, ...] = ()  # each request in words
    replies: tuple[dict[str, Any], ...] = ()  # as the replies' models dump them; none where the probe is private
    obstacle: str = ""  # why nothing could be told
    reason: Reason | None = None


class Copy(Facts):
    """One copy of a backup as its folder lists it: a file, a snapshot of a repository, or all of a mirror."""

    name: str
    size: int  # bytes; of a snapshot what it takes to restore
    at: datetime  # of the last change, UTC
    mode: int | None = None  # permission bits; None where there are none


class Contents(Facts):
    """What reading a copy has shown; nothing of what is in it but names of databases and tables."""

    sha256: str  # of the bytes as they lie there; of `files` over names, sizes and times
    size: int  # bytes that were read
    whole: bool  # read from the first byte to the last
    form: str  # what the bytes are: "gzip sql", "zstd tar", "pgdmp", "rdb", "unknown"
    of_kind: bool | None = None  # whether it is of the kind that the contract says; None: too broken to tell
    trouble: str = ""  # why it cannot be read to its end, in our words; "" where it can
    made_by: str = ""  # "pg_dump 15.18", as it says itself
    databases: tuple[str, ...] = ()
    tables: int = 0  # definitions of tables
    entries: int = 0  # members of an archive, keys of an RDB where it says so
    checksum: str = ""  # which sidecar was held against it: "sha256"; "" where there is none
    checksum_fits: bool | None = None


class BackupVisit(Facts):
    """All that one look at one backup found out."""

    target: str  # "oa.db"
    attempt: int
    started_at: datetime  # UTC
    seconds: float
    copies: tuple[Copy, ...] = ()  # newest first, the last sixty
    count: int = 0  # all there are
    contents: Contents | None = None  # of the newest
    same_as: str = ""  # the earlier copy that has the same bytes
    uncompared: str = ""  # why an earlier copy of the same size could not be read
    uncompared_reason: Reason | None = None
    unread: str = ""  # why the newest could not be read at all
    unread_reason: Reason | None = None
    offsite: Copy | None = None
    offsite_unseen: str = ""  # why the off-site copy could not be looked at
    offsite_reason: Reason | None = None
    obstacle: str = ""  # why nothing could be looked at
    reason: Reason | None = None


class RestoreVisit(Facts):
    """All that one restore drill found out: counts only, never content."""

    target: str
    attempt: int
    started_at: datetime  # UTC
    seconds: float  # of everything
    copy_name: str = ""  # which copy was restored
    copy_at: datetime | None = None
    sha256: str = ""  # of the bytes that were restored
    restored_seconds: float | None = None  # from the first byte to the last: the recovery time; None: it failed
    failed: str = ""  # why the copy could not be restored: the copy's own fault
    engine: str = ""  # "PostgreSQL 15.18"
    tables: dict[str, int] = {}  # rows by table; files by folder; keys by database
    source: dict[str, int] | None = None  # the same of the source, counted at the drill
    definitions: dict[str, str] = {}  # SHA-256 of each table's columns and types
    source_definitions: dict[str, str] | None = None
    source_unseen: str = ""
    newest: datetime | None = None  # of the business data
    newest_unseen: str = ""  # why the contract's question for it was not answered
    assertions: dict[str, bool] = {}  # by title
    unasked: dict[str, str] = {}  # why, by title: assertions that were not answered
    sampled: int = 0  # files held against the source's or against what the copy says of itself
    sample_wrong: tuple[str, ...] = ()  # SHA-256 of their paths
    opened: bool = False  # there was a scratch place
    gone: bool = False  # it, and all its processes
    swap: str = ""  # a swap area that is not encrypted
    obstacle: str = ""  # why nothing could be proved
    reason: Reason | None = None
