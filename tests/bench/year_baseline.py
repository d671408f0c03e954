"""The year's baseline checks: every host and every address once a month, by the real items at simulated facts.

What is not conforming at first is mended in some month, or never; people enter what only they can tell.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from year_answers import BAD, GOOD, looked
from year_frame import Fate, Frame

from checks.baseline_check import Conformity
from checks.baseline_verdicts import manual_entry
from checks.entries import Who
from checks.finding import Finding, Reason, State, worst
from checks.host_check import Look, Planned, not_looked
from checks.records import EvidenceRecord
from checks.safe_probe import AnyProbe, ProbeParams, Target, Vantage
from checks.slots import Slot, baseline_slots
from checks.visit import HostVisit, ProbeVisit
from flows import baseline_sites

HOUR = 7.6
CHECKER = "安全工程师"
_CLOCK = {"by": "chronyd", "stratum": 3, "offset": 0.02}

# By item: what a host that conforms says, and what one that does not.
FACTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "B01": ({"total": 31, "shared": [], "roots": 0}, {"total": 32, "shared": [1001], "roots": 0}),
    "B02": ({"total": 31, "empty": 0}, {"total": 31, "empty": 1}),
    "B03": ({"module": "pam_pwquality", "length": 10, "classes": 3}, {}),
    "B04": ({"default": 90, "greatest": [["ad*", 90]]}, {"default": 99999, "greatest": [["ad*", 99999]]}),
    "B05": ({"count": 5}, {"count": 0}),
    "B06": ({"module": "pam_faillock", "deny": 5, "unlock": 600}, {}),
    "B07": ({"shell": 600, "ssh": 300}, {"shell": 0, "ssh": 300}),
    "B08": ({"public": [22, 443], "local": [3306]}, {"public": [22, 23], "local": []}),
    "B09": ({"weak": {}}, {"weak": {"ciphers": ["aes128-cbc"]}}),
    "B10": (
        {"files": {"/etc/shadow": "640", "/etc/passwd": "644"}, "umask": "027"},
        {"files": {"/etc/shadow": "640", "/etc/passwd": "644"}, "umask": "022"},
    ),
    "B11": ({"root": "no", "accounts": []}, {"root": "prohibit-password", "accounts": ["sync:4"]}),
    "B13": ({"everything": 0, "wheel": True}, {"everything": 0, "wheel": False}),
    "B14": ({"installed": True, "enabled": 1, "pid": 611, "rules": 28}, {"installed": False}),
    "B15": ({"writers": ["rsyslogd"], "sync": _CLOCK}, {"writers": ["rsyslogd"], "sync": {"by": ""}}),
    "B16": (
        {"modes": {"syslog": "640"}, "elsewhere": 1, "days": 180},
        {"modes": {"syslog": "640"}, "elsewhere": 0, "days": 28},
    ),
    "B17": ({"total": 412, "named": []}, {"total": 413, "named": ["telnet"]}),
    "B18": ({"public": [22, 443], "local": [3306]}, {"public": [22, 111], "local": []}),
    "B19": ({"by": "AllowUsers"}, {"by": ""}),
    "B21": (
        {"answers": ["manager dpkg\npackage|ii|1:9.2p1-2+deb12u7|amd64|mended\n"]},
        {"answers": ["manager dpkg\npackage|ii|1:9.2p1-2+deb12u2|amd64|older\n"]},
    ),
    "B22": ({"names": ["clamd"], "signed": 0}, {"names": [], "signed": 0}),
    "B28": (
        {"empty": 0, "remote": 0, "checked": True, "secure": True},
        {"empty": 0, "remote": 0, "checked": True, "secure": False},
    ),
    "B30": ({"trust": 0, "logged": True}, {"trust": 0, "logged": False}),
    "B31": ({"open": False, "everywhere": False}, {"open": False, "everywhere": True}),
}
OFTEN_WRONG = ("B04", "B05", "B07", "B14", "B16", "B19", "B22", "B28")
OPEN_PROBES = ("http-headers", "version-disclosure", "cookie-flags")
"""What an address does not pass before somebody has mended it."""


class Baseline:
    """Twelve hosts and three addresses."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._chance = frame.chance("baseline")
        self._mended: dict[tuple[str, str], float] = {}  # from which month on, by target and item
        self._due: dict[date, list[Slot]] = {}
        months: dict[str, date] = {}
        for day in frame.up:
            months.setdefault(f"{day:%Y-%m}", day)
        self._months = list(months)
        for day in months.values():
            self._due[day] = list(baseline_slots(frame.contract, day))
        hosts = [slot for slots in self._due.values() for slot in slots if "." not in slot.target]
        frame.choose(self._chance, hosts, [Fate.UNKNOWN] * max(1, len(months) // 6))
        for number, day in enumerate(months.values()):
            if number % 6 == 0:  # what people have looked at holds for a year
                frame.at(frame.there(day, 16), self._enter)

    def day(self, day: date) -> None:
        """What is due on a day."""
        for slot in self._due.get(day, []):
            at = self._frame.there(day, HOUR)
            self._frame.at(at, lambda at, slot=slot: (self._site if "." in slot.target else self._host)(slot, at))

    def _is_good(self, target: str, item: str, at: datetime) -> bool:
        """Whether it conforms by now; most does from the beginning."""
        if (target, item) not in self._mended:
            wrong = self._chance.random() < (0.6 if item in (*OFTEN_WRONG, *OPEN_PROBES) else 0.06)
            never = self._chance.random() < 0.35
            since = float("inf") if never else self._chance.randint(1, 9)
            self._mended[target, item] = since if wrong else 0
        return self._months.index(f"{self._frame.day_of(at):%Y-%m}") >= self._mended[target, item]

    def _host(self, slot: Slot, at: datetime) -> None:
        frame, end = self._frame, at + timedelta(seconds=5)
        planned = frame.contract.host(slot.target).baseline
        run, visit, kept = frame.begin(slot, at), None, []
        if frame.fates.get(slot.id) is Fate.UNKNOWN:
            findings: Sequence[Finding] = not_looked(planned, Reason.UNREACHABLE, "22 端口没有应答")
        else:
            told = {one.check.id: self._facts(slot.target, one.check.id, at) for one in planned}
            findings = [_judged(one, told[one.check.id], at) for one in planned]
            visit = HostVisit(target=slot.target, attempt=1, started_at=at, seconds=2.1, script="c0" * 32, facts=told)
            answer = self._chance.randbytes(frame.evidence_bytes // 10).hex().encode()
            kept = [frame.keep(slot.target, 1, "raw-output", at, answer)]
        state = worst(one.state for one in findings)
        frame.ledger.add(run, slot.target, 1, findings, visit=visit, evidence=kept, now=end, outcome=state)

    def _facts(self, host: str, item: str, at: datetime) -> dict[str, Any]:
        good, bad = FACTS[item]
        told = dict(good if self._is_good(host, item, at) else bad)
        if told.get("names"):  # signatures of two days ago
            told["signed"] = int(at.timestamp()) - 2 * 86_400
        return told

    def _site(self, slot: Slot, at: datetime) -> None:
        """The product's own round over an address, with other answers."""
        frame = self._frame
        run = frame.begin(slot, at)

        def look(_o: object, _n: object, probe: AnyProbe, target: Target, _v: Vantage, _w: str, _p: ProbeParams,
                 name: str) -> tuple[ProbeVisit, Finding]:  # fmt: skip
            how = GOOD if self._is_good(slot.target, probe.id, at) else BAD
            identity = f"certificate SHA256:{'ab' * 32}"
            return looked(frame.contract, probe.id, str(target), how, at, name=name, identity=identity, way="")

        def proof(_: object, visit: ProbeVisit) -> EvidenceRecord:
            return frame.keep(slot.target, 1, "probe", at, visit.model_dump_json().encode())

        def add(target: str, attempt: int, findings: Sequence[Finding], **more: Any) -> None:
            frame.ledger.add(run, target, attempt, findings, visit=None, now=at + timedelta(seconds=9), **more)

        there: Any = SimpleNamespace(slot=slot, office=SimpleNamespace(contract=frame.contract), add=add)
        nothing: Any = None
        with patch.object(baseline_sites, "look", look), patch.object(baseline_sites, "proof", proof):
            baseline_sites.SiteRounds(there, nothing).go()

    def _enter(self, at: datetime) -> None:
        """What only people can tell: of accounts for all hosts, of the rest for some."""
        contract, by = self._frame.contract, Who(CHECKER, "对照人员名册和渗透测试结论", "cli:duty")
        for number, placed in enumerate(contract.all_hosts()):
            for item in ("B12", "B20", "B23")[: 1 + number % 3]:
                verdict = Conformity.PARTLY if number == 4 else Conformity.MET
                event = manual_entry(contract, item, placed.host.name, verdict.value, by, at)
                self._frame.ledger.enter(event, at)


def _judged(one: Planned, told: dict[str, Any], at: datetime) -> Finding:
    facts = one.check.facts.model_validate(told)
    state, summary, reason = one.check.evaluate(facts, Look(at, 0.02, ()), one.params)
    return Finding(check=one.check.id, state=State(state), summary=summary, reason=reason)
