"""The register of documents: what is expected from contract × calendar × incidents × drills, and what became of it.

Annex 4: late −0.5 each. R11: the n-th working day of the following period, or after the day of the event, which itself
does not count (民法典 201). A day ends at 24:00, or when business ends (203). Exactly on time is in time (R12).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from checks.calendar import Calendar
from checks.contract import Contract
from checks.coverage import Version, in_force
from checks.documents import LATE_COSTS, DocumentDuty, Rule
from checks.incidents import Incident
from checks.records import DOCUMENT, EventRecord, standing

WorkingDay = Callable[[date, int, Calendar], date | str]
"""The n-th working day after a day; in words why that cannot be told."""

AS_AGREED = "双方约定，还没有登记约定的日期"


class Step(StrEnum):
    """What an event says of a document."""

    DUE = "due"  # the due day, as the program works it out
    AGREED = "agreed"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    EXCUSED = "excused"
    WITHDRAWN = "withdrawn"  # an entry that should not have been; it names the one that it takes back

    @property
    def label(self) -> str:
        """The word that operators read."""
        return _STEPS[self]


_STEPS = {
    Step.DUE: "期限", Step.AGREED: "约定", Step.SUBMITTED: "提交", Step.ACCEPTED: "接收", Step.RETURNED: "退回",
    Step.EXCUSED: "免交", Step.WITHDRAWN: "撤回登记",
}  # fmt: skip


class State(StrEnum):
    """Where a document stands."""

    EXPECTED = "expected"
    DRAFTED = "drafted"  # there is a draft of ours, which is no submission
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    LATE = "late"  # not there though it is due
    EXCUSED = "excused"
    UNDETERMINED = "undetermined"

    @property
    def label(self) -> str:
        """The word that operators read."""
        return _STATES[self]


_STATES = {
    State.EXPECTED: "应交", State.DRAFTED: "有草稿", State.SUBMITTED: "已提交", State.ACCEPTED: "已接收",
    State.RETURNED: "退回", State.LATE: "逾期", State.EXCUSED: "免交", State.UNDETERMINED: "期限不定",
}  # fmt: skip


class Submission(NamedTuple):
    """A file that was handed in. `number`: of its event; `again`: by when the client, who returned it, wants it anew;
    `sha256`: of the file itself, which is kept at `path`, perhaps encrypted."""

    number: int
    at: datetime
    name: str
    sha256: str
    path: str
    how: str  # form, cli, folder, mail
    receipt: str
    who: str
    findings: tuple[Mapping[str, Any], ...] = ()  # of its content
    returned_at: datetime | None = None
    again: datetime | None = None
    why: str = ""  # it was returned
    accepted_at: datetime | None = None
    typos: int = 0


class Document(NamedTuple):
    """One document that is expected.

    `calls_at`: from then on it is owed, the end of its period or the event. `due_at`: None where it cannot be told,
    `undetermined` then says why. `dues`: what stood on record as its due day, oldest first: (entered, day).
    `unrecorded`: it was due, or called for without a day, before anything was put on record: nobody knows whether it
    was handed in.
    """

    subject: str
    duty: DocumentDuty
    name: str  # 2026-W47, G-2026-0007
    opens: date  # the first day on which it can be handed in: of its period, of the incident, of the drill
    calls_at: datetime
    due_day: date | None
    due_at: datetime | None
    undetermined: str
    zone: ZoneInfo
    agreed: str = ""  # the paper that says so
    dues: tuple[tuple[datetime, str], ...] = ()
    submissions: tuple[Submission, ...] = ()  # oldest first, by when they were handed in
    excuse: str = ""
    drafted: bool = False
    unrecorded: bool = False

    @property
    def title(self) -> str:
        """As people call it: 周报 2026-W47."""
        return f"{self.duty.title} {self.name}"

    @property
    def counts(self) -> Submission | None:
        """The submission that counts: the first that was not returned."""
        return next((one for one in self.submissions if one.again is None), None)

    @property
    def limit(self) -> datetime | None:
        """Until when what is still to come is in time: the due instant, or the day that the client named as it
        returned what had come in time."""
        return self._judged(self.due_at)[0] if self.due_at else None

    @property
    def limit_day(self) -> date | None:
        """The day whose end that is."""
        limit = self.limit
        return None if limit is None else (limit.astimezone(self.zone) - timedelta(microseconds=1)).date()

    @property
    def until_words(self) -> str:
        """Up to when it is in time: 2026-11-24 24:00, 2026-11-24 17:30."""
        day, until = self.limit_day, self.duty.until
        return f"{day} {f'{until:%H:%M}' if until else '24:00'}" if day else "不定"

    def late(self, now: datetime) -> bool:
        """It was not handed in in time, and nobody has excused that."""
        if self.excuse or self.unrecorded:
            return False
        if self.due_at is None:
            return False
        limit, late = self._judged(self.due_at)
        return late or (self.counts is None and now > limit)

    def points(self, now: datetime) -> float:
        """What it costs: zero or less."""
        return -LATE_COSTS if self.late(now) else 0.0

    def state(self, now: datetime) -> State:
        """Where it stands. What was handed in late is handed in: `late` tells the rest."""
        if self.counts is not None:
            return State.ACCEPTED if self.counts.accepted_at else State.SUBMITTED
        if self.excuse:
            return State.EXCUSED
        if self.late(now):
            return State.LATE
        if self.submissions:
            return State.RETURNED
        if self.due_at is None or self.unrecorded:
            return State.UNDETERMINED
        return State.DRAFTED if self.drafted else State.EXPECTED

    def is_open(self, now: datetime) -> bool:
        """Somebody has to hand it in."""
        return self.counts is None and not self.excuse and not self.unrecorded

    def _judged(self, limit: datetime) -> tuple[datetime, bool]:
        """Up to when it is in time, and whether a submission came after that."""
        for one in self.submissions:
            if one.at > limit:
                return limit, True
            if one.again is None:
                break
            limit = max(limit, one.again)  # what came in time and was returned may come until then
        return limit, False

    def stands(self, now: datetime) -> str:
        """Where it stands and whether it was or is in time, in words."""
        said, label = self.verdict(now), self.state(now).label
        return said if said.startswith(label) or self.unrecorded else f"{label}；{said}"

    def verdict(self, now: datetime) -> str:
        """In words whether it was or is in time."""
        if self.unrecorded:
            return "不明：台账启用之前到期"
        if self.excuse:
            return f"免交：{self.excuse}"
        if self.due_at is None:
            return f"期限不定：{self.undetermined}"
        limit, _ = self._judged(self.due_at)
        if not self.late(now):
            return "按时" if self.counts else f"未到期，还有 {_span(limit - now)}"
        first = next((one for one in self.submissions if one.at > limit), None)
        return f"迟交 {_span(first.at - limit)}" if first else f"逾期未交，已 {_span(now - limit)}"


def _span(time: timedelta) -> str:
    """2 天 3 小时; cut off."""
    minutes = max(time, timedelta()) // timedelta(minutes=1)
    days, hours = minutes // 1440, minutes // 60 % 24
    parts = [f"{number} {unit}" for number, unit in ((days, "天"), (hours, "小时")) if number]
    return " ".join(parts) or f"{minutes} 分钟"


class Call(NamedTuple):
    """What calls for a document: a period that ends, an incident that was cleared, a drill, an agreement."""

    name: str
    opens: date
    day: date  # which itself does not count
    at: datetime
    recorded: tuple[tuple[datetime, str], ...] = ()  # due days on record elsewhere


def register(
    versions: Sequence[Version],
    working_day: WorkingDay,
    known: Iterable[Incident],
    drills: Mapping[str, datetime],
    events: Iterable[EventRecord],
    first: date,
    last: date,
    today: date,
    *,
    since: datetime | None = None,
    drafts: frozenset[str] = frozenset(),
) -> list[Document]:
    """Every document whose period, or event, has a day in [first, last]: by due day, then by name.

    Args:
        versions: the contract's, oldest first; at least one.
        known: all incidents on record.
        drills: by month, 2026-11, when the restore drills of that month were done.
        events: those of kind DOCUMENT, as they were entered.
        today: a due day on record that lies before it holds, whatever contract and calendar say since.
        since: from when on documents are on record; what was due before and has no entry is "unrecorded".
        drafts: names of the drafts that there are, without their ending.
    """
    told = _by_subject(events)
    found = {}
    for duty, call in _calls(versions, known, drills, first, last):
        subject = f"{duty.id}/{call.name}"
        found[subject] = _document(versions, working_day, duty, call, told.get(subject, ()), today)
    for subject, mine in told.items():
        agreed = next((one for one in reversed(mine) if one.body["step"] == Step.AGREED), None)
        if subject not in found and agreed and (document := _agreed(versions, subject, agreed, mine)):
            found[subject] = document
    documents = [_known(one, since, drafts) for one in found.values()]
    return sorted(documents, key=lambda one: (one.due_day or one.calls_at.date(), one.subject))


WRITTEN = {
    "weekly": "周报", "monthly": "月报", "quarterly": "季报", "half-yearly": "半年报", "yearly": "年报",
    "incident": "故障报告", "remediation": "安全整改报告", "drill": "恢复演练报告",
}  # fmt: skip
"""What the program's own report of a duty is called, by the duty's id, which is the name of the report's template."""

