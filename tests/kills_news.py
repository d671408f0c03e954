"""What kills.py holds probes, incidents and notices to: nothing acknowledged is lost, nothing is there twice."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from kills_outside import Outside

from checks.incidents import INCIDENT, Incident, Step, incidents, open_twice
from checks.notices import DELIVERY
from checks.probe import ProbeHour
from checks.records import EventRecord
from checks.slots import AVAILABILITY_PROBE
from tasks.ledger import Ledger

Taken = tuple[int, str, int, str]
"""A reading: epoch seconds, sight, milliseconds, fault."""

Expect = Callable[[bool, str], None]
Rows = Callable[[str], Sequence[Any]]


class News:
    """What victims have been told of their probes and of the notices that they sent."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._handed: dict[tuple[str, str], Counter[Taken]] = defaultdict(Counter)  # by run and system
        self._acknowledged: dict[tuple[str, str], Counter[Taken]] = defaultdict(Counter)
        self._accepted: Counter[tuple[str, str]] = Counter()  # channel and message
        self.lost = self.doubled = 0
        self.known: list[Incident] = []
        self._delivered: Counter[str] = Counter()
        self._failed = 0

    def told(self, line: dict[str, Any]) -> None:
        """Remember a line of a victim's journal."""
        if line["what"] in ("probing", "probed"):
            one: Taken = (line["reading"][0], line["reading"][1], line["reading"][2], line["reading"][3])
            kept = self._handed if line["what"] == "probing" else self._acknowledged
            kept[line["run"], line["target"]][one] += 1
        elif line["what"] == "delivered" and line["ok"]:
            self._accepted[line["channel"], line["message"]] += 1

    @property
    def acknowledged(self) -> int:
        """How many readings."""
        return sum(taken.total() for taken in self._acknowledged.values())

    def check(self, ledger: Ledger, rows: Rows, expect: Expect) -> None:
        """After a start."""
        self._check_probes(rows, expect)
        self._check_incidents(ledger.events(INCIDENT), expect)
        self._check_deliveries(ledger.events(DELIVERY), expect)

    def _check_probes(self, rows: Rows, expect: Expect) -> None:
        """Nobody is at work: all readings are packed, those that were acknowledged once, others once or not at all."""
        [(left,)] = rows("SELECT count(*) FROM probe")
        expect(not left, f"还有 {left} 次探测没有随它的执行封存")
        have: dict[tuple[str, str], Counter[Taken]] = defaultdict(Counter)
        question = "SELECT run_id, visit.target, facts FROM visit JOIN run ON run.id = run_id"
        for run, target, text in rows(f"{question} WHERE slot_id LIKE '{AVAILABILITY_PROBE}/%'"):
            hour = ProbeHour.model_validate_json(text)
            have[run, target].update((int(one.at.timestamp()), one.sight.value, one.ms, one.fault)
                                     for one in hour.readings())  # fmt: skip
        self.lost = self.doubled = 0
        for key in {*self._handed, *have}:
            missing = (self._acknowledged[key] - have[key]).total()
            more = (have[key] - self._handed[key]).total()
            expect(not missing, f"{key} 已告知记入，少了 {missing} 次探测")
            expect(not more, f"{key} 多出 {more} 次探测")
            self.lost, self.doubled = self.lost + missing, self.doubled + more

    def _check_incidents(self, events: Sequence[EventRecord], expect: Expect) -> None:
        """One open incident per cause, one per outage, and no step entered twice."""
        self.known = incidents(events)
        expect(open_twice(self.known) is None, f"同一原因有两个未解除的故障：{open_twice(self.known)}")
        by_key: dict[str, list[Incident]] = defaultdict(list)
        for one in self.known:
            before = by_key[one.key][-1] if by_key[one.key] else None
            apart = before is None or (before.over_at is not None and one.started_at >= before.over_at)
            expect(apart or one.found_by != "probe", f"{one.id} 与 {before and before.id} 是同一次中断")
            by_key[one.key].append(one)
        said = Counter((one.subject, one.at, Step(one.body["step"]), f"{one.body}", one.why) for one in events)
        twice = [(subject, step) for (subject, _, step, _, _), count in said.items() if count > 1]
        expect(not twice, f"故障的同一件事登记了两次：{twice}")

    def _check_deliveries(self, events: Sequence[EventRecord], expect: Expect) -> None:
        """What is on record as delivered has arrived; nobody is on record as told of a notice twice."""
        arrived = Counter((one.channel, one.message) for one in self._outside.received)
        delivered = [one for one in events if one.body["ok"]]
        for one in delivered:
            there = arrived[one.body["channel"], one.body["message"]]
            expect(there > 0, f"通知 {one.body['message']} 记为送达，对方没有收到")
        told = Counter((notice, one.who) for one in delivered for notice in one.body["notices"])
        twice = [which for which, count in told.items() if count > 1]
        expect(not twice, f"通知记为送达两次：{twice}")
        missing = self._accepted - arrived
        expect(not missing, f"对方收下的答复没有对应的消息：{missing}")
        self._delivered = Counter(one.body["message"] for one in delivered)
        self._failed = len(events) - len(delivered)

    def check_end(self, expect: Expect) -> None:
        """Whatever arrived and was cut off before it was on record has been sent again under its number."""
        lost = {one.message for one in self._outside.received} - set(self._delivered)
        expect(not lost, f"收到过、没有再以同一编号送达的通知：{sorted(lost)}")

    def figures(self) -> dict[str, str]:
        """For the table."""
        received = self._outside.received
        said: dict[str, list[str]] = defaultdict(list)
        for one in received:
            said[one.message].append(
                one.text.partition("\n通知：")[0]
            )  # behind it stands the chain's head, which moves
        resent = sum(len(texts) - 1 for texts in said.values())
        other = sum(text != texts[0] for texts in said.values() for text in texts)
        return {
            "告知已记入的探测": f"{self.acknowledged} 次，丢失 {self.lost}，重复 {self.doubled}",
            "故障": f"{len(self.known)} 个，未解除的 {sum(one.is_open for one in self.known)} 个",
            "通知": f"记为送达 {self._delivered.total()} 条，没有送达 {self._failed} 次；对方收到 {len(received)} 条，"
            f"其中同一编号再次收到 {resent} 条（内容与前一次不同的 {other} 条）",
        }
