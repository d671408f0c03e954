"""The scratch place: what is to be seen from within, and that nothing of it outlives us."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.finding import Reason
from tasks.scratch import ScratchError, scratch
from tasks.scratch.place import Scratch, clear_swap

UNPRIVILEGED = 4242
WHO = ["root", "user"] if os.geteuid() == 0 else ["user"]


def as_user(work: Callable[[], Any]) -> Any:
    """Do it in a child that has no privileges, and bring back what it returns."""
    if os.geteuid():
        return work()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(UNPRIVILEGED)
            os.setuid(UNPRIVILEGED)
            os.write(write_end, json.dumps(work()).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(write_end)
    answer = os.read(read_end, 65536)  # it fits into one write
    os.close(read_end)
    assert os.waitpid(child, 0)[1] == 0
    return json.loads(answer)


def done_by(who: str, work: Callable[[], Any]) -> Any:
    return as_user(work) if who == "user" else work()


def inhabitants(space: str) -> list[str]:
    """The processes in a namespace."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/ns/*"):
        try:
            if str(entry.readlink()) == space:
                found.append(entry.parts[2])
        except OSError:
            continue
    return found


@pytest.mark.parametrize("who", WHO)
def test_nothing_of_ours_is_to_be_seen(who: str, tmp_path: Path) -> None:
    # Given: a secret in a folder that everybody may read, and one among the programs
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t")

    def look() -> list[str]:
        with scratch(64, [tmp_path, Path("/usr/share")], 60) as place:
            script = f"""
            cat {secret} /etc/shadow /root/.bashrc 2>/dev/null; ls /home /var /work /sys 2>/dev/null; ls -A /usr/share
            touch /usr/x /bin/x 2>/dev/null && echo written
            grep -c . /proc/net/route 2>/dev/null; echo end"""
            return [place.run(["sh", "-c", script]).out.decode().strip(), place.run(["id", "-u"]).out.decode().strip()]

    # When
    seen, uid = done_by(who, look)
    # Then: neither files nor routes, and programs that are not root
    assert [line for line in seen.splitlines() if line not in ("0", "1")] == ["end"]
    assert uid != "0"


@pytest.mark.parametrize("who", WHO)
def test_there_is_no_network(who: str) -> None:
    connect = "import socket; socket.create_connection(('127.0.0.1', 22), 5)"

    def look() -> list[str]:
        with scratch(64, [], 60) as place:
            return [place.run(["python3", "-c", connect]).err.decode().strip().splitlines()[-1]]

    if Path("/usr/bin/python3").exists():
        assert done_by(who, look) == ["OSError: [Errno 101] Network is unreachable"]


@pytest.mark.parametrize("who", WHO)
def test_it_is_gone_with_all_its_processes(who: str) -> None:
    def look() -> list[Any]:
        place = Scratch(64, [], 60)
        place.start(["sh", "-c", "trap '' TERM HUP; sleep 600 & sleep 600"])
        place.run(["sh", "-c", "head -c 10000000 /dev/zero >/data/x"])
        place.close()
        return [place.gone, list(place._spaces)]

    gone, spaces = done_by(who, look)
    assert gone
    assert not any(inhabitants(space) for space in spaces)
    assert "xunjian-scratch" not in Path("/proc/self/mountinfo").read_text()


@pytest.mark.parametrize("who", WHO)
def test_a_kill_of_ours_takes_it_along(who: str) -> None:
    # Given: a process of ours with a place in which something runs
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if who == "user" and os.geteuid() == 0:
                os.setgroups([])
                os.setgid(UNPRIVILEGED)
                os.setuid(UNPRIVILEGED)
            place = Scratch(64, [], 600)
            place.start(["sleep", "600"])
            os.write(write_end, " ".join(sorted(place._spaces)).encode())
            signal.pause()
        finally:
            os._exit(1)
    os.close(write_end)
    spaces = os.read(read_end, 100).decode().split()
    os.close(read_end)
    assert len(spaces) == 2
    assert all(inhabitants(space) for space in spaces)
    # When
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    # Then
    until = time.monotonic() + 30
    while left := [one for space in spaces for one in inhabitants(space)]:
        assert time.monotonic() < until, left


def test_two_places_know_nothing_of_each_other() -> None:
    with scratch(64, [], 60) as one, scratch(64, [], 60) as other:
        one.run(["sh", "-c", "echo 1 >/data/one"])
        assert other.run(["ls", "/data"]).out == b""
        assert one.run(["cat", "/data/one"]).out == b"1\n"
        assert one._spaces.isdisjoint(other._spaces)


def test_what_takes_too_long_is_ended() -> None:
    with scratch(64, [], 0.5) as place, pytest.raises(ScratchError) as caught:
        place.run(["sleep", "600"])
    assert caught.value.reason is Reason.TIMEOUT
    assert place.gone


def test_a_place_larger_than_the_memory_is_refused() -> None:
    with pytest.raises(ScratchError, match="内存不足"):
        Scratch(10**9, [], 60)


def test_what_is_not_permitted_is_told_with_the_remedy() -> None:
    # Given: a machine that lets nobody make namespaces
    limited = ["unshare", "--user", "--map-root-user", "sh", "-c"]
    script = 'echo 0 >/proc/sys/user/max_user_namespaces; echo 0 >/proc/sys/user/max_mnt_namespaces; exec "$@"'
    look = "from tasks.scratch.place import Scratch\ntry:\n Scratch(64, [], 60)\nexcept Exception as e: print(e.what)"
    done = subprocess.run(
        [*limited, script, "sh", sys.executable, "-c", look],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert "不许建立隔离的暂存空间" in done.stdout
    assert "以 root 运行" in done.stdout


@pytest.mark.parametrize(
    ("listed", "clear"),
    [
        ("Filename Type Size Used Priority\n", ""),
        ("Filename Type Size Used Priority\n/no/such/swapfile file 1 0 -2\n", "/no/such/swapfile"),
    ],
)
def test_swap_areas_that_are_not_encrypted_are_named(listed: str, clear: str) -> None:
    assert clear_swap(listed) == clear
