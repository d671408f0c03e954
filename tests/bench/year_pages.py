"""The year's page inspections: every system daily, with what goes wrong, and who notices."""

import io
import json
import random
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from PIL import Image, ImageDraw
from year_contract import MORE_PAGES
from year_frame import SCHEDULED, Act, Fate, Frame
from year_seen import SEEN

from checks.contract import Contract, System
from checks.finding import Finding, Reason, State, worst
from checks.page_check import Part, deserves_retry, judge, not_looked
from checks.slots import Slot, page_slots
from checks.visit import Visit
from flows import standing

FAULTS: tuple[dict[str, Any], ...] = (
    {"steps": [{"what": "打开 /portal", "seconds": 4.318}]},
    {"steps": [{"what": "打开 /portal", "seconds": 12.02}]},
    {"failed_requests": ["502 GET /api/todo"]},
    {
        "documents": [{"url": "https://127.0.0.1:18401/portal", "status": 502, "title": "502 Bad Gateway"}],
        "error_text": "Bad Gateway",
        "failed_requests": ["502 GET /portal"],
    },
    {
        "documents": [],
        "steps": [],
        "expectations": [],
        "obstacle": {"kind": "unknown", "step": "打开页面", "message": "浏览器没有应答", "reason": "timeout"},
    },
)
SCRIPT_ERROR = {"script_errors": ["TypeError: Cannot read properties of undefined (reading 'rows')"]}
AFTERWARDS = ("ui", "值班员甲", "补做漏做的巡检")
AGAIN = ("catch-up", "计划任务", "补做：计划时间已过而未完成，其中 1 项曾经开始")


class Pages:
    """Three systems of ten pages."""

    def __init__(self, frame: Frame, alarm: Act) -> None:
        self._frame, self._alarm = frame, alarm
        self._chance = frame.chance("pages")
        self._seen = _pages(frame.contract)
        self.late: dict[date, list[Slot]] = {}  # by the day on which somebody notices
        slots = {day: list(page_slots(frame.contract, day)) for day in frame.days}
        frame.fates |= {slot.id: Fate.DOWN for day in frame.down for slot in slots[day]}
        frame.fates |= {slot.id: Fate.EXCUSED for day in frame.dark for slot in slots[day]}
        others = [slot for day in frame.up[:-2] if day not in frame.dark for slot in slots[day]]
        frame.choose(self._chance, others, [Fate.ABANDONED, Fate.RESUMED, Fate.LATE, Fate.UNKNOWN] * frame.many)
        notice_late(frame, others, self.late)

    def day(self, day: date) -> None:
        """What is due on a day."""
        frame = self._frame
        if day in frame.dark:
            frame.at(frame.there(day, 7), self._excuse)
        for slot in self.late.get(day, []):
            frame.at(frame.there(day, 10.2), lambda at, slot=slot: self._do(slot, at, AFTERWARDS))
        for slot in page_slots(frame.contract, day):
            fate = frame.fates.get(slot.id)
            if fate not in (Fate.LATE, Fate.EXCUSED):
                frame.at(frame.there(day, 8.5), lambda at, slot=slot, fate=fate: self._do(slot, at, SCHEDULED, fate))
            if fate is Fate.RESUMED:
                frame.at(frame.there(day, 9.6), lambda at, slot=slot: self._resume(slot, at))

    def _excuse(self, at: datetime) -> None:
        day = self._frame.day_of(at)
        slots = [slot.id for slot in page_slots(self._frame.contract, day)]
        document = f"关于机房停电检修的通知〔{day.year}〕{self._chance.randint(3, 90)} 号"
        standing.excuse(self._frame.ledger, slots, "甲方负责人", "机房停电检修，系统全天停用", document, at)

    def _resume(self, slot: Slot, at: datetime) -> None:
        self._frame.ledger.close_cut_off(at)
        self._do(slot, at, AGAIN)

    def _do(self, slot: Slot, at: datetime, by: tuple[str, str, str], fate: Fate | None = None) -> None:
        run = self._frame.begin(slot, at, by)
        system = self._frame.contract.system(slot.target)
        parts, states = system.targets(), []
        for number, part in enumerate(parts):
            if fate in (Fate.ABANDONED, Fate.RESUMED) and number == len(parts) // 2:
                return  # killed
            blind = fate is Fate.UNKNOWN and number == len(parts) - 2
            at, state = self._look_at(run, system, part, at, blind=blind)
            states.append(state)
        self._frame.ledger.end(run, worst(states), at)
        if State.CRIT in states:
            self._alarm(at)

    def _look_at(self, run: str, system: System, part: Part, at: datetime, *, blind: bool) -> tuple[datetime, State]:
        """Twice if it was not well the first time. Most of the faults have passed by then."""
        dice, findings = self._chance.random(), list[Finding]()
        fault = self._chance.choice(FAULTS) if dice < 0.018 else SCRIPT_ERROR if dice < 0.022 else {}
        for attempt in (1, 2):
            visit = None if blind else self._visit(system.target(part), attempt, at, fault)
            if visit:
                findings = list(judge(visit, system, part))
                at += timedelta(seconds=visit.seconds)
            else:
                message = "检查途中浏览器被关闭或崩溃"
                findings = list(not_looked(system, part, Reason.NO_BROWSER, message))
            target = system.target(part)
            picture = picture_of(self._chance, self._frame.evidence_bytes) if visit and visit.pictures else b""
            kept = [self._frame.keep(target, attempt, "screenshot", at, picture)] if picture else []
            self._frame.ledger.add(run, target, attempt, findings, visit=visit, evidence=kept, now=at)
            if not deserves_retry(findings):
                break
            lasts = dice < 0.003 and "obstacle" not in fault  # or the slot's fate would be another than is on file
            fault = fault if lasts else {}
        return at, worst(finding.state for finding in findings)

    def _visit(self, target: str, attempt: int, at: datetime, fault: dict[str, Any]) -> Visit:
        seen = self._seen[target]
        pace = self._chance.lognormvariate(0, 0.25)
        steps = [{**step, "seconds": round(step["seconds"] * pace, 3)} for step in seen["steps"]]
        documents = [
            {**one, **{name: one[name] and one[name] * pace for name in ("first_byte", "dom_ready", "load")}}
            for one in seen["documents"]
        ]
        more: dict[str, Any] = {"seconds": round(seen["seconds"] * pace, 3), "steps": steps, "documents": documents}
        if seen["certificate"]:  # made anew a month before it would end
            age = (at.date() - self._frame.first).days % 335 + at.hour / 24
            more["certificate"] = {**seen["certificate"], "days_left": 365 - age}
        more |= fault
        pictures = seen["pictures"] if "obstacle" not in fault else 0
        told = {**seen, **more, "pictures": pictures, "target": target, "attempt": attempt, "started_at": at}
        return Visit.model_validate(told)


