"""The script of a host under a tracer: it starts only what the allowlist names, and writes nothing, anywhere."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checks.allowlist import PROGRAMS
from checks.backup import Backup
from checks.host import HostGroup
from checks.host_check import host_checks
from checks.host_script import Assembled, assembled, split, wire
from checks.probe_script import as_host_check
from checks.safe_probe import Kind, OnHost, Target, safe_probes
from checks.visit import Copy
from tasks.repositories.borg import Borg
from tasks.repositories.program import script
from tasks.repositories.restic import Restic

NONCE = "c" * 32
SHELLS = {"dash": ["dash", "-s"], "bash": ["bash", "-s"], "busybox": ["busybox", "sh", "-s"]}
TRACED = (  # "?": not on every machine
    "execve,execveat,?open,openat,?creat,truncate,ftruncate,?unlink,unlinkat,?rename,renameat,renameat2,?mkdir,mkdirat,"
    "?rmdir,?link,linkat,?symlink,symlinkat,?mknod,mknodat,?chmod,fchmod,fchmodat,?chown,fchown,?lchown,fchownat,"
    "?utime,?utimes,utimensat,setxattr,fsetxattr,lsetxattr,removexattr,mount,umount2,swapon,swapoff,sethostname,"
    "settimeofday,clock_settime,adjtimex,clock_adjtime,reboot,init_module,finit_module,delete_module,kill,tkill,tgkill"
)
TRACER = ("strace", "-f", "-qq", "-z", "-e", "signal=none", "-e", f"trace={TRACED}", "-o")
WRITING = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)")
HARMLESS = re.compile(r'"/dev/(null|tty)"|"/proc/self/coredump_filter"')  # the latter is a JVM's own


def everything(folder: Path) -> HostGroup:
    """A host with all there is to look at, and all services."""
    (folder / "backup").mkdir()
    for name in ("a.sql.gz", "b.sql.gz"):
        (folder / "backup" / name).write_bytes(b"x")
    (folder / "app.log").write_text("2026-11-22 10:00:00 ERROR one\n")
    checks: dict[str, Any] = {
        "OS16": {"expected": [22]},
        "OS24": {"folders": [{"path": str(folder / "backup")}]},
        "OS25": {"files": [str(folder / "no.pem")]},
        "OS26": {"files": [str(folder / "app.log")]},
    }
    services: dict[str, Any] = {check.service: {} for check in host_checks() if check.service}
    baseline = {"B21": {"advisories": [{"package": "dpkg", "fixed": "1.0", "cve": "CVE-2024-0001"}]}}
    told = {"checks": checks, "services": services, "baseline": baseline, "hosts": [{"name": "a"}], "sudo": False}
    return HostGroup.model_validate({"system": "oa", **told})


PROBE_PARAMS = {
    "config-setting": {"path": "/etc/login.defs", "key": "PASS_MAX_DAYS"},
    "package-version": {"package": "openssl", "fixed": "3.0.11-1", "cve": "CVE-2023-5678"},
}
"""Where a probe's own defaults would find nothing here."""


def everything_probed() -> Assembled:
    """All that safe probes ask on a host."""
    planned = []
    for probe in safe_probes():
        if probe.kind is Kind.HOST:
            asked = probe.ask(Target(Kind.HOST, "a", 0, "oa"), probe.params(**PROBE_PARAMS.get(probe.id, {})))
            for one in asked:
                if isinstance(one, OnHost):
                    planned.append(as_host_check(probe, one, len(planned) + 1))
    return assembled(planned, sudo=False)


