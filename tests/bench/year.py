"""A simulated year of the contract, written through the real ledger: what is measured, and what reports are tried on.

What was seen is what real runs on the practice estate saw (seen.json), moved in time and varied; the real items, the
real watch and the real desks judge and enter it. The same seed gives the same rows, and so the same chain. Each theme
is a file: year_pages, year_hosts, year_probes, year_incidents and so on.
"""

import argparse
import json
import logging
import random
import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from unittest.mock import patch

from rich.progress import track
from year_backups import Backups
from year_baseline import Baseline
from year_contract import furnish
from year_documents import Documents
from year_frame import MARKS, Fate, Frame
from year_hosts import Hosts
from year_incidents import Incidents
from year_ledger import hasty
from year_pages import Pages
from year_plans import Plans
from year_security import Security
from year_seen import REAL_EVIDENCE

from checks.coverage import Mark
from tasks.settings import Settings

__all__ = ["REAL_EVIDENCE", "Fate", "Year", "generate", "watched"]

FIRST = date(2025, 11, 1)
DAYS = 365
EVIDENCE_BYTES = 2048
ABOUT = "year.json"


@dataclass(frozen=True)
class Year:
    """A generated year. `fates`: the slots that were not simply done in time; `head`: the chain's."""

    folder: Path
    seed: int
    first: date
    last: date
    fates: dict[str, Fate]
    head: str
    url: str = ""

    @cached_property
    def settings(self) -> Settings:
        """The machine on which it happened."""
        return Settings(home=self.folder, contract=self.folder / "contract", ledger_url=self.url)

    @property
    def marks(self) -> dict[str, Mark]:
        """What coverage must say of the slots that are not done."""
        found = {slot: MARKS[fate] for slot, fate in self.fates.items()}
        return {slot: mark for slot, mark in found.items() if mark is not Mark.DONE}

    @classmethod
    def opened(cls, folder: Path) -> "Year":
        """A year that was generated before."""
        told = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        days = {name: date.fromisoformat(told[name]) for name in ("first", "last")}
        fates = {slot: Fate(fate) for slot, fate in told["fates"].items()}
        return cls(**{**told, **days, "folder": folder, "fates": fates})


def generate(
    folder: Path,
    seed: int = 1,
    days: int = DAYS,
    evidence_bytes: int = EVIDENCE_BYTES,
    *,
    first: date = FIRST,
    url: str = "",
    watch: Callable[[Sequence[date]], Iterable[date]] = iter,
) -> Year:
    """Write a year, or some days of one, into an empty folder: ledger, evidence and contract folder.

    Args:
        evidence_bytes: the size of a picture; a host's answer is a fifth of it.
        url: the ledger's database; SQLite in the folder where none is given.
        watch: sees the days go by.
    """
    last = first + timedelta(days=days - 1)
    settings = Settings(home=folder, contract=folder / "contract", ledger_url=url)
    furnish(settings.contract, first, last)
    ids = random.Random(f"ids {seed}")
    ledger = hasty(settings.ledger)
    log = logging.getLogger("xunjian")  # what the watch has to say stands in the ledger
    with (
        patch.object(log, "disabled", True),
        patch.object(uuid, "uuid4", lambda: uuid.UUID(int=ids.getrandbits(128), version=4)),
    ):
        frame = Frame(settings, ledger, seed, first, last, evidence_bytes)
        _live(frame, watch)
    year = Year(folder, seed, first, last, frame.fates, ledger.head(), url)
    about = json.dumps(asdict(year) | {"folder": ""}, default=str, ensure_ascii=False, indent=1)
    (folder / ABOUT).write_text(about, encoding="utf-8")
    return year


def _live(frame: Frame, watch: Callable[[Sequence[date]], Iterable[date]]) -> None:
    """The days, one after the other; on some nobody runs anything."""
    incidents = Incidents(frame, Plans(frame))
    Security(frame)
    backups = Backups(frame, incidents.alarm)
    themes = [Hosts(frame, incidents.alarm), Pages(frame, incidents.alarm), backups, Baseline(frame), Documents(frame)]
    for day in watch(frame.days):
        backups.night(day)
        if day in frame.up:
            frame.at(frame.there(day), lambda at, day=day: frame.start(at, day))
            for hour in range(24):
                frame.at(frame.there(day, hour), incidents.probes.hour)
            for theme in themes:
                theme.day(day)
            incidents.day(day)
        frame.live(day)


def main() -> int:
    """Generate from the command line."""
    parser = argparse.ArgumentParser(description="模拟一年的合同履行：生成台账、证据和合同目录，供测量和试做报告")
    parser.add_argument("folder", type=Path, metavar="目录", help="写到哪里；要是空的或还没有")
    parser.add_argument("--seed", type=int, default=1, metavar="数", help="随机种子；相同则逐行相同（默认 1）")
    parser.add_argument("--days", type=int, default=DAYS, metavar="天", help=f"天数，至少 10（默认 {DAYS}）")
    parser.add_argument(
        "--evidence-bytes", type=int, default=EVIDENCE_BYTES, metavar="字节",
        help=f"每张截图的大小（默认 {EVIDENCE_BYTES}；真实截图平均 {REAL_EVIDENCE['screenshot']}）",
    )  # fmt: skip
    asked = parser.parse_args()
    if asked.folder.is_dir() and any(asked.folder.iterdir()):
        parser.error(f"{asked.folder} 不是空的")
    year = generate(asked.folder.absolute(), asked.seed, asked.days, asked.evidence_bytes, watch=watched)
    sys.stdout.write(f"{year.folder}：{year.first} 至 {year.last}，台账链头 {year.head}\n")
    return 0


def watched(days: Sequence[date]) -> Iterable[date]:
    """A bar that fills as the days go by."""
    return track(days, description="生成")


if __name__ == "__main__":
    raise SystemExit(main())
