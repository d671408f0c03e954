"""The hosts' half of `make bench`: the same script on the same hosts, by us and by what one would use otherwise.

In each round every contender runs once, in a fresh process, in turn; what counts is the median of the ratios, round by
round. Wall time is from the first connection to the last finding on record or the last answer read; CPU likewise, of
the contender and its children. The server's is not in it, though it competes for the same cores.
"""

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from hosts_place import Place, Server
from lines import Line
from rich.table import Table

HERE = Path(__file__).parent
SIDES = {
    "bare": "裸 paramiko",
    "engine": "巡检",
    "flow": "巡检流程",
    "openssh": "OpenSSH＋xargs",
    "ansible": "Ansible",
    "testinfra": "testinfra",
}
OURS = ("engine", "flow")
FEW, MIDDLE, MANY = 12, 50, 100
MEMORY_BAR = 150.0  # MiB
CPU_BAR = 15.0  # ms
GROWTH_BAR = 1.25  # what grows with the square would be at 2.4
Figures = dict[str, Any]
Runs = dict[str, list[Figures]]


def plan(rounds: int) -> dict[int, dict[str, int]]:
    """How often each runs, by number of hosts: the slow ones, and those without a bar, not in every round."""
    fewer = (rounds + 1) // 2
    return {
        FEW: {
            "bare": rounds,
            "engine": rounds,
            "openssh": fewer,
            "ansible": rounds,
            "flow": fewer,
            "testinfra": min(1, rounds),
        },
        MIDDLE: {"engine": rounds},
        MANY: {"bare": rounds, "engine": rounds, "openssh": min(1, rounds), "flow": (fewer + 1) // 2},
    }


def measure(folder: Path, rounds: int, tell: Callable[[str], None]) -> dict[int, Runs]:
    """All rounds at all numbers of hosts. Prefect's server is up and found through the environment."""
    folder.mkdir()
    with Server(folder) as server:
        often = plan(rounds)
        places = {count: Place(folder, server, count) for count in often}
        for place in places.values():
            once("furnish", place, server, place.template)
        found: dict[int, Runs] = {count: {side: [] for side in sides} for count, sides in often.items()}
        for number in range(rounds):
            for count, sides in often.items():
                turn = [side for side in sides if number < sides[side]]
                for side in turn[:: -1 if number % 2 else 1]:  # they take turns at going first
                    home = places[count].folder / f"{number}-{side}"
                    if side in OURS:
                        shutil.copytree(places[count].template, home)
                    found[count][side].append(once(side, places[count], server, home))
                    shutil.rmtree(home, ignore_errors=True)
                if turn:
                    last = "，".join(f"{SIDES[side]} {found[count][side][-1]['seconds']:.1f} 秒" for side in turn)
                    tell(f"第 {number + 1}/{rounds} 轮 {count} 台主机：{last}")
    return found


def once(side: str, place: Place, server: Server, home: Path) -> Figures:
    """Run one contender. A run that did not get every answer, or asked a host twice, is no measurement."""
    child: psutil.Process | None = None
    cpu_before = 0.0

    def at_first() -> None:
        nonlocal cpu_before
        if child and side not in OURS:
            cpu_before = sum(map(_cpu, child.children(recursive=True)))

    server.watch(at_first)
    prefect = _prefect() if side == "flow" else None
    prefect_before = _cpu(prefect) if prefect else 0.0
    command = [sys.executable, str(HERE / "hosts_side.py"), side]
    with subprocess.Popen(command, env=place.environment(home), stdout=subprocess.PIPE, text=True) as process:
        child = psutil.Process(process.pid)
        said = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"{SIDES.get(side, side)}没有跑成，见上")
    figures: Figures = json.loads(said.splitlines()[-1])
    seen = server.seen()
    figures |= {"connections": seen.connections, "sessions": seen.sessions}
    if side == "furnish":
        return figures
    if not figures["whole"]:
        raise SystemExit(f"{SIDES[side]}没有问全：{figures}")
    if side in OURS and (seen.connections, seen.sessions) != (len(place.names), len(place.names)):
        raise SystemExit(f"{SIDES[side]}不是每台主机一次连接、一个通道：{seen}")
    if "began" not in figures:  # a program of others
        figures |= {"seconds": figures["ended"] - seen.first, "cpu": figures["program_cpu"] - cpu_before}
    if prefect:
        figures["prefect_cpu"] = _cpu(prefect) - prefect_before
    return figures


