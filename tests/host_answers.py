"""For tests of host checks: judge a written answer, or ask this machine with the assembled script."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from checks import visit
from checks.finding import Finding
from checks.host_check import Answer, AnyCheck, Judged, Planned, Section, host_checks, judge
from checks.host_script import assembled, split, wire

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
OUTPUTS = Path(__file__).parent / "checks" / "hosts" / "outputs"
NONCE = "0123456789abcdef" * 2

Facts = Mapping[str, Mapping[str, Any]]


def planned(service: str, **params: Any) -> list[Planned]:
    return [Planned(check, check.params(**params)) for check in host_checks() if check.service == service]


def judged(service: str, section: Section, before: Facts | None = None, **params: Any) -> Judged:
    """What the items of a service make of an answer, a day after they found `before`."""
    past = [(YESTERDAY, before)] if before else []
    return judge(planned(service, **params), lambda one: "all", Answer({"all": section}, NOW, 0.1), past)


def heard(section: Section, service: str, before: Facts | None = None, **params: Any) -> dict[str, Finding]:
    return {finding.check: finding for finding in judged(service, section, before, **params).findings}


def see(
    check: AnyCheck,
    out: str,
    err: str = "",
    status: int = 0,
    past: Sequence[tuple[float, visit.Facts]] = (),
    **params: Any,
) -> Finding:
    """The finding of one check on one answer; `past`: days ago and what was found out then, oldest first."""
    plan = Planned(check, check.params(**params))
    before = [(NOW - timedelta(days=ago), {check.id: facts.model_dump(mode="json")}) for ago, facts in past]
    answer = Answer({"x": Section(out, err, status)}, NOW, 0.1)
    return judge([plan], lambda _: "x", answer, before).findings[0]


def captured(path: Path) -> str:
    """A captured output without its first line, which says where it is from."""
    return path.read_text(encoding="utf-8").partition("\n")[2]


def output(name: str) -> str:
    """A captured answer; its first line says where it comes from."""
    return captured(OUTPUTS / name)


def ask(service: str, *, shell: Sequence[str] = ("sh", "-s"), before: Facts | None = None, **params: Any) -> Judged:
    """Run the real script here and now."""
    plan = planned(service, **params)
    asked = assembled(plan, sudo=False)
    sent = wire(asked.text, NONCE, 0)
    done = subprocess.run(shell, input=sent, capture_output=True, timeout=60)
    sections, whole = split(done.stdout, NONCE)
    assert whole, done.stderr
    now = datetime.now(UTC)
    past = [(now - timedelta(days=1), before)] if before else []
    return judge(plan, lambda one: asked.keys[one.check.id], Answer(sections, now, 0.1), past)


def states(found: Judged) -> dict[str, str]:
    return {finding.check: finding.reason or finding.state for finding in found.findings}


def summary(found: Judged, check: str) -> str:
    return next(finding.summary for finding in found.findings if finding.check == check)


def lent(folder: Path) -> list[str]:
    """Servers that refuse to run as root are lent a user."""
    if os.geteuid():
        return []
    shutil.chown(folder, "nobody", "nogroup")
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(true: Callable[[], bool], seconds: float = 60) -> None:
    # Not oftener than every 0.2 s: InnoDB shows the transactions of before to whoever asks again within 0.1 s.
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.2)


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
