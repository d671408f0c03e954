"""Probes on real servers (nginx, Redis, sshd): vulnerable is found, mended passes, gone is no verdict.

The pages of products that cannot run here (Nacos, Druid, WebLogic, Elasticsearch …) are nginx's, with the words by
which the product is known, from its documentation; MongoDB is a fake that answers with its wire format.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from ssh_servers import Place

from checks.finding import Finding, Reason, State
from checks.host_check import NotTaken
from checks.safe_probe import Kind, Target, safe_probe, unseen, verdict
from tasks.asking import Way, asked
from tasks.ssh import Login, Network

WITHIN = 20.0  # seconds
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
# What each product shows to anybody, and what nginx says in front of it once it is mended.
SHOWN = {
    "/actuator": ("application/vnd.spring-boot.actuator.v3+json", '{"_links":{"self":{},"env":{}}}'),
    "/actuator/env": ("application/vnd.spring-boot.actuator.v3+json", '{"activeProfiles":[]}'),
    "/actuator/heapdump": ("application/octet-stream", "JAVA PROFILE 1.0.2"),
    "/druid/index.html": ("text/html", "<title>Druid Stat Index</title>"),
    "/v2/api-docs": ("application/json", '{"swagger":"2.0"}'),
    "/nacos/v1/auth/users": ("application/json", '{"totalCount":2,"pageNumber":9999999,"pageItems":[]}'),
    "/manager/html": ("text/html", "<title>/manager</title> Tomcat Web Application Manager"),
    "/console/login/LoginForm.jsp": ("text/html", "<title>Oracle WebLogic Server Administration Console</title>"),
    "/es/": ("application/json", '{"cluster_name":"docker-cluster","tagline":"You Know, for Search"}'),
}
HEADERS = """
 add_header Strict-Transport-Security "max-age=31536000" always;
 add_header X-Content-Type-Options nosniff always;
 add_header X-Frame-Options SAMEORIGIN always;
 add_header Referrer-Policy same-origin always;
 add_header Set-Cookie "JSESSIONID=0123456789abcdef; Path=/; Secure; HttpOnly; SameSite=Lax" always;
