"""The reports' part of `make bench`: a month's and a year's report of the simulated year, in four formats.

Every figure comes from a fresh process, and is taken after start-up: imports done, browser started. Beside it stands a
bare script that makes the same documents of the same Markdown with pandoc and Chromium, in turn with it; what counts is
the median. Memory is sampled in a run of its own: to read it is work for the machine. The bar is for the
process itself, as in the ledger's part: a Chromium that has printed anything is larger than that, in the bare script
too, and stands beside it with pandoc.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil  # type: ignore[import-untyped]
from lines import Line
from rich.table import Table
from year import Year, generate, watched

HERE = Path(__file__).parent
MIB = 1 << 20
MEMORY_BAR = 500.0
SIDES = {"flow": "报告", "bare": "裸脚本：pandoc 两次，Chromium 一次"}
Figures = dict[str, Any]


class Case(NamedTuple):
    """A report, and within how many seconds it is to be there."""

    title: str
    kind: str
    period: str
    bar: float


CASES = (Case("月报", "monthly", "2026-03", 3.0), Case("年报", "yearly", "2026", 15.0))


def measure(folder: Path, year_folder: Path | None, rounds: int, tell: Callable[[str], None]) -> Figures:
    """Generate the year, unless there is one, and measure."""
    if year_folder and (year_folder / "year.json").is_file():
        year = Year.opened(year_folder.absolute())
    else:
        year = generate(year_folder.absolute() if year_folder else folder / "year-of-reports", watch=watched)
    figures: Figures = {}
    for case in CASES:
        out = folder / case.kind
        peaks = {side: watched_once(side, case, year, out)._asdict() for side in SIDES}
        runs: dict[str, list[Figures]] = {side: [] for side in SIDES}
        for number in range(rounds):
            for side in sorted(SIDES, reverse=not number % 2):  # they take turns at going first
                runs[side].append(once(side, case, year, out))
            tell(
                f"{case.title}："
                + "，".join(f"{name} {runs[side][-1]['seconds']:.2f} 秒" for side, name in SIDES.items())
            )
        figures[case.kind] = {**runs, "peak_mib": peaks}
    return figures


def once(side: str, case: Case, year: Year, out: Path, meanwhile: Callable[[int], None] = lambda _: None) -> Figures:
    """Run one side in a fresh process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XUNJIAN_")}
    browser = {name: value for name, value in os.environ.items() if name == "XUNJIAN_BROWSER"}
    environment |= browser | {"XUNJIAN_HOME": str(year.folder), "XUNJIAN_CONTRACT": str(year.settings.contract)}
    command = [sys.executable, str(HERE / "reports_side.py"), side, case.kind, case.period, str(out)]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    meanwhile(child.pid)
    said = child.communicate()[0]
    if child.returncode:
        raise SystemExit(f"{case.title}：{SIDES[side]}没有跑成，见上")
    figures: Figures = json.loads(said.splitlines()[-1])
    return figures


class Peak(NamedTuple):
    """The highest PSS, in MiB: of the process itself, of what it starts (browser, its driver, pandoc), of all."""

    own: float = 0.0
    started: float = 0.0
    together: float = 0.0

    def or_more(self, own: float, started: float) -> "Peak":
        """The higher of each."""
        return Peak(max(self.own, own), max(self.started, started), max(self.together, own + started))


def watched_once(side: str, case: Case, year: Year, out: Path) -> Peak:
    """Looked at every 100 ms."""
    peak = Peak()

    def watch(pid: int) -> None:
        nonlocal peak
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            started = sum(map(_pss, process.children(recursive=True)))
            peak = peak.or_more(_pss(process) / MIB, started / MIB)
            time.sleep(0.1)

    once(side, case, year, out, watch)
    return peak


def _pss(process: psutil.Process) -> int:
    """In bytes; 0 of one that is gone."""
    with suppress(psutil.Error, OSError):
        return int(process.memory_full_info().pss)
    return 0


def bars(figures: Figures) -> list[Line]:
    """The bars, and the ratio to the bare script."""
    lines = []
    for case in CASES:
        found = figures[case.kind]
        seconds, bare = (statistics.median(run["seconds"] for run in found[side]) for side in SIDES)
        peaks = found["peak_mib"]
        own, started, together = (peaks["flow"][name] for name in Peak._fields)
        title = f"{case.title} {case.period}，四种格式"
        lines += [
            Line(title, f"≤ {case.bar:g} 秒", f"{seconds:.2f} 秒", seconds <= case.bar),
            Line("　与裸脚本之比", "—", f"{seconds / bare:.2f}", None),
            Line("　内存峰值（PSS，本进程）", f"＜ {MEMORY_BAR:g} MiB", f"{own:.0f} MiB", own < MEMORY_BAR),
            Line(
                "　Chromium 和 pandoc；合计；裸脚本合计",
                "—",
                f"{started:.0f}；{together:.0f}；{peaks['bare']['together']:.0f} MiB",
                None,
            ),
        ]
    return lines


def details(figures: Figures) -> Table:
    """All figures."""
    shown = Table("", "耗时（秒）", "CPU（秒）", "文件（KiB）", title="报告", title_justify="left")
    for case in CASES:
        for side, name in SIDES.items():
            runs = figures[case.kind][side]
            seconds, cpu = (" ".join(f"{run[what]:.2f}" for run in runs) for what in ("seconds", "cpu"))
            files = "，".join(f"{ending} {size // 1024}" for ending, size in sorted(runs[-1]["bytes"].items()))
            shown.add_row(f"{case.title}：{name}", seconds, cpu, files)
    return shown
