"""The watch over incidents: what is seen is put on record, and what has to be told is told. Clause 七2(6), Annex 4.

It goes round inside the run of the availability probe. All it knows it reads from the ledger, so that a restart loses
no warning and sends none twice; a message whose answer a kill cut off is sent again under the same number.
"""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from checks.availability import Sight
from checks.channels import Channel
from checks.contract import Contract
from checks.incidents import INCIDENT, Incident, Outage, Step, World, incidents, news
from checks.notices import DELIVERY, Sending, attempts, delivery, owed, sendings, worded
from checks.probe import Reading
from checks.records import Event, FindingRecord
from flows.office import Office, now
from tasks import notify, secrets, working_days
from tasks.crypto.tls import Trusted

EVERY = 15.0
"""Seconds from one round to the next."""

_BACK = timedelta(hours=2)  # an outage that began before is on record as an incident
_LOOKS = timedelta(days=15)  # every host is inspected once a week

log = logging.getLogger("xunjian")


class Watch:
    """Goes round; one at a time, since it runs under the claim of the probe."""

    def __init__(self, office: Office, trusted: Trusted) -> None:
        self._office, self._trusted = office, trusted
        self._channels = {channel.id: channel for channel in office.contract.channels}
        self._verdicts: dict[tuple[str, str], FindingRecord] = {}
        self._read_to = now() - _LOOKS

    def round(self) -> None:
        """Look, enter what is new, send what is owed."""
        office, at = self._office, now()
        settle = timedelta(minutes=office.contract.deadlines.settle)
        known = self.known()
        for event in news(office.contract, known, self._world(at), at, settle):
            step = Step(event.body["step"])
            office.ledger.enter(event, at, numbered=step is Step.DISCOVERED)
            log.warning("%s %s：%s", event.subject, step.label, event.why)
        self._set_due_days(at)
        self._tell()

    def _set_due_days(self, at: datetime) -> None:
        """The day on which a cleared incident's report is due; where it comes out otherwise, the old one stays."""
        for one in self.known():
            if one.void or one.cleared_at is None:
                continue
            due = report_due(one.cleared_at.astimezone(self._office.contract.tz).date(), self._office.contract)
            if one.reports_due and one.reports_due[-1][1] == due:
                continue
            body = {"step": Step.REPORT_DUE.value, "due": due, "calendar": self._office.calendar_version}
            why = f"故障报告的期限：{due}"
            event = Event(kind=INCIDENT, subject=one.id, at=at, who="巡检程序", why=why, via="watch", body=body)
            self._office.ledger.enter(event, at)

    def known(self) -> list[Incident]:
        """The incidents on record."""
        return incidents(self._office.ledger.events(INCIDENT))

    def _world(self, at: datetime) -> World:
        down: dict[str, Outage] = {}
        up_since: dict[str, datetime] = {}
        for system in self._office.contract.systems:
            hours = self._office.ledger.probe_hours(system.id, at - _BACK, at + _BACK)
            outage, since = lately([reading for hour in hours for reading in hour.readings()])
            down |= {system.id: outage} if outage else {}
            up_since |= {system.id: since} if since else {}
        self._read_verdicts()
        return World(down, up_since, self._verdicts)

    def _read_verdicts(self) -> None:
        for ended_at, record in self._office.ledger.verdicts(self._read_to):
            name = record.target, record.finding.check
            if name not in self._verdicts or self._verdicts[name].at <= record.at:
                self._verdicts[name] = record
            self._read_to = max(self._read_to, ended_at)

    def _tell(self) -> None:
        contract, ledger = self._office.contract, self._office.ledger
        people = [[self._channels[name] for name in contact.channels] for contact in contract.escalation]
        if not people:
            return
        at, tried = now(), attempts(ledger.events(DELIVERY))
        names = {system.id: system.name for system in contract.systems}
        for sending in sendings(owed(self.known(), names, tried, contract.deadlines, at), people, tried, at):
            self._send(sending, len(tried))

    def _send(self, sending: Sending, number: int) -> None:
        ledger, title_and_text = self._office.ledger, worded(sending)
        title, text = title_and_text
        text += f"\n通知：{self._office.contract.escalation[sending.level].who}　台账链头：{ledger.head()[:24]}…"
        message = f"{sending.notices[0].id.replace('/', '-')}-{sending.level}"
        receipt = self._deliver(sending.channel, notify.Message(message, title, text, "", now()))
        body = delivery(sending, message, ok=receipt.ok, answer=receipt.answer, seconds=receipt.seconds, text=text)
        event = Event(
            kind=DELIVERY, subject=message, at=now(), who=self._office.contract.escalation[sending.level].who,
            why="已送达" if receipt.ok else "没有送达", via="watch", body=body,
        )  # fmt: skip
        ledger.enter(event, now())
        level = logging.INFO if receipt.ok else logging.ERROR
        log.log(level, "通知 %s 经 %s %s：%s", message, sending.channel.title, event.why, receipt.answer)

    def _deliver(self, channel: Channel, message: notify.Message) -> notify.Receipt:
        try:
            values = secrets.read_all(channel.secret_names(), self._office.settings.secrets_dir)
        except secrets.SecretError as error:
            return notify.Receipt(False, str(error), 0.0)
        return notify.deliver(channel, message, values, trusted=self._trusted)


def report_due(cleared: date, contract: Contract) -> str:
    """The n-th working day after the day of clearing, R11; a year that is not published is not guessed."""
    try:
        return working_days.after(cleared, contract.deadlines.document).isoformat()
    except working_days.UnpublishedYear as error:
        return f"不确定（{error}）"


def lately(readings: Sequence[Reading]) -> tuple[Outage | None, datetime | None]:
    """Whether a system is down now (two probes in a row), and since when it is up again; blind ones say nothing."""
    bad: list[Reading] = []
    up_since = None
    for one in readings:
        if one.sight is Sight.UP:
            up_since = up_since if up_since and not bad else one.at
            bad = []
        elif one.sight is Sight.DOWN:
            bad.append(one)
    if len(bad) < 2:
        return None, None if bad else up_since
    return Outage(bad[0].at, bad[1].at, bad[-1].at, bad[-1].fault), None