def _cpu(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(sum(process.cpu_times()[:4]))
    return 0.0


def _prefect() -> psutil.Process | None:
    """Prefect's server, which is a child of ours."""
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if "prefect" in child.cmdline():
                return child
    return None


def ratios(runs: Runs, side: str, to: str, what: str) -> list[float]:
    """One side in multiples of another, round by round."""
    return [one[what] / other[what] for one, other in zip(runs[side], runs[to], strict=False)]


def bars(found: dict[int, Runs]) -> list[Line]:
    """The bars, and the figures beside them that have none."""

    def compared(count: int, side: str, to: str, what: str, bar: float | None, *, least: bool = False) -> Line:
        ratio = statistics.median(ratios(found[count], side, to, what))
        title = f"{count} 台：{SIDES[side]} 与 {SIDES[to]} 的{'耗时' if what == 'seconds' else ' CPU '}之比"
        if bar is None:
            return Line(title, "—", f"{ratio:.2f}", None)
        return Line(title, f"{'≥' if least else '≤'} {bar:g}", f"{ratio:.2f}", ratio >= bar if least else ratio <= bar)

    def slope(side: str, what: str, less: int, more: int) -> float:
        """What one more host costs. What does not depend on the hosts is not in it."""
        low, high = (statistics.median(run[what] for run in found[count][side]) for count in (less, more))
        return float(high - low) / (more - less)

    engine, flow = (slope(side, "cpu", FEW, MANY) * 1000 for side in OURS)
    growth = slope("engine", "seconds", MIDDLE, MANY) / slope("engine", "seconds", FEW, MIDDLE)
    peaks = {side: max(run["recorded_mib"] for run in found[MANY][side]) for side in OURS}
    whole = max(run["memory_mib"] for run in found[MANY]["flow"])
    return [
        compared(FEW, "engine", "bare", "seconds", 1.3),
        compared(MANY, "engine", "bare", "seconds", 1.15),
        compared(FEW, "flow", "bare", "seconds", None),
        compared(MANY, "flow", "bare", "seconds", None),
        Line("每多一台主机，巡检的 CPU", f"≤ {CPU_BAR:g} 毫秒", f"{engine:.1f} 毫秒", engine <= CPU_BAR),
        Line("每多一台主机，巡检流程的 CPU", "—", f"{flow:.1f} 毫秒", None),
        compared(FEW, "ansible", "engine", "seconds", 3, least=True),
        compared(FEW, "ansible", "engine", "cpu", 6, least=True),
        compared(FEW, "openssh", "engine", "seconds", None),
        compared(FEW, "openssh", "engine", "cpu", None),
        compared(FEW, "testinfra", "engine", "seconds", None),
        Line(
            f"每多一台的耗时：{MIDDLE} 至 {MANY} 台与 {FEW} 至 {MIDDLE} 台之比",
            f"≤ {GROWTH_BAR:g}",
            f"{growth:.2f}",
            growth <= GROWTH_BAR,
        ),
        *(
            Line(
                f"{MANY} 台：{SIDES[side]}导入之外的内存峰值，到最后一条入账",
                f"＜ {MEMORY_BAR:g} MiB",
                f"{peak:.0f} MiB",
                peak < MEMORY_BAR,
            )
            for side, peak in peaks.items()
        ),
        Line(f"{MANY} 台：{SIDES['flow']}导入之外的内存峰值，连报告", "—", f"{whole:.0f} MiB", None),
    ]


def details(count: int, runs: Runs) -> Table:
    """All figures at one number of hosts."""
    title = f"{count} 台主机（{len(runs['engine'])} 轮）"
    table = Table("", "最小", "中位", "最大", "逐轮", title=title, title_justify="left")

    def add(name: str, values: Sequence[float], form: str) -> None:
        told = [format(value, form) for value in (min(values), statistics.median(values), max(values))]
        table.add_row(name, *told, " ".join(format(value, form) for value in values))

    for side, name in SIDES.items():
        if not runs.get(side):
            continue
        for what, called, form in (
            ("seconds", "耗时（秒）", ".2f"),
            ("cpu", " CPU（秒）", ".2f"),
            ("flow_seconds", "从头到尾（秒）", ".1f"),  # with Prefect's own runs and the report
            ("prefect_cpu", "期间 Prefect 服务的 CPU（秒）", ".2f"),
            ("program_seconds", "连启动（秒）", ".2f"),
            ("program_cpu", "连启动的 CPU（秒）", ".2f"),
            ("recorded_mib", "导入之外的内存，到最后一条入账（MiB）", ".0f"),
            ("memory_mib", "导入之外的内存（MiB）", ".0f"),
            ("sessions", "在服务器上的会话数", ".0f"),
        ):
            if what in runs[side][0]:
                add(f"{name} {called.strip()}", [run[what] for run in runs[side]], form)
    return table