_WRITTEN_OF = {Rule.INCIDENT: WRITTEN["incident"], Rule.DRILL: WRITTEN["drill"]}


def draft_of(duty: DocumentDuty, name: str) -> str:
    """The name of the draft that the program writes, without its ending; of a contract's own kind, as its duty is."""
    return f"{_WRITTEN_OF.get(duty.rule) or WRITTEN.get(duty.id, duty.title)}-{name}"


def file_names(document: Document) -> set[str]:
    """What a file of this document may be called, without its ending: 周报-2026-W47, weekly-2026-W47."""
    duty, name = document.duty, document.name
    return {f"{duty.title}-{name}", f"{duty.id}-{name}", draft_of(duty, name)}


def _by_subject(events: Iterable[EventRecord]) -> dict[str, list[EventRecord]]:
    """The entries that stand, by document; what was said of a corrected submission is said of its correction."""
    events = [one for one in events if one.kind == DOCUMENT]
    by = {one.corrects: one.id for one in events if one.corrects is not None}
    found: dict[str, list[EventRecord]] = {}
    for one in standing(events):
        of = one.body.get("of")
        while of in by:
            of = by[of]
        if of is not None:
            one = one.model_copy(update={"body": {**one.body, "of": of}})
        found.setdefault(one.subject, []).append(one)
    return found


