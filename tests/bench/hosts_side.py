"""One contender in a fresh process: `hosts_side.py furnish|engine|flow|bare|openssh|ansible|testinfra`.

Prints its figures as one line of JSON. What counts: from the first connection to the last finding on record, or to the
last answer read; CPU of this process and of those below it. `began` and `ended` are on the clock that all processes
share. Of foreign programs the end is theirs, and when it began is for the server's log to say.
"""

import ctypes
import json
import logging
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from hosts_place import LANES

HERE = Path(__file__).parent
PLACE = Path(os.environ["BENCH_PLACE"])
NAMES = (PLACE / "names").read_text(encoding="utf-8").split()
WEEKS = 8
"""How many inspections are on record before the one that is measured."""
NONCE = "0" * 32
SCRIPT, STAND_ALONE = PLACE / "script", PLACE / "script.sh"
Figures = dict[str, Any]
_PR_SET_CHILD_SUBREAPER = 36


class Watch:
    """When the first run went on record as started, when the last findings went on record, and the CPU in between."""

    def __init__(self) -> None:
        from tasks.ledger import Ledger

        self.began = self.ended = self._before = self._after = self._peak = 0.0
        self.findings = 0
        self.obstacles: set[str] = set()
        begin, add = Ledger.begin, Ledger.add

        def watched_begin(ledger: Ledger, *args: Any, **words: Any) -> str:
            if not self.began:
                self._before, self.began = cpu(), time.monotonic()
            return begin(ledger, *args, **words)

        def watched_add(ledger: Ledger, *args: Any, **words: Any) -> None:
            add(ledger, *args, **words)
            self.ended, self._after, self._peak = time.monotonic(), cpu(), memory("VmHWM")
            self.findings += len(args[3])
            if obstacle := words["visit"].obstacle:
                self.obstacles.add(obstacle)

        watched: Any = Ledger
        watched.begin, watched.add = watched_begin, watched_add

    def figures(self) -> Figures:
        return {
            "began": self.began,
            "ended": self.ended,
            "seconds": self.ended - self.began,
            "cpu": self._after - self._before,
            "findings": self.findings,
            "recorded_mib": self._peak,
            "whole": not self.obstacles,
            "why": "、".join(self.obstacles),
        }


def cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def memory(name: str) -> float:
    """A line of this process's status in MiB: VmRSS, or VmHWM, its peak."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def prepared() -> Any:
    from flows.shell import prepare
    from tasks.settings import Settings

    settings = Settings()
    prepare(settings)
    logging.getLogger("xunjian").addHandler(logging.NullHandler())
    return settings


def furnish() -> Figures:
    """A home with some weeks on record, and the script that the engine would send today."""
    settings = prepared()
    from checks.host_script import assembled, wire
    from checks.hosts import logs
    from checks.slots import HOST_INSPECTION, host_slots
    from checks.visit import HostVisit
    from flows.caller import Caller
    from flows.host_visits import HostRounds
    from flows.office import Office, now
    from flows.run import carried_out

    first = Office(settings.model_copy(update={"home": Path(f"{settings.root}-first")}))
    some = list(host_slots(first.contract, first.today()))[:12]
    first.expect(some)
    by = Caller("", "cli", "bench", "bench")
    with first.network() as network:
        outcomes = [carried_out(first, some[0], by, {}, lambda run: HostRounds([run], network).go()[0])]
    seen = first.ledger.past(HOST_INSPECTION, some[0].target, HostVisit)[-1]
    office, today = Office(settings), now()
    for weeks in range(WEEKS, 0, -1):
        at = today - timedelta(weeks=weeks)
        slots = list(host_slots(office.contract, office.today() - timedelta(weeks=weeks)))
        office.ledger.expect(slots, at)
        for slot in slots:
            run_id = office.ledger.begin(
                slot,
                **by._asdict(),
                parameters={},
                code_version="bench",
                contract_hash="bench",
                calendar_version="bench",
                now=at,
            )
            visit = seen.model_copy(update={"target": slot.target, "started_at": at})
            findings = [finding for _, finding in outcomes[0].findings]
            office.ledger.add(
                run_id, slot.target, 1, findings, visit=visit, evidence=[], now=at, outcome=outcomes[0].state
            )
    placed = office.contract.host(NAMES[0])
    files = [one.params.files for one in placed.planned if one.check.id == logs.CHECK.id]
    marks = logs.marks(seen.facts, files[0]) if files else ""
    text = wire(
        assembled(placed.planned, sudo=placed.group.sudo).text,
        NONCE,
        int((today - timedelta(weeks=1)).timestamp()),
        marks,
    )
    SCRIPT.write_bytes(text)
    STAND_ALONE.write_bytes(b"#!/bin/sh\n" + text)
    STAND_ALONE.chmod(0o700)
    return {"items": len(placed.planned), "bytes": len(text)}


def engine() -> Callable[[], Figures]:
    """Everything but Prefect's runs: begin, connect, ask, judge, record, in as many threads."""
    prepared()
    from concurrent.futures import ThreadPoolExecutor

    from checks.slots import Slot, host_slots
    from flows.caller import Caller
    from flows.host_visits import HostRounds
    from flows.office import Office
    from flows.run import carried_out

    def go() -> Figures:
        office, watch = Office(), Watch()
        slots = list(host_slots(office.contract, office.today()))
        office.expect(slots)
        by = Caller("", "cli", "bench", "bench")
        with office.network() as network, ThreadPoolExecutor(LANES) as pool:

            def one(slot: Slot) -> None:
                carried_out(office, slot, by, {}, lambda run: HostRounds([run], network).go()[0])

            if os.environ.get("BENCH_PROFILE"):
                import cProfile
                import pstats

                with cProfile.Profile() as profile:
                    for slot in slots:
                        one(slot)
                pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(60)
                pstats.Stats(profile, stream=sys.stderr).sort_stats("cumtime").print_stats(90)
            else:
                list(pool.map(one, slots))
        return watch.figures()

    return go


