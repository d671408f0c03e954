"""`make kills`: flows are killed with SIGKILL at random instants; after each, the ledger is held to what it had said.

Real flows, a real browser and real SSH against the practice estate, on a real Prefect server; victims are forked by
kills_victim.py from a process that has everything imported, so that the time goes into kills and not into imports. A
victim is killed from outside after a random time since its call or since it came to a place, or kills itself just
before or after the n-th commit, fsync, renaming or notice. Then comes the next start; some are victims themselves.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from estate_client import find_base_port
from kills_book import VICTIM, Book, out
from kills_forms import Forms
from kills_news import News
from kills_nursery import STUCK, Instant, Nursery, Victim
from kills_outside import Outside
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from rich.table import Table

from flows import deployments
from flows.office import now
from rehearsal.estate import Estate
from tasks import contract_folder
from tasks.prefect_server import Prefect, api_url, environment
from tasks.settings import Settings

WEIGHTS = {"page-inspection": 8, "host-inspection": 7, "availability-probe": 8, "manual-confirmation": 2, "coverage": 1,
           "excuse": 1, "audit-verify": 1, "ledger-backup": 3, "retention": 2, "catch-up": 1, "fault-call": 2,
           "incident-progress": 2, "planned-downtime": 1, "downtime-decision": 1, "support-period": 1,
           "support-preparation": 1}  # fmt: skip
PLACES = {"page-inspection": ("page", "page", "evidence", "report"),
          "host-inspection": ("ssh", "ssh", "evidence", "report"),
          "availability-probe": ("probe", "watch", "notice", "notice", "report"),
          "manual-confirmation": ("report",), "ledger-backup": ("backup", "restore")}  # fmt: skip
OFTEN = {"page": 5, "evidence": 5, "probe": 30, "watch": 5, "notice": 2}
"""How often a victim may come to a place; where nothing is said, it is killed there the first time."""

WORDS = {"page": "页面走查中", "ssh": "SSH 问答中", "evidence": "存证据中", "report": "写报告中", "backup": "备份中",
         "restore": "恢复核对中", "probe": "记探测中", "watch": "照看中", "notice": "发通知中", "commit": "提交",
         "fsync": "落盘", "rename": "改名", "replace": "换名", "unlink": "删除", "deliver": "发通知", "before": "前",
         "after": "后"}  # fmt: skip
FIRST_GUESS = {"page-inspection": 6.0, "host-inspection": 5.0, "availability-probe": 8.0, "manual-confirmation": 4.0,
               "ledger-backup": 2.0}  # fmt: skip
PROBE_STEPS = {"before commit": 60, "after commit": 60, "before deliver": 3, "after deliver": 3}
"""Its own; those of its start are other duties' as well."""