def _calls(
    versions: Sequence[Version], known: Iterable[Incident], drills: Mapping[str, datetime], first: date, last: date
) -> Iterator[tuple[DocumentDuty, Call]]:
    """What calls for a document, by the contract that is in force as it does."""
    for duty in _periodic(versions):
        for name, opens, day in duty.periods(first, last):
            contract, at = _closing(versions, day)
            if contract.document(duty.id) == duty and opens <= contract.term.end and contract.term.start <= day:
                yield duty, Call(name, opens, day, at)
    happened = [
        *(
            (Rule.INCIDENT, one.id, one.discovered_at, one.cleared_at, one.reports_due)
            for one in known
            if one.cleared_at and not one.void
        ),
        *((Rule.DRILL, month, at, at, ()) for month, at in drills.items()),
    ]
    for rule, name, began, at, recorded in happened:
        contract = in_force(versions, at)
        opens, day = (moment.astimezone(contract.tz).date() for moment in (began, at))
        for duty in contract.documents:
            if duty.rule is rule and first <= day <= last:
                yield duty, Call(name, opens, day, at, recorded)


def _periodic(versions: Sequence[Version]) -> list[DocumentDuty]:
    found: list[DocumentDuty] = []
    for _, contract in versions:
        found += [duty for duty in contract.documents if duty.rule.periodic and duty not in found]
    return found


def _closing(versions: Sequence[Version], last: date) -> tuple[Contract, datetime]:
    """The contract in force as a day ends, and that moment."""
    contract = in_force(versions, _ends(last, None, versions[-1][1].tz))
    return contract, _ends(last, None, contract.tz)


def _ends(day: date, until: time | None, zone: ZoneInfo) -> datetime:
    """When a day ends: at 24:00, or when business does."""
    return datetime.combine(day, until, zone) if until else datetime.combine(day + timedelta(days=1), time(), zone)


