"""The ledger's part of `make bench`: a simulated year (year.py), audited, counted, exported and backed up.

Every figure comes from a fresh process. Beside the commands stand bare scripts that do the same work on the same file,
in turn with them; what counts is the median.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

from lines import Line
from rich.table import Table
from year import Year, generate, watched

from checks.coverage import Mark
from checks.periods import Period
from flows.standing import standing
from tasks.ledger import Ledger

HERE = Path(__file__).parent
MIB = 1 << 20
MONTH = "2026-03"
VERIFY_BAR, COVERAGE_BAR, MEMORY_BAR = 60.0, 1.0, 500.0
NAMES = {
    "verify": "xunjian audit verify",
    "verify-work": "其中导入之后",
    "verify-bare": "裸脚本：读每一行、求摘要，读每个证据文件",
    "coverage": f"xunjian coverage {MONTH}",
    "coverage-work": "其中导入之后",
    "coverage-bare": "裸脚本：一条 SQL 计数",
    "export-month": f"xunjian audit export --period {MONTH}",
    "export-year": "xunjian audit export",
    "backup": "xunjian ledger backup（含恢复核对）",
}
COMPARED = (("verify", "verify-work", "verify-bare"), ("coverage", "coverage-work", "coverage-bare"))
ALONE = ("export-month", "export-year", "backup")
Figures = dict[str, Any]


def measure(folder: Path, year_folder: Path | None, rounds: int, tell: Callable[[str], None]) -> Figures:
    """Generate the year, unless there is one, and measure."""
    figures: Figures = {}
    if year_folder and (year_folder / "year.json").is_file():
        year = Year.opened(year_folder.absolute())
    else:
        began = time.monotonic()
        year = generate(year_folder.absolute() if year_folder else folder / "year", watch=watched)
        figures["generated"] = time.monotonic() - began
        tell(f"生成 {year.first} 至 {year.last}：{figures['generated']:.0f} 秒")
    _check(year)
    for sides in COMPARED:
        for number in range(rounds):
            for side in sides[:: -1 if number % 2 else 1]:
                figures.setdefault(side, []).append(once(side, year, folder))
        tell("，".join(f"{NAMES[side]} {figures[side][-1]['seconds']:.2f} 秒" for side in sides))
    for side in ALONE:
        figures[side] = [once(side, year, folder)]
        tell(f"{NAMES[side]} {figures[side][0]['seconds']:.1f} 秒")
    figures["start"] = once("start", year, folder)
    figures["sizes"] = once("sizes", year, folder)
    return figures


def _check(year: Year) -> None:
    """Coverage of the whole year finds what was put there, and nothing else; or nothing here is a measurement."""
    over = datetime.combine(year.last, time_of_day(), UTC) + timedelta(days=2)
    found = standing(Ledger(year.settings.ledger), Period(year.first, year.last), over)
    marks = {one.slot.id: one.mark for line in found.lines for one in line.marks if one.mark is not Mark.DONE}
    if marks != year.marks:
        raise SystemExit(f"履约情况与生成时放进去的不符：{sorted(set(marks.items()) ^ set(year.marks.items()))[:5]}")


def once(side: str, year: Year, folder: Path) -> Figures:
    """Run one side in a fresh process; its time is the whole process's, unless it tells its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XUNJIAN_")}
    environment |= {"XUNJIAN_HOME": str(year.folder), "XUNJIAN_CONTRACT": str(year.settings.contract)}
    told = folder / "told.json"
    command = [sys.executable, str(HERE / "ledger_side.py"), side, str(told), str(folder), MONTH]
    began = time.monotonic()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    seconds = time.monotonic() - began
    if done.returncode:
        raise SystemExit(f"{NAMES.get(side, side)}没有跑成：{done.stdout[-2000:]}")
    figures: Figures = {"seconds": seconds, **json.loads(told.read_text(encoding="utf-8"))}
    told.unlink()
    return figures


def median(figures: Figures, side: str, what: str = "seconds") -> float:
    """The middle one."""
    return float(statistics.median(run[what] for run in figures[side]))


def bars(figures: Figures) -> list[Line]:
    """The bars, and the figures beside them that have none."""
    lines = []
    for side, bar in (("verify", VERIFY_BAR), ("coverage", COVERAGE_BAR)):
        seconds, bare = median(figures, side), median(figures, f"{side}-bare")
        work = median(figures, f"{side}-work")
        lines += [
            Line(f"一年：{NAMES[side]}", f"＜ {bar:g} 秒", f"{seconds:.2f} 秒", seconds < bar),
            Line("　其中导入之后", "—", f"{work:.2f} 秒", None),
            Line("　导入之后与裸脚本之比", "—", f"{work / median(figures, f'{side}-bare', 'work'):.2f}", None),
            Line("　整条命令与裸脚本之比", "—", f"{seconds / bare:.2f}", None),
        ]
    for side in ("verify", "coverage", *ALONE):
        peak = max(run["peak_mib"] for run in figures[side])
        lines.append(Line(f"{NAMES[side]}：内存峰值", f"＜ {MEMORY_BAR:g} MiB", f"{peak:.0f} MiB", peak < MEMORY_BAR))
    for side in ALONE:
        lines.append(Line(NAMES[side], "—", f"{median(figures, side):.1f} 秒，{_mib(figures[side][0]['bytes'])}", None))
    start, sizes = figures["start"], figures["sizes"]
    opening, yearly = sum(start["opening"].values()), sizes["real_evidence"] / sizes["hashing"]
    lines.append(Line("每次启动为台账花的时间（合同、中断、应做）", "—", f"{opening:.1f} 毫秒", None))
    lines += [
        Line("台账文件", "—", f"{_mib(sizes['ledger'])}，{sizes['rows']} 行", None),
        Line("证据文件", "—", f"{_mib(sizes['evidence'])}，{sizes['files']} 件", None),
        Line("　按真实大小折算", "—", _mib(sizes["real_evidence"]), None),
        Line("　其读并求摘要（在缓存里的）", "—", f"{sizes['hashing'] / MIB:.0f} MiB/秒，一年 {yearly:.1f} 秒", None),
        Line("每次探测", "—", f"{sizes['probe_bytes'] / sizes['probes']:.1f} 字节，共 {sizes['probes']} 次", None),
    ]  # fmt: skip
    return lines


def details(figures: Figures) -> Table:
    """All figures."""
    shown = Table("", "耗时（秒）", "CPU（秒）", "内存峰值（MiB）", title="一年的台账", title_justify="left")
    for side, name in NAMES.items():
        seconds = " ".join(f"{run['seconds']:.2f}" for run in figures[side])
        cpu = " ".join(f"{run['cpu']:.2f}" for run in figures[side])
        shown.add_row(name, seconds, cpu, f"{max(run['peak_mib'] for run in figures[side]):.0f}")
    for group in ("opening", "asking"):
        for name, taken in figures["start"][group].items():
            shown.add_row(name, f"{taken:.1f} 毫秒", "", "")
    for name, size in figures["sizes"]["tables"].items():
        shown.add_row(f"表与索引 {name}", _mib(size), "", "")
    return shown


def _mib(size: float) -> str:
    return f"{size / MIB:.1f} MiB"
