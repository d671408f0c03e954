"""`make bench`: what an inspection costs: pages against a bare Playwright script that visits the same ones, hosts
against paramiko, OpenSSH, Ansible and testinfra (hosts.py); what a year of them costs in the ledger (ledger.py), and
what a year of probes does (probes.py), and what reports of a year do (reports.py).

Both sides run in turn, each in a fresh process, so that a busy machine is busy for both; what counts is the median of
the ratios, pair by pair. Memory is sampled in a first pair of its own: to read it is work for the machine.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, NamedTuple

import hosts
import ledger
import probes
import psutil  # type: ignore[import-untyped]
import reports
from lines import Line, table
from rich.console import Console
from rich.table import Table

from rehearsal.estate import Estate
from rehearsal.sample import copy_contract
from tasks.prefect_server import Prefect
from tasks.settings import Settings

HERE = Path(__file__).parent
PICTURES = 25  # 24 pages and one pop-up window
SIDES = {"bare": "裸脚本", "flow": "巡检"}
LIMITS = "limits: { warn: 60, crit: 90, down: 120 }"
MIB = 1 << 20
Figures = dict[str, Any]


class Case(NamedTuple):
    """How the sites answer, and what the flow may cost in multiples of the bare script's time."""

    name: str
    delay: float
    bar: float


CASES = (Case("即时应答", 0.0, 1.25), Case("每页一秒", 1.0, 0.6))
MEMORY_BAR = 1024.0  # MiB
START_BAR = 1.0  # seconds
out = Console(width=110 if not sys.stdout.isatty() else None)