def picture_of(chance: random.Random, size: int) -> bytes:
    """A JPEG, each another: random bytes, which nothing can make smaller, stand in its comments (JPEG, B.2.4.5)."""
    drawn = _drawn()
    left, comments = max(size - len(drawn), 16), b""
    while left > 4:
        noise = chance.randbytes(min(left - 4, 65533))
        comments += b"\xff\xfe" + (len(noise) + 2).to_bytes(2) + noise
        left -= len(noise) + 4
    return drawn[:2] + comments + drawn[2:]


@cache
def _drawn() -> bytes:
    """A window with lines of text, as small as it can be."""
    image, out = Image.new("L", (320, 200), 235), io.BytesIO()
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 319, 24), fill=90)
    for top in range(40, 184, 16):
        pen.rectangle((16, top, 300 - top // 2, top + 6), fill=160)
    image.save(out, "JPEG", quality=10, optimize=True)
    return out.getvalue()


def notice_late(frame: Frame, slots: list[Slot], late: dict[date, list[Slot]]) -> None:
    """Who missed them notices on the next day on which anything runs."""
    for slot in slots:
        if frame.fates.get(slot.id) is Fate.LATE:
            closes = frame.day_of(slot.closes_at)
            late.setdefault(min(one for one in frame.up if one >= closes), []).append(slot)


def _pages(contract: Contract) -> dict[str, dict[str, Any]]:
    """What was seen of each page; of those that the estate does not have, what was seen of a page like it."""
    like = {page: other for pages in MORE_PAGES.values() for page, _, other in pages}
    found = {}
    for system in contract.systems:
        for part in system.targets():
            other = like.get(part.id, part.id)
            text = json.dumps(SEEN["pages"][f"{system.id}/{other}"], ensure_ascii=False)
            found[system.target(part)] = json.loads(text.replace(f"/{other}", f"/{part.id}"))
    return found
