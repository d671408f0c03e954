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