def main() -> int:
    """Measure, print, and return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description="测量巡检的耗时、CPU 和内存，与裸脚本和同类工具成对比较")
    parser.add_argument("--only", choices=("pages", "hosts", "ledger", "probes", "reports"),
                        help="只测页面、主机、台账、探测或报告")  # fmt: skip
    parser.add_argument("--pairs", type=int, default=5, help="即时应答时的对数（默认 5）")
    parser.add_argument("--slow-pairs", type=int, default=2, help="每页一秒时的对数，每对约一分半钟（默认 2）")
    parser.add_argument(
        "--rounds",
        type=int,
        default=3,
        help="页面以外的轮数，主机每轮约一分半钟；较慢的工具减半（默认 3）",
    )
    parser.add_argument("--year", type=Path, help="一年的台账放在哪里；已有就不再生成（默认用完即删）")
    parser.add_argument("--json", type=Path, help="把全部数字写到这个文件")
    asked = parser.parse_args()
    pairs = {0.0: asked.pairs, 1.0: asked.slow_pairs}
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))  # so that server and estate end with us
    pages: dict[str, Figures] = {}
    starts: dict[str, list[float]] = {}
    visited: dict[int, hosts.Runs] = {}
    kept: Figures = {}
    probed: Figures = {}
    reported: Figures = {}
    with tempfile.TemporaryDirectory(prefix="xunjian-bench-") as folder:
        base_port, settings = _prepare(Path(folder))
        if asked.only in (None, "ledger"):
            kept = ledger.measure(Path(folder), asked.year, asked.rounds, out.print)
        if asked.only in (None, "probes"):
            probed = probes.measure(Path(folder), asked.rounds, out.print)
        if asked.only in (None, "reports"):
            reported = reports.measure(Path(folder), asked.year, asked.rounds, out.print)
        if asked.only in (None, "pages"):
            starts = start_up()
        with Prefect(settings, out.print) if asked.only not in ("ledger", "probes", "reports") else nullcontext():
            if asked.only in (None, "pages"):
                pages = {case.name: measure(case, pairs[case.delay], base_port, settings.root) for case in CASES}
            if asked.only in (None, "hosts"):
                visited = hosts.measure(Path(folder) / "hosts", asked.rounds, out.print)
    lines = [line for case in CASES if pages for line in bars(case, pages[case.name])]
    for command, times in starts.items():
        median = statistics.median(times)
        lines.append(Line(f"xunjian {command} 启动", f"＜ {START_BAR:g} 秒", f"{median:.2f} 秒", median < START_BAR))
    lines += hosts.bars(visited) if visited else []
    lines += ledger.bars(kept) if kept else []
    lines += probes.bars(probed) if probed else []
    lines += reports.bars(reported) if reported else []
    for case in CASES if pages else ():
        out.print(details(case, pages[case.name]))
    for count, runs in visited.items():
        out.print(hosts.details(count, runs))
    if kept:
        out.print(ledger.details(kept))
    if probed:
        out.print(probes.details(probed))
    if reported:
        out.print(reports.details(reported))
    out.print(table(lines))
    out.print(f"共用 {time.monotonic() - began:.0f} 秒，{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}")
    if asked.json:
        report = {
            "figures": pages,
            "start_up": starts,
            "hosts": visited,
            "ledger": kept,
            "probes": probed,
            "reports": reported,
            "bars": [line._asdict() for line in lines],
        }
        asked.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    return 1 if any(line.met is False for line in lines) else 0


def measure(case: Case, pairs: int, base_port: int, home: Path) -> Figures:
    """Where sites answer at once a pair for the memory, which warms up as well; then pairs for time and CPU."""
    with Estate(home / "rehearsal", base_port, delay=case.delay):
        peaks = {} if case.delay else {side: watched(side, base_port) for side in SIDES}
        runs: dict[str, list[Figures]] = {side: [] for side in SIDES}
        for number in range(pairs):
            for side in sorted(SIDES, reverse=bool(number % 2)):  # they take turns at going first
                runs[side].append(once(side, base_port))
            last = {side: f"{SIDES[side]} {runs[side][-1]['seconds']:.1f} 秒" for side in SIDES}
            out.print(f"{case.name} 第 {number + 1}/{pairs} 对：{'，'.join(last.values())}")
    return {"peak_pss_mib": peaks, **runs}


def once(side: str, base_port: int, meanwhile: Callable[[int], None] = lambda _: None) -> Figures:
    """Run one side in a fresh process. A run that did not see all is no measurement."""
    command = [sys.executable, str(HERE / "side.py"), side, str(base_port)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    meanwhile(child.pid)
    said = child.communicate()[0]
    if child.returncode:
        raise SystemExit(f"{SIDES[side]}没有跑成，见上")
    figures: Figures = json.loads(said.splitlines()[-1])
    if figures["pictures"] != PICTURES or figures["state"] not in ("", "全部正常"):
        raise SystemExit(f"{SIDES[side]}没有看全：{figures}")
    return figures


def watched(side: str, base_port: int) -> float:
    """The highest sum of the PSS of all Chromium processes below one side, in MiB, looked at every 200 ms."""
    peak = 0.0

    def watch(pid: int) -> None:
        nonlocal peak
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            peak = max(peak, sum(map(pss, process.children(recursive=True))) / MIB)
            time.sleep(0.2)

    once(side, base_port, watch)
    return peak


def pss(process: psutil.Process) -> int:
    """Proportional set size of a Chromium process in bytes; 0 for any other or one that is gone."""
    with suppress(psutil.Error, OSError):
        if "chrom" in Path(f"/proc/{process.pid}/exe").readlink().name:
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    return 0


def start_up() -> dict[str, list[float]]:
    """How long simple commands take, five times each after one that is not counted."""
    times: dict[str, list[float]] = {}
    for command in ("--help", "validate", "schema"):
        taken = []
        for _ in range(6):
            began = time.monotonic()
            subprocess.run([Path(sys.executable).with_name("xunjian"), command], stdout=subprocess.DEVNULL, check=True)
            taken.append(time.monotonic() - began)
        times[command] = taken[1:]
    return times


def ratios(figures: Figures, what: str) -> list[float]:
    """The flow in multiples of the bare script, pair by pair."""
    return [flow[what] / bare[what] for flow, bare in zip(figures["flow"], figures["bare"], strict=True)]


def bars(case: Case, figures: Figures) -> list[Line]:
    """The bars of one case."""
    ratio = statistics.median(ratios(figures, "seconds"))
    lines = [Line(f"{case.name}：耗时与裸脚本之比", f"≤ {case.bar:g}", f"{ratio:.2f}", ratio <= case.bar)]
    if peak := figures["peak_pss_mib"].get("flow"):
        lines.append(Line("Chromium 内存峰值（PSS）", "≤ 1 GiB", f"{peak:.0f} MiB", peak <= MEMORY_BAR))
    return lines


def details(case: Case, figures: Figures) -> Table:
    """All figures of one case."""
    title = f"{case.name}（{len(figures['flow'])} 对）"
    table = Table("", "最小", "中位", "最大", "逐对", title=title, title_justify="left")

    def add(name: str, values: list[float], form: str) -> None:
        told = [format(value, form) for value in (min(values), statistics.median(values), max(values))]
        table.add_row(name, *told, " ".join(format(value, form) for value in values))

    for what, name, form in (("seconds", "耗时", ".1f"), ("cpu", "CPU", ".1f")):
        for side, title in SIDES.items():
            add(f"{title}{name}（秒）", [run[what] for run in figures[side]], form)
        add(f"{name}之比", ratios(figures, what), ".2f")
    for side, peak in figures["peak_pss_mib"].items():
        table.add_row(f"{SIDES[side]} Chromium 内存峰值（MiB）", "", f"{peak:.0f}", "", "")
    return table


def _prepare(folder: Path) -> tuple[int, Settings]:
    """A home of its own, ports of its own, and the sample contract pointed at them."""
    base_port = _free_ports(5)
    contract = copy_contract(folder / "contract", base_port)
    for file in contract.glob("systems/*.yaml"):  # a page that is late would be looked at twice, and more be done
        file.write_text(f"{file.read_text(encoding='utf-8')}\n{LIMITS}\n", encoding="utf-8")
    # Nor may Python be told to keep no bytecode: compiling our hundred modules anew is a tenth of a short command.
    for name in [name for name in os.environ if name.startswith(("XUNJIAN_", "PREFECT_", "PYTHONDONTWRITE"))]:
        if name != "XUNJIAN_BROWSER":
            del os.environ[name]
    os.environ |= {
        "XUNJIAN_HOME": str(folder / "home"),
        "XUNJIAN_CONTRACT": str(contract),
        "XUNJIAN_PORT": str(base_port + 4),
    }
    return base_port, Settings()


def _free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    for base in range(24600, 32000, 10):
        with suppress(OSError):
            for port in range(base, base + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return base
    raise SystemExit("没有空闲端口")


if __name__ == "__main__":
    raise SystemExit(main())