class Kills:
    """The rehearsal: victims, kills, next starts."""

    def __init__(
        self,
        nursery: Nursery,
        settings: Settings,
        outside: Outside,
        folder: Path,
        seed: int,
        weights: Mapping[str, int],
    ) -> None:
        self.book = Book(settings, News(outside))
        self._nursery, self._settings, self._outside, self._folder = nursery, settings, outside, folder
        self._random = random.Random(seed)
        self._forms = Forms(self.book, outside, self._random)
        self._weights = weights
        self._number = 0
        self._lasted: dict[str, float] = {}  # flows by size, and places; seconds
        self._steps: dict[str, dict[str, int]] = {}
        self.killed: Counter[str] = Counter()
        self.instants: Counter[str] = Counter()
        self.where: Counter[str] = Counter()
        self.ended_first = self.orphans_killed = self.in_start = 0

    def kill(self, count: int) -> None:
        """Kill so many."""
        while self.killed.total() < count:
            flow = self._random.choices([*self._weights], [*self._weights.values()])[0]
            instant = self._instant(flow)
            victim = self._run(flow, self._forms.fill(flow), instant)
            if not victim.killed:
                self.ended_first += 1
                continue
            self.killed[flow] += 1
            self.instants[instant.title] += 1
            where = "、".join(sorted(f"{WORDS[place]}" for place in victim.places)) or "其间"
            self.where[where] += 1
            # Now and then the next start is a victim itself.
            said = f"下次启动关闭 {self.book.start()} 项" if self._random.random() < 0.8 else "下次启动也是被杀的对象"
            self._bury()
            number = f"第 {self.killed.total()}/{count} 次"
            out.print(f"{number} {flow} {instant.title}（{where}，第 {victim.lived:.1f} 秒）：{said}")
        self.book.start()

    def _instant(self, flow: str) -> Instant:
        how = self._random.random()
        if how < 0.25 and flow in PLACES:
            place = self._random.choice(PLACES[flow])
            nth = self._random.randint(1, OFTEN.get(place, 1)) if flow != "host-inspection" else 1
            return Instant(WORDS[place], place, nth, self._random.random())
        if how < 0.55:
            usual = self._steps.get(flow) or {f"{when} commit": 6 for when in ("before", "after")}
            known = PROBE_STEPS if flow == "availability-probe" else usual
            step = self._random.choice(sorted(known))
            when, _, name = step.partition(" ")
            return Instant(f"{WORDS[name]}{WORDS[when]}", fatal=(step, self._random.randint(1, known[step])))
        return Instant("任意时刻", share=self._random.random() * 1.05)

    def _run(self, flow: str, form: Mapping[str, Any], instant: Instant | None) -> Victim:
        """Fork a victim; kill it at an instant, if there is one, unless it ends before."""
        self._number += 1
        names = {name: str(self._folder / f"{name}-{self._number}") for name in ("journal", "log")}
        order = {"flow": flow, "form": {}, "unasked": False, "expired_until": "", "fatal": ("", 0)}
        order |= {"seconds": 0.0, **names, **form}
        if instant:
            order["fatal"] = instant.fatal
        victim = self._nursery.fork(order)
        status = None
        if instant and not instant.fatal[1]:
            status = self._strike(victim, instant)
        if status is None:
            status = self._nursery.status(STUCK)
        if status is None:
            os.kill(victim.pid, signal.SIGKILL)
            self._nursery.status(STUCK)
            raise SystemExit(f"{flow} {STUCK:.0f} 秒没有结束，见 {names['log']}")
        victim.died = time.monotonic()
        self.book.told(victim)
        victim.killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if not victim.killed:
            self._learn(flow, victim)
        return victim

    def _strike(self, victim: Victim, instant: Instant) -> int | None:
        """Wait for the instant, then kill; the status, if the victim has ended before."""
        what = instant.place or _size(victim.order)
        lasts = self._lasted.get(what) or FIRST_GUESS.get(victim.order["flow"], 1.0)
        since: float | None = None
        while since is None or time.monotonic() < since + instant.share * lasts:
            if (status := self._nursery.status(0.002)) is not None:
                return status
            if since is None:
                lines = victim.look()
                marks = [one["t"] for one in lines
                         if (one.get("place") == instant.place and one["what"] == "enter" if instant.place
                             else one["what"] == "called")]  # fmt: skip
                since = marks[instant.nth - 1] if len(marks) >= instant.nth else None
        with suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)
        return None

    def _learn(self, flow: str, victim: Victim) -> None:
        """How long a flow and its places take, and which steps it has."""
        for line in victim.of("ended"):
            if line["name"] != "无需执行":
                self._lasted[_size(victim.order)] = line["t"] - victim.of("called")[0]["t"]
                self._steps[flow] = line["steps"]
        if broke := victim.of("broke"):
            raise SystemExit(f"{flow} 出错：{broke}，见 {victim.order['log']}")
        entered: dict[str, list[float]] = defaultdict(list)
        for line in victim.lines:
            if line["what"] == "enter":
                entered[line["place"]].append(line["t"])
            elif line["what"] == "leave":
                self._lasted[line["place"]] = line["t"] - entered[line["place"]].pop(0)

    def _bury(self) -> None:
        """Browsers end when their master is gone; how many had to be killed is counted."""
        end = time.monotonic() + 15
        while self._nursery.orphans() and time.monotonic() < end:
            time.sleep(0.05)
        for one in self._nursery.orphans():
            with suppress(psutil.NoSuchProcess):
                self.orphans_killed += 1
                one.kill()

    def clean(self, flow: str, *fine: str, **form: Any) -> Victim:
        """A run that nobody kills, and how it must end."""
        victim = self._run(flow, form, None)
        ended = victim.of("ended")[-1]
        if ended["name"] not in fine:
            self.book.problems.append(f"{flow} 的结果是 {ended['name']}：{ended['message']}")
        out.print(f"完整执行 {flow}：{ended['name']}，{victim.lived:.1f} 秒")
        return victim

    def begin(self) -> None:
        """Once in peace, so that it is known how long each takes."""
        self.clean("page-inspection", "发现问题")
        self.clean("host-inspection", "全部正常", "发现问题")
        self.clean("ledger-backup", "备份完好")
        self.clean("audit-verify", "台账完好")
        self.clean("coverage", "全部正常", "有漏检或不明")
        self.clean("excuse", "已登记", **self._forms.fill("excuse"))
        self.clean("retention", "已销毁", expired_until=now().isoformat())
        self.clean("availability-probe", "全部正常", "发现问题", seconds=8.0)
        for flow in ("fault-call", "planned-downtime", "support-period"):
            self.clean(flow, "已登记", **self._forms.fill(flow))

    def end(self) -> None:
        """Every duty once more: the slots that are open are done, and once done they are not done again unasked."""
        book, fine = self.book, ("全部正常", "发现问题", "无需执行")
        systems = [one.id for one in book.office.contract.systems if one.id != "desk"] if book.office else []
        for _ in range(2):
            runs = book.rows("SELECT count(*) FROM run")
            self.clean("page-inspection", *fine, form={"systems": systems}, unasked=True)
            self.clean("host-inspection", *fine, unasked=True)
        book.expect(runs == book.rows("SELECT count(*) FROM run"), "已完成的又做了一次")
        self.clean("manual-confirmation", "全部正常", form={"page": "desk", "result": "正常", "who": "值班员"})
        self.clean("excuse", "已登记", **self._forms.fill("excuse"))
        self.clean("coverage", "全部正常", "有漏检或不明")  # days before there was a ledger are not known
        self.clean("audit-verify", "台账完好")
        self.clean("ledger-backup", "备份完好")
        self.clean("retention", "无需执行", "已销毁")
        if "catch-up" in self._weights:
            self.clean("catch-up", "无需执行")
        self._outside.quiet()
        self.clean("availability-probe", "全部正常", "发现问题", seconds=10.0)
        book.start()
        book.news.check_end(book.expect)
        book.check_end()
        book.check_reports()
        self.backups = book.check_backups()

    def left_over(self) -> dict[str, int]:
        """Files that killed processes have left."""
        settings, book = self._settings, self.book
        named = {path for (path,) in book.rows("SELECT DISTINCT path FROM evidence")}
        files = [path.relative_to(settings.evidence_dir).as_posix() for path in settings.evidence_dir.rglob("*")
                 if path.is_file()]  # fmt: skip
        hidden = [one for one in files if Path(one).name.startswith(".")]
        return {
            "证据目录里写到一半的": len(hidden),
            "没有登记的证据": len(set(files) - set(hidden) - named),
            "报告的临时目录": len(list(settings.reports_dir.glob(".*"))),
            "备份的临时文件": len([one for one in settings.backup_dir.rglob(".*") if one.parent.name[:1] != "."]),
            "系统临时目录里的": len(list((self._folder / "tmp").iterdir())),
        }

    def table(self) -> Table:
        """The figures."""
        book, left = self.book, self.left_over()
        slots = book.due()
        lines = {
            "杀死的执行": f"{self.killed.total()} 次（另有 {self.ended_first} 次在那一刻之前已经结束，不计）",
            "　按职责": _counted(self.killed),
            "　按时机": _counted(self.instants),
            "　被杀时正在": _counted(self.where),
            "随后的启动": f"{book.starts} 次，关闭并封存中断的执行 {book.cut_off} 项",
            "告知已记入的结论": f"{book.acknowledged} 条，丢失 {book.lost}，重复 {book.doubled}",
            **book.news.figures(),
            "应做事项": f"{len(slots)} 项，完成 {len(slots & book.done())} 项",
            "台账": f"{book.rows('SELECT count(*) FROM seal')[0][0]} 号封存，备份 {self.backups} 份",
            "遗留的浏览器等进程": f"须另外结束的 {self.orphans_killed} 个",
            "遗留的文件": "，".join(f"{name} {count}" for name, count in left.items()),
            "问题": "；".join(book.problems[:5]) or "没有",
        }
        table = Table("", "结果", title="随时被杀的演练", title_justify="left")
        for name, text in lines.items():
            table.add_row(name, text)
        return table