def flow() -> Callable[[], Figures]:
    """The duty as operators run it, with a Prefect server that is up already."""
    prepared()
    if "PREFECT_API_URL" not in os.environ:
        raise SystemExit("Prefect 服务没有应答")
    import asyncio

    from flows.host_inspection import HostInspection, host_inspection

    def go() -> Figures:
        watch, started = Watch(), time.monotonic()
        state: Any = asyncio.run(host_inspection(HostInspection(), return_state=True))  # type: ignore[arg-type]
        return {**watch.figures(), "flow_seconds": time.monotonic() - started, "state": state.name}

    return go


def bare() -> Callable[[], Figures]:
    """The plain script."""
    from hosts_bare import ask

    def go() -> Figures:
        before, began = cpu(), time.monotonic()
        said = ask(NAMES, PLACE / "ssh_config", SCRIPT.read_bytes(), LANES)
        figures = {"began": began, "ended": time.monotonic(), "cpu": cpu() - before}
        return {**figures, "seconds": figures["ended"] - began, "whole": len(said) == sum(map(answered, said))}

    return go


def openssh(home: Path) -> Figures:
    """ssh for each, by xargs."""
    one = f'ssh -F {PLACE}/ssh_config "$1" sh -s <{SCRIPT} >{home}/out/"$1" 2>{home}/err/"$1"'
    for name in ("out", "err"):
        (home / name).mkdir(parents=True)
    figures = foreign(["xargs", "-a", str(PLACE / "names"), f"-P{LANES}", "-n1", "sh", "-c", one, "sh"], home)
    said = [file.read_bytes() for file in (home / "out").iterdir()]
    return {**figures, "whole": sum(map(answered, said)) == len(NAMES)}


def ansible(home: Path) -> Figures:
    """Ad hoc, facts not gathered, its own ssh multiplexing with connections that are new in each run."""
    home.mkdir(parents=True)
    (home / "ansible.cfg").touch()  # or it would take the user's own
    os.environ |= {
        "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_SSH_ARGS": f"-F {PLACE}/ssh_config -C -o ControlMaster=auto -o ControlPersist=60s",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(home / "cp"),
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(home / "ansible/tmp"),
        "ANSIBLE_REMOTE_TMP": str(home / "remote"),
    }
    program = Path(sys.executable).with_name("ansible")
    command = [
        str(program),
        "all",
        "-i",
        str(PLACE / "names"),
        "-m",
        "script",
        "-a",
        str(STAND_ALONE),
        "-f",
        str(LANES),
    ]
    figures = foreign(command, home)
    said = (home / "stdout").read_text(encoding="utf-8")  # JSON, from a terminal
    return {**figures, "whole": len(re.findall(rf'@@{NONCE} EOF(?:\\r)?\\n"', said)) == len(NAMES)}


def testinfra(home: Path) -> Figures:
    """One test per host, one after the other."""
    options = ["-q", "-p", "pytest11.testinfra", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(home)]
    file = str(HERE / "hosts_testinfra.py")
    command = [sys.executable, "-m", "pytest", *options, "--ssh-config", str(PLACE / "ssh_config"), file]
    figures = foreign(command, home)
    return {**figures, "whole": f"{len(NAMES)} passed" in (home / "stdout").read_text(encoding="utf-8")}


def foreign(command: list[str], home: Path) -> Figures:
    """Run a program to its end; its CPU includes that of processes which outlive it."""
    home.mkdir(parents=True, exist_ok=True)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with (home / "stdout").open("wb") as out, (home / "stderr").open("wb") as err:
        code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False).returncode
    ended = time.monotonic()
    if code:
        sys.stderr.write((home / "stderr").read_text(errors="replace")[-2000:] + (home / "stdout").read_text()[-2000:])
    for left in psutil.Process().children(recursive=True):  # ssh's masters
        with suppress(psutil.Error):
            left.terminate()
    with suppress(ChildProcessError):
        while os.waitpid(-1, 0)[0]:
            pass
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"ended": ended, "program_seconds": ended - started, "program_cpu": used, "code": code}


def answered(said: bytes) -> bool:
    return said.endswith(f"@@{NONCE} EOF\n".encode())


def measured(prepare: Callable[[], Callable[[], Figures]]) -> Figures:
    """With what it takes in memory beyond what its imports cost."""
    go = prepare()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is what it is now
    imported = memory("VmRSS")
    figures = go()
    if "recorded_mib" in figures:
        figures["recorded_mib"] -= imported
    return {**figures, "memory_mib": memory("VmHWM") - imported}


def main(side: str) -> Figures:
    if side == "furnish":
        return furnish()
    if side in ("engine", "flow", "bare"):
        return measured({"engine": engine, "flow": flow, "bare": bare}[side])
    return {"openssh": openssh, "ansible": ansible, "testinfra": testinfra}[side](Path(os.environ["XUNJIAN_HOME"]))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))  # noqa: T201
