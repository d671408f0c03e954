"""The estate comes up, goes down, keeps its secrets, and never touches what is not its own."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from estate_client import make_client

from rehearsal.canary import DOCUMENT_TITLE, PERSON_ID
from rehearsal.estate import Estate, RehearsalError
from rehearsal.layout import SYSTEMS

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_up_says_so_when_it_is_up_already_and_down_when_it_is_down(fresh):
    estate = fresh()
    assert not estate.status().running
    assert not estate.down()
    first = estate.up()
    assert first.running
    assert estate.up() == first
    assert estate.down()
    assert not estate.down()
    assert not estate.status().running
    assert first.pid is not None
    assert not psutil.pid_exists(first.pid)


def test_secrets_and_control_are_private_and_survive_a_restart(fresh):
    estate = fresh()
    estate.up()
    names = {f"{system}-inspector.{kind}" for system in SYSTEMS for kind in ("username", "password")}
    files = list(estate.secrets_dir.iterdir())
    assert {file.name for file in files} == names
    assert {mode(file) for file in files} == {0o600}
    assert mode(estate.secrets_dir) == mode(estate.home) == mode(estate.layout.certs) == 0o700
    assert mode(estate.layout.socket) == 0o600
    assert {mode(key) for key in estate.layout.certs.glob("*.key")} == {0o600}
    assert b"PRIVATE" not in estate.ca_file.read_bytes()
    before = {file.name: file.read_text() for file in files}, estate.ca_file.read_bytes()

    estate.down()
    estate.up()
    assert before == ({file.name: file.read_text() for file in files}, estate.ca_file.read_bytes())
    for system in SYSTEMS:
        secret = before[0][f"{system}-inspector.password"]
        assert secret not in estate.layout.log.read_text() + estate.layout.settings.read_text()


def test_it_listens_on_loopback_only(estate: Estate):
    pid = estate.status().pid
    lines = psutil.Process(pid).net_connections("inet")
    listening = [line.laddr for line in lines if line.status == psutil.CONN_LISTEN]
    base = estate.settings.base_port
    assert {place.port for place in listening} == set(range(base + 1, base + 6))
    assert {place.ip for place in listening} == {"127.0.0.1"}


def test_a_killed_estate_comes_up_again(fresh):
    estate = fresh()
    pid = estate.up().pid
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    assert not estate.status().running
    assert estate.up().pid != pid


def test_a_stale_pid_file_that_names_a_stranger_harms_nobody(fresh):
    estate = fresh()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        estate.home.mkdir(parents=True)
        estate.layout.pid.write_text(str(stranger.pid))
        assert not estate.down()
        estate.layout.pid.write_text(str(stranger.pid))
        assert estate.up().running
        estate.down()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_port_in_use_is_named(fresh):
    estate = fresh()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", estate.settings.base_port + 2))
        taken.listen()
        with pytest.raises(RehearsalError, match=f"端口 {estate.settings.base_port + 2}（移动办公系统）"):
            estate.up()
    assert not estate.status().running
    assert estate.up().running


def test_a_port_taken_while_the_system_was_down_is_named_and_clear_works_later(fresh):
    estate = fresh()
    estate.up()
    estate.fault("archive-down")
    port = estate.settings.base_port + 3
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(RehearsalError, match=f"端口 {port}"):
            estate.clear()
    estate.clear()
    assert httpx.get(estate.url("archive"), trust_env=False).status_code == 302


def test_other_settings_ask_for_a_restart(fresh):
    fresh().up()
    with pytest.raises(RehearsalError, match="设置"):
        fresh(session_ttl=5.0).up()


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path):
    with pytest.raises(RehearsalError, match="107"):
        Estate(tmp_path / ("d" * 110)).up()


def test_faults_need_a_running_estate(fresh):
    with pytest.raises(RehearsalError, match="没有运行"):
        fresh().fault("oa-slow")


def test_the_canary_id_number_is_invalid():
    total = sum(int(digit) * weight for digit, weight in zip(PERSON_ID[:17], WEIGHTS, strict=True))
    assert len(PERSON_ID) == 18
    assert "10X98765432"[total % 11] != PERSON_ID[17]


@pytest.mark.parametrize(
    ("system", "path"),
    [
        ("oa", "/todo"),
        ("oa", "/doc/oa-in-01"),
        ("mobile", "/api/document/oa-in-01"),
        ("mobile", "/api/attachment/oa-in-01.pdf/page.svg"),
        ("archive", "/borrow"),
    ],
)
def test_the_canaries_are_planted(client, system: str, path: str):
    page = client(system).get(path).text
    assert DOCUMENT_TITLE in page
    assert PERSON_ID in page


def test_the_same_data_at_each_start(estate: Estate, fresh):
    seen = []
    other = fresh()
    other.up()
    for each in (estate, other):
        with make_client(each, "oa") as oa, make_client(each, "archive") as archive:
            pages = [oa.get(path).content for path in ("/todo", "/doc/oa-in-01", "/attachment/oa-in-01.docx")]
            seen.append([*pages, archive.get("/original/da-01.pdf").content])
    assert seen[0] == seen[1]


def test_the_command_line_loads_nothing_heavy():
    heavy = "{'uvicorn', 'starlette', 'cryptography', 'jinja2', 'ssl'} & set(sys.modules)"
    run = [sys.executable, "-c", f"import typer, rehearsal.cli, sys; print({heavy})"]
    root = Path(__file__).parents[2]
    assert subprocess.run(run, capture_output=True, text=True, check=True, cwd=root).stdout == "set()\n"


def test_a_slow_estate_delays_pages_and_answers_but_not_static_files(fresh):
    with fresh(delay=0.4) as estate, make_client(estate, "mobile", login=False) as browser:
        taken = {}
        for path in ("/", "/api/gateway/health", "/static/mobile.js"):
            began = time.monotonic()
            assert browser.get(path).status_code == 200
            taken[path] = time.monotonic() - began
    assert min(taken["/"], taken["/api/gateway/health"]) >= 0.4 > taken["/static/mobile.js"]