def _document(
    versions: Sequence[Version],
    working_day: WorkingDay,
    duty: DocumentDuty,
    call: Call,
    mine: Sequence[EventRecord],
    today: date,
) -> Document:
    since = [at for at, _ in versions]
    number = max(bisect_right(since, call.at) - 1, 0)
    contract = versions[number][1]
    due, why = _worked_out(contract, duty, call, working_day)
    for at, later in versions[number + 1 :]:
        if due is not None and at > _ends(due, duty.until, contract.tz):
            break  # what was due is not moved afterwards
        same = later.document(duty.id)
        contract, duty = later, same if same and same.rule is duty.rule else duty
        due, why = _worked_out(contract, duty, call, working_day)
    recorded = call.recorded or tuple((one.entered_at, one.body["due"]) for one in mine if one.body["step"] == Step.DUE)
    if recorded and (held := _day(recorded[-1][1])) and held < today:
        due, why = held, ""
    agreed = next((one for one in reversed(mine) if one.body["step"] == Step.AGREED), None)
    if agreed is not None:
        due, why = date.fromisoformat(agreed.body["due"]), ""
    document = Document(
        subject=f"{duty.id}/{call.name}",
        duty=duty,
        name=call.name,
        opens=call.opens,
        calls_at=call.at,
        due_day=due,
        due_at=_ends(due, duty.until, contract.tz) if due else None,
        undetermined=why,
        zone=contract.tz,
        agreed=agreed.body["document"] if agreed else "",
        dues=recorded,
    )
    return _with_entries(document, mine)


def _worked_out(contract: Contract, duty: DocumentDuty, call: Call, working_day: WorkingDay) -> tuple[date | None, str]:
    days = contract.working_days_for(duty)
    if days is None:
        return None, AS_AGREED
    due = working_day(call.day, days, contract.calendar)
    return (None, due) if isinstance(due, str) else (due, "")


def _day(text: str) -> date | None:
    """A due day on record; None where it says that it is not determined."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _agreed(
    versions: Sequence[Version], subject: str, agreed: EventRecord, mine: Sequence[EventRecord]
) -> Document | None:
    """A document that is expected because somebody has put on record that it was agreed upon."""
    contract = in_force(versions, agreed.entered_at)
    duty_id, _, name = subject.partition("/")
    duty = contract.document(duty_id)
    if duty is None or duty.rule is not Rule.AGREED:
        return None
    due = date.fromisoformat(agreed.body["due"])
    opens = contract.term.start  # it may be put on record after the document was handed in
    document = Document(
        subject, duty, name, opens, agreed.at, due, _ends(due, duty.until, contract.tz), "", contract.tz,
        agreed=agreed.body["document"],
    )  # fmt: skip
    return _with_entries(document, mine)


def _with_entries(document: Document, mine: Sequence[EventRecord]) -> Document:
    """What people, and the inbox, have entered of it."""
    handed_in: dict[int, Submission] = {}
    excuse = ""
    for one in sorted(mine, key=lambda one: (one.body["step"] != Step.SUBMITTED, one.at, one.id)):
        body, step = one.body, Step(one.body["step"])
        if step is Step.SUBMITTED:
            handed_in[one.id] = Submission(
                one.id, one.at, body["name"], body["sha256"], body["evidence"]["path"], body["how"], body["receipt"],
                one.who, tuple(body.get("findings", ())),
            )  # fmt: skip
        elif step is Step.EXCUSED:
            excuse = f"{one.who}：{one.why}（{body['document']}）"
        elif step in (Step.ACCEPTED, Step.RETURNED) and (of := handed_in.get(body["of"])):
            answer: dict[str, Any] = {"accepted_at": one.at, "again": None, "why": ""}
            if step is Step.RETURNED:
                again = _ends(date.fromisoformat(body["again"]), document.duty.until, document.zone)
                answer = {"accepted_at": None, "returned_at": one.at, "again": again, "why": one.why}
            handed_in[of.number] = of._replace(typos=body["typos"], **answer)
    submissions = tuple(sorted(handed_in.values(), key=lambda one: (one.at, one.number)))
    return document._replace(submissions=submissions, excuse=excuse)


def _known(document: Document, since: datetime | None, drafts: frozenset[str]) -> Document:
    before = since is not None and (document.due_at or document.calls_at) < since
    untouched = not document.submissions and not document.excuse and not document.agreed
    drafted = draft_of(document.duty, document.name) in drafts
    return document._replace(drafted=drafted, unrecorded=before and untouched)


def points(documents: Iterable[Document], now: datetime) -> float:
    """What the late ones cost together: zero or less."""
    return sum(one.points(now) for one in documents)


def due_in(documents: Iterable[Document], first: date, last: date) -> list[Document]:
    """Those that are due in [first, last]; of what cannot be told when, what is called for in it."""
    return [one for one in documents if first <= (one.due_day or one.calls_at.astimezone(one.zone).date()) <= last]