def _size(order: Mapping[str, Any]) -> str:
    """A flow with how much it is asked for: more takes longer."""
    asked = order["form"].get("systems") or order["form"].get("hosts") or []
    return f"{order['flow']} {len(asked)}"


def _counted(counts: Counter[str]) -> str:
    return "，".join(f"{name} {count}" for name, count in counts.most_common())


def rehearsed(
    folder: Path,
    settings: Settings,
    outside: Outside,
    api: str,
    count: int,
    seed: int,
    *,
    flows: Sequence[str] | None = None,
    deployed: bool = False,
    before: bool = True,
    after: bool = True,
) -> Kills:
    """Kill, and check; the estate and Prefect's server are up.

    Args:
        flows: those to be killed; all of them where none are named.
        deployed: the server has our deployments; otherwise catching up is left out.
        before: every duty once in peace, so that it is known how long each takes.
        after: every duty once more, so that every slot is done in the end.
    """
    (folder / "tmp").mkdir()
    variables = environment(settings, api=api) | {
        "TMPDIR": str(folder / "tmp"),
        "XUNJIAN_LEDGER_URL": settings.ledger,
        "PGAPPNAME": VICTIM,
    }
    with Nursery(variables, folder / "nursery.log") as nursery:
        some = [name for name in flows or WEIGHTS if deployed or name != "catch-up"]
        kills = Kills(nursery, settings, outside, folder, seed, {name: WEIGHTS[name] for name in some})
        kills.book.start()
        if before:
            kills.begin()
        kills.kill(count)
        if after:
            kills.end()
        book, news = kills.book, kills.book.news
        book.expect(not book.lost and not book.doubled, "有丢失或重复的结论")
        book.expect(not news.lost and not news.doubled, "有丢失或重复的探测")
    return kills