"""
# id of the probe, path, what the verdict on the vulnerable one must say
ON_THE_WEB = [
    ("actuator", "/", "端点清单可以访问（200）、env可以访问（200）、heapdump可以访问（200）"),
    ("druid", "/", "Druid 监控页可以访问"),
    ("swagger", "/", "v2/api-docs可以访问"),
    ("nacos", "/", "用户列表可以访问"),
    ("tomcat-manager", "/", "manager可以访问"),
    ("weblogic-console", "/", "控制台登录页可以访问"),
    ("elasticsearch-no-login", "/es/", "Elasticsearch 首页可以访问"),
    ("http-headers", "/", "页面缺 Strict-Transport-Security"),
    ("cookie-flags", "/", "JSESSIONID 缺 HttpOnly、Secure、SameSite"),
    ("http-methods", "/", "允许 PUT、DELETE"),
    ("directory-listing", "/files/", "列出了目录"),
    ("error-page", "/", "服务器版本"),
    ("version-disclosure", "/", "server 带版本号"),
    ("tls-min-version", "/", "接受 TLS 1.0、TLS 1.1、TLS 1.2"),
    ("tls-ciphers", "/", "接受弱算法"),
    ("certificate", "/", "是自签名的"),
]


class Web(NamedTuple):
    vulnerable: int
    mended: int


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Web]:
    """nginx over TLS with everything wrong on one port and everything right on the other."""
    folder = tmp_path_factory.mktemp("nginx")
    for name in ("files", "temp"):
        (folder / name).mkdir()
    (folder / "files" / "plan.txt").write_text("x", encoding="utf-8")
    (folder / "404.html").write_text("没有这个页面", encoding="utf-8")
    with socket.socket() as one, socket.socket() as other:
        for free in (one, other):
            free.bind(("127.0.0.1", 0))
        ports = Web(one.getsockname()[1], other.getsockname()[1])
    user = "user root;" if Path("/root").owner() == "root" and Path.home() == Path("/root") else ""
    temp = "".join(f"{kind}_temp_path {folder}/temp;" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    shown = "".join(
        f"location = {path} {{ default_type {kind}; return 200 '{text}'; }}\n" for path, (kind, text) in SHOWN.items()
    )
    (folder / "nginx.conf").write_text(
        f"""{user} daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
        events {{}}
        http {{ access_log off; {temp} root {folder};
         server {{ listen 127.0.0.1:{ports.vulnerable} ssl;
          ssl_certificate {certificates}/self-signed.pem; ssl_certificate_key {certificates}/self-signed.key;
          ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:eNULL:@SECLEVEL=0;
          add_header Set-Cookie "JSESSIONID=0123456789abcdef; Path=/" always;
          location / {{ if ($request_method = OPTIONS) {{ add_header Allow "GET, HEAD, PUT, DELETE"; return 200; }} }}
          location /files/ {{ autoindex on; }}
          {shown} }}
         server {{ listen 127.0.0.1:{ports.mended} ssl; server_tokens off;
          ssl_certificate {certificates}/valid.pem; ssl_certificate_key {certificates}/valid.key;
          ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM;
          error_page 404 /404.html; {HEADERS}
          location / {{ if ($request_method = OPTIONS) {{ return 405; }} }}
          location /files/ {{ }}
          location /druid/ {{ return 302 /druid/login.html; }}
          location /nacos/ {{ return 403; }}
          location /es/ {{ return 401; }}
          location = /v2/api-docs {{ default_type text/html; return 200 '<title>登录</title>'; }} }}
        }}""",
        encoding="utf-8",
    )
    process = subprocess.Popen([str(NGINX), "-p", folder, "-c", folder / "nginx.conf"])
    until = time.monotonic() + WITHIN
    while True:
        with suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", ports.mended)).close()
            break
        assert process.poll() is None, (folder / "error.log").read_text()
        assert time.monotonic() < until
        time.sleep(0.02)
    yield ports
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def way() -> Iterator[Way]:
    with Network([], [], lambda _: Login()) as network:
        yield Way(network)


def probed(probe_id: str, port: int, way: Way, path: str = "") -> Finding:
    """The verdict on one server; what could not be asked is an UNKNOWN, as whoever runs probes has it."""
    probe = safe_probe(probe_id)
    url = probe.kind is Kind.URL
    at = Target(probe.kind, "127.0.0.1", port, "oa", "https" if url else "", path)
    params = probe.params()
    try:
        return verdict(probe, [asked(question, way, WITHIN) for question in probe.ask(at, params)], params)
    except NotTaken as error:
        return unseen(probe, error.reason, error.what)


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(("probe_id", "path", "words"), ON_THE_WEB, ids=[one[0] for one in ON_THE_WEB])
def test_on_the_web(probe_id: str, path: str, words: str, web: Web, way: Way) -> None:
    # Vulnerable
    found = probed(probe_id, web.vulnerable, way, path)
    assert found.state is State.CRIT, found.summary
    assert words in found.summary
    assert "0123456789" not in found.summary
    # Mended
    found = probed(probe_id, web.mended, way, path)
    assert found.state is State.OK, found.summary
    # Gone
    found = probed(probe_id, closed_port(), way, path)
    assert (found.state, found.reason) == (State.UNKNOWN, Reason.UNREACHABLE)


def test_the_session_of_a_cookie_is_not_kept(web: Web, way: Way) -> None:
    probe = safe_probe("cookie-flags")
    [question] = probe.ask(Target(Kind.URL, "127.0.0.1", web.mended, "oa", "https", "/"), probe.params())
    cookie = asked(question, way, WITHIN).header("set-cookie")  # type: ignore[union-attr]
    assert cookie == "JSESSIONID=…; Path=/; Secure; HttpOnly; SameSite=Lax"


def test_redis(tmp_path: Path, way: Way) -> None:
    """Given a real Redis; when it gets a password; then the probe sees it, and never says more than PING."""
    # Given
    program, port = shutil.which("redis-server"), closed_port()
    command = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + WITHIN
        while (found := probed("redis-no-login", port, way)).state is State.UNKNOWN:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert (found.state, "PONG" in found.summary) == (State.CRIT, True)
        # When
        subprocess.run(
            [str(shutil.which("redis-cli")), "-p", str(port), "config", "set", "requirepass", "practice-only"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        # Then
        found = probed("redis-no-login", port, way)
        assert (found.state, "NOAUTH" in found.summary) == (State.OK, True)
    finally:
        server.kill()
        server.wait()
    assert probed("redis-no-login", port, way).reason is Reason.UNREACHABLE


def test_mongodb(tcp: Callable[[Callable[[socket.socket], None]], int], way: Way) -> None:
    """Fake: MongoDB cannot run here. It answers in the wire format, with and without authorization."""

    def serving(document: bytes) -> int:
        body = bytes(4) + b"\0" + (len(document) + 5).to_bytes(4, "little") + document + b"\0"
        message = (len(body) + 16).to_bytes(4, "little") + bytes(8) + (2013).to_bytes(4, "little") + body

        def serve(connection: socket.socket) -> None:
            with connection:
                connection.recv(4096)
                connection.sendall(message)

        return tcp(serve)

    ok = b"\x01ok\0\0\0\0\0\0\0\xf0?"
    refused = b"\x02errmsg\0\x08\0\0\0command\0\x02codeName\0\x0d\0\0\0Unauthorized\0"
    assert probed("mongodb-no-login", serving(b"\x04databases\0\x05\0\0\0\0" + ok), way).state is State.CRIT
    assert probed("mongodb-no-login", serving(refused), way).state is State.OK
    assert probed("mongodb-no-login", serving(b"\x02errmsg\0\x02\0\0\0x\0"), way).reason is Reason.UNSUPPORTED
    assert probed("mongodb-no-login", closed_port(), way).reason is Reason.UNREACHABLE


def test_ssh(place: Place) -> None:
    """Given sshd with CBC and SHA-1, with SHA-1 keys alone, and with neither."""
    # Given
    weak = place.sshd("weak", "Ciphers aes128-ctr,aes256-cbc", "KexAlgorithms +diffie-hellman-group14-sha1")
    ageing = place.sshd("ageing", "KexAlgorithms curve25519-sha256,diffie-hellman-group14-sha1")
    mended = place.sshd("mended")
    here = Way(place.open())
    # Then
    found = probed("ssh-algorithms", weak.port, here)
    assert (found.state, "有 1 个弱算法：aes256-cbc" in found.summary) == (State.CRIT, True)
    found = probed("ssh-algorithms", ageing.port, here)
    assert (found.state, "diffie-hellman-group14-sha1" in found.summary) == (State.WARN, True)
    assert probed("ssh-algorithms", mended.port, here).state is State.OK
    # From the bastion the same is seen; nobody has logged in anywhere but there
    assert probed("ssh-algorithms", weak.port, Way(place.open(), "mended")).state is State.CRIT
    assert weak.count("Accepted ") == 0
    # Gone
    weak.end_connections(itself=True)
    assert probed("ssh-algorithms", weak.port, here).reason is Reason.UNREACHABLE


def test_ssh_that_is_none(web: Web, way: Way) -> None:
    assert probed("ssh-algorithms", web.mended, way).reason in {Reason.UNSUPPORTED, Reason.INCOMPLETE}


def test_a_port(way: Way, web: Web) -> None:
    assert probed("port-closed", web.mended, way).state is State.CRIT
    assert probed("port-closed", closed_port(), way).state is State.OK
