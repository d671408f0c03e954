"""The prober's own faults, its second try, its limits on time, and what it leaves behind."""

import asyncio
import contextlib
import gc
import json
import os
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from probe_desk import (
    CHUNKED,
    GOOD,
    PLAIN,
    QUICK,
    Talk,
    deaf,
    in_turn,
    look,
    looks,
    page,
    saying,
    secured,
    site,
    system,
    unused,
)
from psutil import Process

from checks.availability import Sight
from tasks import probe
from tasks.probe import Prober

NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
BAD = page(b"", status=b"500 Oops")
CHILD = Path(__file__).parents[1] / "probe_child.py"
ALONE = ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-ec"]


# Faults of this machine


def child(before: list[str], **order: Any) -> list[list[str]]:
    """What a process of its own reads: sight and fault."""
    command = [*before, sys.executable, str(CHILD), json.dumps(order)]
    path = os.pathsep.join([str(CHILD.parents[1]), str(CHILD.parent)])
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": path})
    assert ran.returncode == 0, ran.stderr
    found: list[list[str]] = json.loads(ran.stdout)
    return found


def alone(tmp_path: Path, set_up: str = "ip link set lo up", hosts: str = "", **order: Any) -> list[list[str]]:
    """The same in a network of its own, in which there is nothing; its name server is its own loopback."""
    for name, text in (
        ("hosts", hosts),
        ("resolv.conf", "nameserver 127.0.0.1\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
    ):
        (tmp_path / name).write_text(text)
        set_up += f"; mount --bind {tmp_path}/{name} /etc/{name}"
    return child([*ALONE, f'{set_up}; exec "$@"', "sh"], **order)


def test_no_route(tmp_path: Path) -> None:
    assert alone(tmp_path, urls=["http://192.0.2.1/", "https://192.0.2.1/", "http://[2001:db8::1]/"]) == [
        ["blind", "本机网络不可用：没有路由"],
        ["blind", "本机网络不可用：没有路由"],
        ["blind", "本机网络不可用：没有路由"],
    ]


def test_no_loopback_either(tmp_path: Path) -> None:
    [reading] = alone(tmp_path, "true", urls=["http://192.0.2.1/"])
    assert reading == ["blind", "本机网络不可用：没有路由"]


def test_a_name_that_does_not_exist(tmp_path: Path) -> None:
    [reading] = alone(tmp_path, urls=["http://oa.example.cn/"], resolver="no such name")
    assert reading == ["down", "域名解析不到地址"]


def test_nobody_resolves(tmp_path: Path) -> None:
    [reading] = alone(tmp_path, urls=["http://oa.example.cn/"])
    assert reading == ["blind", "本机域名解析不可用"]


def test_a_silent_resolver_hides_nothing_that_needs_none(tmp_path: Path) -> None:
    """Given a resolver that says nothing for longer than the deadline, when a dozen names and an address are probed,
    then the names are blind and not down, and the address is up."""
    names = [f"http://system{number}.example.cn/" for number in range(12)]
    *blind, up = alone(tmp_path, urls=[*names, "http://127.0.0.1:8080/"], resolver="silent", sites=["127.0.0.1:8080"])
    assert blind == [["blind", "本机域名解析不可用：1.3 秒没有结果"]] * 12
    assert up == ["up", ""]


@pytest.mark.parametrize(
    ("addresses", "reading"),
    [
        (["127.0.0.2", "127.0.0.1"], ["up", ""]),
        (["192.0.2.1", "127.0.0.1"], ["up", ""]),
        (["2001:db8::1", "127.0.0.1"], ["up", ""]),
        (["127.0.0.2", "127.0.0.3"], ["down", "拒绝连接"]),
        (["2001:db8::1", "127.0.0.2"], ["down", "拒绝连接"]),  # most machines have no IPv6: that hides no fault
        (["2001:db8::1", "192.0.2.1"], ["blind", "本机网络不可用：没有路由"]),
    ],
    ids=lambda value: "+".join(value),
)
def test_several_addresses(tmp_path: Path, addresses: list[str], reading: list[str]) -> None:
    hosts = "".join(f"{address} oa.example.cn\n" for address in addresses)
    assert alone(tmp_path, hosts=hosts, urls=["http://oa.example.cn:8080/"], sites=["127.0.0.1:8080"]) == [reading]


def test_a_silent_address_and_a_good_one(tmp_path: Path) -> None:
    """Given a name whose first address is a host that is switched off, when it is probed, then the second is tried."""
    hosts = "127.0.0.2 oa.example.cn\n127.0.0.1 oa.example.cn\n"
    order = {"sites": ["127.0.0.1:8080"], "deaf": ["127.0.0.2:8080"]}
    assert alone(tmp_path, hosts=hosts, urls=["http://oa.example.cn:8080/"], **order) == [["up", ""]]


def test_no_file_handles() -> None:
    with site(saying(GOOD)) as url:
        address, name = child([], urls=[url, url.replace("127.0.0.1", "localhost")], handles=0)
        assert address == name == ["blind", "本机网络不可用：文件句柄已用完"]
        assert child([], urls=[url], handles=8) == [["up", ""]]


def test_the_machine_was_asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given: the two clocks, which are apart by the time that was slept through; a test cannot suspend a machine
    clock = iter([100.0, 160.0])
    monkeypatch.setattr(probe, "_asleep", lambda: next(clock))
    with site(saying(GOOD)) as url:
        reading = look(url)
    assert (reading.sight, reading.fault) == (Sight.BLIND, "探测期间本机休眠过")


def test_the_machine_stood_still() -> None:
    """Given a loop that is blocked for longer than the deadline, when it goes on, then no system is to blame."""

    async def blocked() -> Any:
        async def block() -> None:
            while True:
                await asyncio.sleep(0.1)
                time.sleep(1.5)

        async with Prober(NOBODY) as prober:
            blocking = asyncio.create_task(block())
            reading = await prober.look(system(url, **QUICK))
            blocking.cancel()
            return reading

    with site(saying(None)) as url:
        reading = asyncio.run(blocked())
    assert (reading.sight, reading.fault) == (Sight.BLIND, "探测期间本机停顿过")


def test_a_fault_of_the_program(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    # Given: a bug
    monkeypatch.setattr(probe, "_judge", lambda *_: {}["x"])
    with site(saying(GOOD)) as url:
        reading = look(url)
    assert (reading.sight, reading.fault) == (Sight.BLIND, "探测程序出错：KeyError")
    assert "OA 系统 探测程序出错" in caplog.text


# Witnesses


def test_the_witnesses_are_asked_where_nothing_was_heard() -> None:
    with deaf() as silent, deaf() as also_silent, site(lambda connection: None) as answering:
        url, answers = f"http://127.0.0.1:{silent}/", answering.strip("/").removeprefix("http://")
        dead = f"127.0.0.1:{also_silent}"
        found = [
            look(url, witnesses=witnesses, **QUICK)
            for witnesses in ([], [dead], [dead, answers], [f"127.0.0.1:{unused()}"], [f"localhost:{unused()}"])
        ]
    fault = "0.4 秒内没有连上"
    assert [(one.sight, one.fault) for one in found] == [
        (Sight.DOWN, fault),
        (Sight.BLIND, f"本机断网：佐证也都连不上（{fault}）"),
        (Sight.DOWN, fault),
        (Sight.DOWN, fault),
        (Sight.DOWN, fault),
    ]


@pytest.mark.parametrize(
    "said", [[BAD], [b"nonsense\r\n\r\n"], [], [None], [PLAIN + b"Content-Length: 9\r\n\r\n", None]], ids=range(5)
)
def test_what_was_heard_needs_no_witness(said: list[Any]) -> None:
    """Given witnesses that are silent, when a system takes our connection, then there is a network, and it is down."""
    with deaf() as silent, site(saying(*said)) as url:
        assert look(url, witnesses=[f"127.0.0.1:{silent}"], **QUICK).sight is Sight.DOWN


def test_a_redirect_was_heard() -> None:
    """Given a system that sends us to a host that is switched off, when witnesses are silent, then it is down."""
    with deaf() as silent:
        moved = page(b"", b"Location: http://127.0.0.1:%d/" % silent, status=b"302 Found")
        with site(saying(moved)) as url:
            reading = look(url, witnesses=[f"127.0.0.1:{silent}"], **QUICK)
    assert (reading.sight, reading.fault) == (Sight.DOWN, f"0.4 秒内没有连上（跳转到 127.0.0.1:{silent} 之后）")


def test_a_refusal_needs_no_witness() -> None:
    with deaf() as silent:
        assert look(f"http://127.0.0.1:{unused()}/", witnesses=[f"127.0.0.1:{silent}"]).sight is Sight.DOWN


# The second try, and time


@pytest.mark.parametrize(
    ("talks", "sight"), [((BAD, GOOD), Sight.UP), ((b"", GOOD), Sight.UP), ((BAD, BAD, GOOD), Sight.DOWN)]
)
def test_it_is_tried_once_more(talks: tuple[bytes, ...], sight: Sight) -> None:
    with site(in_turn(*map(saying, talks))) as url:
        assert look(url).sight is sight


def test_the_time_is_the_second_tries() -> None:
    """Given a system that fails once, slowly, when it is probed, then its time is that of the answer that counts."""
    with site(in_turn(saying(None), saying(GOOD))) as url:
        reading = look(url)
    assert reading.sight is Sight.UP
    assert reading.ms < 1300


def test_a_look_has_an_end(trusted: ssl.SSLContext, certificates: Path) -> None:
    # Given
    trickle = [b"X: y\r\n", 0.1] * 100
    slow = (saying(None), saying(PLAIN, *trickle), secured(certificates / "valid.pem", saying(None)))
    with deaf() as silent, site(slow[0]) as first, site(slow[1]) as second, site(slow[2], "https") as third:
        began = time.monotonic()
        systems = [system(url) for url in (first, second, third, f"http://127.0.0.1:{silent}/")]
        # When
        found = looks(trusted, systems, [f"127.0.0.1:{silent}"] * 3)
    # Then: two tries, the pause, and the witnesses side by side
    assert [one.sight for one in found] == [Sight.DOWN] * 3 + [Sight.BLIND]
    assert time.monotonic() - began < 2 * 1.3 + 0.3 + 3 + 1


def test_systems_do_not_slow_each_other() -> None:
    with deaf() as silent, site(saying(None)) as dumb, site(saying(GOOD)) as good:
        systems = [system(url) for url in [dumb, f"http://127.0.0.1:{silent}/"] * 6 + [good] * 12]
        began = time.monotonic()
        found = looks(NOBODY, systems)
    assert [one.sight for one in found] == [Sight.DOWN] * 12 + [Sight.UP] * 12
    assert max(one.ms for one in found[12:]) < 1500
    assert time.monotonic() - began < 2 * 1.3 + 0.3 + 1


@pytest.mark.parametrize("after", [0.0, 0.01, 0.1, 0.25])
@pytest.mark.parametrize(
    ("scheme", "talk"),
    [
        ("http", saying(None)),
        ("http", saying(PLAIN, None)),
        ("http", saying(BAD)),
        ("https", lambda connection: connection.recv(1000) and connection.recv(1)),
    ],
    ids=["waiting", "reading", "pausing", "handshaking"],
)
def test_cancelled_it_leaves_nothing(scheme: str, talk: Talk, after: float) -> None:
    """Given a look at a slow system, when it is cancelled, then it is, and its connection is closed."""

    async def cancelled(url: str) -> None:
        async with Prober(NOBODY) as prober:
            looking = asyncio.create_task(prober.look(system(url)))
            await asyncio.sleep(after)
            looking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await looking
            await asyncio.sleep(0.1)
            port = int(url.strip("/").rpartition(":")[2])
            assert [one for one in Process().net_connections("tcp") if one.raddr and one.raddr.port == port] == []

    with site(talk, scheme) as url:
        gc.disable()  # which would hide it
        try:
            asyncio.run(cancelled(url))
        finally:
            gc.enable()


def test_nothing_is_left_after_some_hundred_looks(certificates: Path, trusted: ssl.SSLContext) -> None:
    # Given: whatever may go wrong
    tls = certificates / "valid.pem"
    talks = [saying(GOOD), saying(BAD), saying(), saying(b"nonsense\r\n\r\n"), saying(CHUNKED, *[b"4\r\nmore\r\n"] * 9)]
    with (
        contextlib.ExitStack() as stack,
        deaf() as silent,
        site(secured(tls, saying(GOOD)), "https") as good,
        site(secured(certificates / "expired.pem", saying(GOOD)), "https") as expired,
    ):
        urls = [stack.enter_context(site(talk)) for talk in talks]
        urls += [good, expired, f"http://127.0.0.1:{silent}/", f"http://127.0.0.1:{unused()}/"]
        systems = [system(url, **QUICK) for url in urls] * 5

        async def often() -> list[int]:
            counts = []
            async with Prober(trusted) as prober:
                for _ in range(6):
                    await asyncio.gather(*map(prober.look, systems))
                    await asyncio.sleep(0.3)  # the servers hang up as well
                    counts.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208
            return counts

        # When
        counts = asyncio.run(often())
    # Then: none more with each round
    assert max(counts[1:]) - counts[0] < 10