def main() -> int:
    """Kill, print the figures, and return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description="在任意时刻杀死各项职责的执行，核对台账有没有丢失、重复、没有交代的")
    parser.add_argument("--kills", type=int, default=200, help="杀多少次（默认 200）")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="随机数种子")
    parser.add_argument("--flow", action="append", choices=sorted(WEIGHTS), help="只杀这些职责，可写多次")
    parser.add_argument("--ledger-url", default="", help="台账的 SQLAlchemy URL，须是空库（默认 SQLite）")
    parser.add_argument("--keep", action="store_true", help="保留现场")
    asked = parser.parse_args()
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    for name in [name for name in os.environ if name.startswith(("XUNJIAN_", "PREFECT_"))]:
        if name != "XUNJIAN_BROWSER":
            del os.environ[name]
    folder, port = Path(tempfile.mkdtemp(prefix="kills-")), find_base_port()
    home, contract = folder / "home", folder / "contract"
    settings = Settings(home=home, contract=contract, port=port + 30, ledger_url=asked.ledger_url)
    estate = Estate(home / "rehearsal", port, hosts=True)
    with Outside() as outside, estate, Prefect(settings, out.print) as prefect:
        outside.contract(contract, port)
        api = api_url(settings)
        with temporary_settings({PREFECT_API_URL: api, PREFECT_HOME: home / "prefect"}):
            deployments.deploy(prefect, contract_folder.load(contract))
        kills = rehearsed(folder, settings, outside, api, asked.kills, asked.seed, flows=asked.flow, deployed=True)
        out.print(kills.table())
    if kills.book.problems or asked.keep:
        out.print(f"现场：{folder}")
    else:
        shutil.rmtree(folder)
    took = time.monotonic() - began
    out.print(f"种子 {asked.seed}，共用 {took:.0f} 秒，每次 {took / asked.kills:.1f} 秒")
    return 1 if kills.book.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
