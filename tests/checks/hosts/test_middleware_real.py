"""RD1–RD3, NG1 and TC1–TC3 against servers of our own."""

import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from host_answers import ask, free_port, lent, listens, states, summary, wait_for

SHELLS = [("dash", "-s"), ("bash", "-s"), ("busybox", "sh", "-s")]


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="mw-", dir="/tmp"))
    yield made
    shutil.rmtree(made)


# --- Redis ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def redis(folder: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    assert shutil.which("redis-server"), "redis-server is not installed"
    port = free_port()
    words = ["redis-server", "--port", f"{port}", "--bind", "127.0.0.1", "--dir", f"{folder}", "--save", ""]
    process = subprocess.Popen([*words, *getattr(request, "param", [])], stdout=subprocess.DEVNULL)
    wait_for(lambda: listens(port))
    (folder / "auth").write_text("geheim 1\n")
    yield {"port": port, "password_file": f"{folder}/auth"}
    process.kill()
    process.wait()


LOCKED = ["--requirepass", "geheim 1", "--maxmemory", "100mb"]


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
@pytest.mark.parametrize("redis", [LOCKED], indirect=True)
def test_redis_with_password(redis: dict[str, Any], shell: tuple[str, ...]) -> None:
    assert states(ask("redis", shell=shell, **redis)) == {"RD1": "OK", "RD2": "OK", "RD3": "OK"}


@pytest.mark.parametrize("redis", [LOCKED], indirect=True)
def test_redis_wrong_password(redis: dict[str, Any], folder: Path) -> None:
    (folder / "auth").write_text("falsch")
    found = ask("redis", **redis)
    assert states(found) == {"RD1": "authentication", "RD2": "authentication", "RD3": "OK"}
    assert "geheim" not in str(found)
    assert "falsch" not in str(found)


@pytest.mark.parametrize("redis", [LOCKED], indirect=True)
def test_redis_without_password_file(redis: dict[str, Any]) -> None:
    assert states(ask("redis", **{**redis, "password_file": "/none"}))["RD1"] == "authentication"


@pytest.mark.parametrize("redis", [[]], indirect=True)
def test_redis_open_to_anyone(redis: dict[str, Any]) -> None:
    assert states(ask("redis", **redis)) == {"RD1": "WARN", "RD2": "OK", "RD3": "CRIT"}


@pytest.mark.parametrize("redis", [["--replicaof", "127.0.0.1", "1"]], indirect=True)
def test_redis_without_its_master(redis: dict[str, Any]) -> None:
    assert states(ask("redis", **redis))["RD2"] == "CRIT"


def test_redis_stopped() -> None:
    found = ask("redis", port=free_port())
    assert states(found) == {"RD1": "CRIT", "RD2": "blocked", "RD3": "blocked"}


# --- Nginx ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def nginx(folder: Path) -> Iterator[int]:
    port = free_port()
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; events {{}} http {{ access_log {folder}/access.log; {temporary} "
        f"client_body_temp_path {folder}/body; server {{ listen 127.0.0.1:{port}; location /ok {{ return 200; }} "
        "location /bad { return 502; } } }"
    )
    process = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"])
    wait_for(lambda: listens(port))
    yield port
    process.terminate()
    process.wait()


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_nginx(nginx: int, folder: Path, shell: tuple[str, ...]) -> None:
    for path in ["ok"] * 24 + ["bad"]:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{nginx}/{path}", timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
    found = ask("nginx", shell=shell, access_log=f"{folder}/access.log")
    assert states(found) == {"NG1": "WARN"}
    assert "25 次访问中 5xx 1 次，占 4.0%" in summary(found, "NG1")
    assert states(ask("nginx", access_log=f"{folder}/none.log")) == {"NG1": "unsupported"}


# --- Tomcat -----------------------------------------------------------------------------------------------------------

CATALINA = Path("/usr/share/tomcat10")


@pytest.fixture(scope="module")
def tomcat() -> Iterator[Path]:
    assert (CATALINA / "bin" / "bootstrap.jar").exists(), "Tomcat 10 is not installed"
    assert shutil.which("jstat"), "no JDK is installed"
    base, port = Path(tempfile.mkdtemp(prefix="tc-", dir="/tmp")), free_port()
    for name in ("conf", "logs", "temp", "webapps", "work"):
        (base / name).mkdir()
    (base / "conf" / "server.xml").write_text(
        f'<Server port="-1"><Service name="Catalina"><Connector port="{port}" address="127.0.0.1"/>'
        '<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine>'
        "</Service></Server>"
    )
    (base / "conf" / "web.xml").write_text('<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0"/>')
    become = lent(base)
    for path in base.rglob("*"):
        if become:
            shutil.chown(path, "nobody", "nogroup")
    home = {"CATALINA_BASE": f"{base}", "CATALINA_HOME": f"{CATALINA}", "CATALINA_OPTS": "-Xmx48m -XX:+UseSerialGC"}
    with (base / "logs" / "catalina.out").open("wb") as log:
        process = subprocess.Popen(
            [*become, "sh", f"{CATALINA}/bin/catalina.sh", "run"],
            env={**os.environ, **home}, stdout=log, stderr=log, cwd=base,
        )  # fmt: skip
    wait_for(lambda: listens(port))
    yield base
    process.kill()
    process.wait()
    shutil.rmtree(base)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_tomcat(tomcat: Path, shell: tuple[str, ...]) -> None:
    found = ask("tomcat", shell=shell, base=f"{tomcat}")
    assert states(found) == {"TC1": "OK", "TC2": "OK", "TC3": "OK"}
    assert "首次巡检" in summary(found, "TC3")


def test_tomcat_log_grows(tomcat: Path) -> None:
    # Given
    before = ask("tomcat", base=f"{tomcat}").facts
    # When
    with (tomcat / "logs" / "catalina.out").open("ab") as log:
        log.write("22-Nov-2026 10:00:00.000 严重 [main] org.apache 启动失败\n".encode("gbk"))
    # Then
    grown = ask("tomcat", base=f"{tomcat}", before=before)
    assert (states(grown)["TC3"], summary(grown, "TC3")) == ("WARN", "新增 SEVERE 1 条，期望 0 条")
    with (tomcat / "logs" / "catalina.out").open("ab") as log:
        log.write(b"java.lang.OutOfMemoryError: Java heap space\n")
    assert states(ask("tomcat", base=f"{tomcat}", before=before))["TC3"] == "CRIT"
    # the same file again is nothing new
    assert states(ask("tomcat", base=f"{tomcat}", before=ask("tomcat", base=f"{tomcat}").facts))["TC3"] == "OK"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_tomcat_of_another_account(tomcat: Path) -> None:
    stranger = ("setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "sh", "-s")
    found = ask("tomcat", shell=stranger, base=f"{tomcat}")
    assert (states(found)["TC1"], states(found)["TC2"]) == ("OK", "permission")


def test_tomcat_that_is_not_there() -> None:
    assert states(ask("tomcat", base="/none")) == {"TC1": "CRIT", "TC2": "blocked", "TC3": "blocked"}