@pytest.fixture(scope="module", params=[f"{shell} {what}" for what in ("items", "probes") for shell in SHELLS])
def calls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The system calls of a whole inspection, or of all probes, one a line: what failed changed nothing, and is left
    out."""
    assert shutil.which("strace"), "strace is not installed"
    tmp_path = tmp_path_factory.mktemp("home")
    group = everything(tmp_path)
    shell, what = request.param.split()
    items = (*group.planned(group.hosts[0]), *group.baseline_planned(group.hosts[0]))
    script = assembled(items, sudo=False) if what == "items" else everything_probed()
    trace = tmp_path / "trace"
    done = subprocess.run(
        [
            "strace",
            "-f",
            "-qq",
            "-z",
            "-e",
            "signal=none",
            "-e",
            f"trace={TRACED}",
            "-o",
            str(trace),
            *SHELLS[shell],
        ],
        input=wire(script.text, NONCE, 0),
        capture_output=True,
        timeout=120,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    answer = split(done.stdout, NONCE)
    assert answer.whole, done.stderr.decode()[-2000:]
    assert len(answer.sections) == len(script.digests) > (20 if what == "items" else 6)
    lines = [line.partition(" ")[2].strip() for line in trace.read_text(errors="replace").splitlines()]
    yield lines
    left = {path.name for path in tmp_path.iterdir()} - {"backup", "app.log", "trace"}
    assert not left, f"the inspection left {left} in its home"


def test_only_what_the_allowlist_names_is_started(calls: list[str]) -> None:
    started = {
        Path(match[1]).name for line in calls if (match := re.match(r'execve(?:at)?\((?:\w+, )?"([^"]+)"', line))
    }
    assert {"openssl", "dpkg-query"} & started, "the tracer saw nothing"
    # exe: BusyBox, which calls itself; sh: Debian's rpm, to tell where its database would be
    assert started - set(PROGRAMS) - {"bash", "dash", "busybox", "exe", "sh"} == set()


def test_nothing_is_written(calls: list[str]) -> None:
    changes = [line for line in calls if not line.startswith(("exec", "kill", "tgkill", "tkill"))]
    bad = [line for line in changes if line.startswith("open") and WRITING.search(line) and not HARMLESS.search(line)]
    bad += [line for line in changes if not line.startswith("open")]
    assert bad == []


def test_only_its_own_children_are_signalled(calls: list[str]) -> None:
    """A command that hangs is stopped, by process id; nothing is signalled by group or by name."""
    for line in calls:
        if match := re.match(r"kill\((-?\d+), (\w+)", line):
            assert match[2] in ("0", "SIGTERM", "SIGKILL", "SIGCONT"), line
            assert int(match[1]) not in (0, -1, 1, os.getpid()), line


def test_the_tracer_sees_a_script_that_writes(tmp_path: Path) -> None:
    """Given one that does, then the pattern above finds it: the test can fail."""
    trace = tmp_path / "trace"
    command = [
        "strace",
        "-f",
        "-qq",
        "-z",
        "-e",
        f"trace={TRACED}",
        "-o",
        str(trace),
        "sh",
        "-c",
        "echo x > made; rm made",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    text = trace.read_text()
    assert any(WRITING.search(line) and '"made"' in line for line in text.splitlines())
    assert "unlinkat(" in text
    assert '/rm"' in text


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_each_program_says_why_it_is_there(name: str) -> None:
    assert PROGRAMS[name].strip()


def test_nothing_stands_on_the_allowlist_that_no_script_uses(tmp_path: Path) -> None:
    group = everything(tmp_path)
    items = (*group.planned(group.hosts[0]), *group.baseline_planned(group.hosts[0]))
    text = assembled(items, sudo=True).text + repository_scripts() + everything_probed().text
    assert [name for name in PROGRAMS if not re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text)] == []


def repository_scripts() -> str:
    """What restic and borg are asked at a host; tests/tasks/test_repositories.py runs them under the tracer."""
    newest = Copy(name="a", size=1, at=datetime.now(UTC))
    made = []
    for program in (Restic(), Borg()):
        given = {"id": "a", "title": "a", "kind": program.name, "at": {"folder": "/a"}, "password": "p"}
        lines = "\n".join((program.to_list(), program.to_check(newest, 5, 1), program.to_export("a")))
        made.append(script(program, Backup.model_validate(given), {"p": "x"}, lines).decode())
    return "\n".join(made)
