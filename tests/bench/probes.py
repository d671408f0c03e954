"""The probes' part of `make bench`: a year of ten systems asked every minute (probe_year.py), and what it costs to ask
for a month's and a year's availability, to keep it, and to go one round of the watch at its end.

Every figure comes from a fresh process. Beside the command stands a bare script that does the same arithmetic on the
same rows with nothing but sqlite3; both must come to the same seconds.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import probe_year
from lines import Line
from probe_year import SYSTEMS, YEAR
from rich.table import Table
from year import watched

HERE = Path(__file__).parent
MIB = 1 << 20
MONTH = f"{YEAR}-10"
BAR, ROUND_BAR = 1.0, 0.5  # seconds
NAMES = {
    "month": f"xunjian availability {MONTH}",
    "month-bare": "裸脚本：同样的行、同样的算法",
    "month-work": "其中导入之后",
    "year": f"xunjian availability {YEAR}",
    "year-bare": "裸脚本：同样的行、同样的算法",
    "year-work": "其中导入之后",
}
Figures = dict[str, Any]


def measure(folder: Path, rounds: int, tell: Callable[[str], None]) -> Figures:
    """Generate the year, with and without the probes, and measure."""
    figures: Figures = {}
    homes = {name: folder / name for name in ("probes", "without")}
    began = time.monotonic()
    figures["probes"] = probe_year.generate(homes["probes"], watch=watched)
    tell(f"生成 {SYSTEMS} 个系统一年的 {figures['probes']} 次探测：{time.monotonic() - began:.0f} 秒")
    probe_year.generate(homes["without"], probed=False)
    figures["bytes"] = {name: (home / "ledger.db").stat().st_size for name, home in homes.items()}
    for what in ("month", "year"):
        for number in range(rounds):
            sides = [f"{what}", f"{what}-bare", f"{what}-work"]
            for side in sides[:: -1 if number % 2 else 1]:
                figures.setdefault(side, []).append(once(side, homes["probes"], folder))
            last = {side: figures[side][-1] for side in sides}
            tell("，".join(f"{NAMES[side]} {one['seconds']:.2f} 秒" for side, one in last.items()))
            if last[f"{what}-bare"]["systems"] != last[f"{what}-work"]["systems"]:
                raise SystemExit(f"两边算出来的不一样：{last}")
    figures["watch"] = once("watch", homes["probes"], folder)
    return figures


def once(side: str, home: Path, folder: Path) -> Figures:
    """Run one side in a fresh process; its time is the whole process's, unless it tells its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XUNJIAN_")}
    environment |= {"XUNJIAN_HOME": str(home), "XUNJIAN_CONTRACT": str(home / "contract")}
    told = folder / "told.json"
    began = time.monotonic()
    done = subprocess.run([sys.executable, str(HERE / "probes_side.py"), side, str(told)], env=environment, check=False)
    seconds = time.monotonic() - began
    if done.returncode:
        raise SystemExit(f"{NAMES.get(side, side)}没有跑成，见上")
    figures: Figures = {"seconds": seconds, **json.loads(told.read_text(encoding="utf-8"))}
    told.unlink()
    return figures


def bars(figures: Figures) -> list[Line]:
    """The bars, and the figures beside them that have none."""
    lines = []
    for what in ("month", "year"):
        whole, bare, work = (median(figures, side) for side in (what, f"{what}-bare", f"{what}-work"))
        peak = max(run["peak_mib"] for run in figures[what])
        title = f"{SYSTEMS} 个系统：{NAMES[what]}"
        bar = what == "month"
        lines += [
            Line(title, f"＜ {BAR:g} 秒" if bar else "—", f"{whole:.2f} 秒", whole < BAR if bar else None),
            Line("　其中导入之后", "—", f"{work:.2f} 秒", None),
            Line("　导入之后与裸脚本之比", "—", f"{work / median(figures, f'{what}-bare', 'work'):.2f}", None),
            Line("　整条命令与裸脚本之比", "—", f"{whole / bare:.2f}", None),
            Line("　内存峰值", "—", f"{peak:.0f} MiB", None),
        ]
    sizes, rounds, besides = figures["bytes"], figures["watch"]["rounds"], figures["watch"]["besides"]
    grown = sizes["probes"] - sizes["without"]
    slowest, usual = max(rounds), statistics.median(rounds[1:])
    lines += [
        Line("台账一年增长，探测之外", "—", f"{sizes['without'] / MIB:.1f} MiB", None),
        Line("台账一年增长，连探测", "—", f"{sizes['probes'] / MIB:.1f} MiB", None),
        Line("　每个系统每年的探测", "—", f"{grown / SYSTEMS / MIB:.1f} MiB", None),
        Line("　每次探测", "—", f"{grown / figures['probes']:.1f} 字节", None),
        Line("年末照看一轮（每 15 秒一轮）", f"＜ {ROUND_BAR:g} 秒", f"{usual:.2f} 秒", usual < ROUND_BAR),
        Line("　其后的报告草稿和故障清单", "—", f"{statistics.median(besides):.2f} 秒", None),
        Line("　启动后的第一轮", "—", f"{rounds[0]:.2f} 秒，最慢的一轮 {slowest:.2f} 秒", None),
    ]
    return lines


def details(figures: Figures) -> Table:
    """All figures."""
    shown = Table("", "耗时（秒）", "CPU（秒）", "内存峰值（MiB）", title="一年的探测", title_justify="left")
    for side, name in NAMES.items():
        seconds = " ".join(f"{run['seconds']:.2f}" for run in figures[side])
        cpu = " ".join(f"{run['cpu']:.2f}" for run in figures[side])
        shown.add_row(name, seconds, cpu, f"{max(run['peak_mib'] for run in figures[side]):.0f}")
    watch = figures["watch"]
    rounds = " ".join(f"{one:.3f}" for one in watch["rounds"])
    shown.add_row(
        f"照看一轮（{watch['events']} 条事件，未封存的探测 {watch['pending']} 条）",
        rounds,
        "",
        f"{watch['peak_mib']:.0f}",
    )
    return shown


def median(figures: Figures, side: str, what: str = "seconds") -> float:
    """The middle one."""
    return float(statistics.median(run[what] for run in figures[side]))
