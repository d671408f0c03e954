"""Scripts carried to real OpenSSH servers on loopback, by the user who runs the tests."""

import getpass
import logging
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from ssh_servers import ENOUGH, Place, Server

from checks.finding import Reason
from tasks.ssh import Login, SshError, Standing, remember

PASSPHRASE = "open sesame"


def fingerprint(server: Server) -> str:
    shown = subprocess.run(["ssh-keygen", "-lf", server.host_key], check=True, capture_output=True, text=True).stdout
    return shown.split()[1]


# One host


def test_a_script_goes_and_its_output_comes(place: Place) -> None:
    # Given
    server = place.sshd("one", "LogLevel VERBOSE")  # at DEBUG1 its words get among the script's
    before = datetime.now(UTC)
    # When
    found = place.open().exchange(
        "one", b"read -r line\nread by the script itself\necho out; echo err >&2; exit 3\n", ENOUGH
    )
    # Then
    assert (found.out, found.err, found.status, found.cut) == (b"out\n", b"err\n", 3, None)
    assert before <= found.sent_at <= found.answered_at <= found.ended_at <= datetime.now(UTC)
    assert server.count("Connection from") == server.count("Starting session: command") == 1


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_other_types_of_host_keys(place: Place, kind: str) -> None:
    place.sshd("one", key=kind)
    assert place.open().exchange("one", b"echo here\n", ENOUGH).out == b"here\n"


def test_a_long_script_and_output_while_it_is_sent(place: Place) -> None:
    # Given: 200 KB that answer 180 KB
    place.sshd("one")
    script = b"echo 0123456789abcdef0123456789abcdef0123456789\n" * 4200
    # When
    found = place.open().exchange("one", script, ENOUGH)
    # Then
    assert len(found.out) == 4200 * 43
    assert found.cut is None


def test_nobody_reads_the_script(place: Place) -> None:
    """More than the server's window, so that sending it must wait."""
    place.sshd("one")
    found = place.open().exchange("one", b"sleep 4\n" + b"# filler\n" * 500_000, 1.5)
    assert found.cut is not None
    assert found.cut[0] is Reason.TIMEOUT


def test_a_command_that_hangs_is_left_at_the_deadline(place: Place) -> None:
    # Given
    place.sshd("one")
    started = time.monotonic()
    # When
    found = place.open().exchange("one", b"echo begin\nsleep 4\n", 1.5)
    # Then
    assert found.out == b"begin\n"
    assert found.status is None
    assert found.cut is not None
    assert found.cut[0] is Reason.TIMEOUT
    assert time.monotonic() - started < 2.5


def test_a_flood_is_cut_off(place: Place) -> None:
    # Given
    place.sshd("one")
    # When
    found = place.open().exchange("one", b"echo begin\nyes\n", ENOUGH, limit=2**20)
    # Then
    assert found.out.startswith(b"begin\ny\n")
    assert len(found.out) == 2**20
    assert found.cut == (Reason.INCOMPLETE, "输出超过 1 MiB")


def test_a_server_that_dies_in_the_middle(place: Place) -> None:
    place.sshd("one")
    found = place.open().exchange("one", b"echo begin\nsleep 0.3\nkill -9 $PPID\nsleep 1\n", ENOUGH)
    assert found.out == b"begin\n"
    assert found.cut is not None
    assert found.cut[0] is Reason.UNREACHABLE


def test_a_server_that_freezes_in_the_middle(place: Place) -> None:
    place.sshd("one")
    found = place.open().exchange("one", b"echo begin\nsleep 0.3\nkill -STOP $PPID\n" + b"# filler\n" * 300_000, 1.5)
    assert found.out == b"begin\n"
    assert found.cut is not None
    assert found.cut[0] is Reason.TIMEOUT


def test_closing_ends_what_goes_on(place: Place) -> None:
    # Given
    place.sshd("one")
    network = place.open()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(network.exchange, "one", b"echo begin\nsleep 4\n", ENOUGH)
        time.sleep(1)
        # When
        network.close()
        # Then
        cut = running.result(2).cut
    assert cut is not None
    assert cut[0] is Reason.UNREACHABLE


def test_thirty_two_at_once(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    # Given
    place.sshd("one", "ForceCommand exec sh -s")
    network = place.open()
    threads = threading.active_count()
    # When
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda n: network.exchange("one", b"echo %d\n" % n, ENOUGH).out, range(32)))
    # Then
    assert found == [b"%d\n" % n for n in range(32)]
    time.sleep(0.1)
    assert threading.active_count() <= threads
    assert capfd.readouterr() == ("", "")


# The key that a host shows


def test_a_key_that_nobody_has_put_on_record(place: Place) -> None:
    # Given
    server = place.sshd("one")
    place.known_hosts.unlink()
    # When
    error = place.refused("one")
    # Then: nobody has tried to log in
    assert error.reason is Reason.HOST_KEY
    assert fingerprint(server) in error.what
    assert "xunjian trust one" in error.what
    assert server.count("userauth-request") == 0


def test_a_key_that_has_changed(place: Place) -> None:
    # Given
    server, other = place.sshd("one"), place.sshd("two")
    place.known_hosts.write_text(f"# head\n{server.line.split()[0]} {other.line.partition(' ')[2]}\n")
    # When
    error = place.refused("one")
    # Then
    assert error.reason is Reason.HOST_KEY
    for words in (fingerprint(server), fingerprint(other), "可能有人冒充", f"{place.known_hosts} 第 2 行"):
        assert words in error.what
    assert server.count("userauth-request") == 0


def test_a_revoked_key(place: Place) -> None:
    server = place.sshd("one")
    remember(place.known_hosts, f"@revoked * {server.line.partition(' ')[2]}")
    assert "作废" in place.refused("one").what


def test_the_type_on_record_is_asked_for_first(place: Place) -> None:
    # Given: a host with two keys, of which the one that we like less is on record
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f", place.home / "rsa"], check=True)
    server = place.sshd("one", f"HostKey {place.home / 'rsa'}")
    public = (place.home / "rsa.pub").read_text().split()
    place.known_hosts.write_text(f"[127.0.0.1]:{server.port} ssh-rsa {public[1]}\n")
    # Then
    assert place.open().exchange("one", b"echo here\n", ENOUGH).out == b"here\n"


def test_a_key_of_another_type_is_unknown_not_changed(place: Place) -> None:
    server, other = place.sshd("one"), place.sshd("two", key="ecdsa")
    place.known_hosts.write_text(f"{server.line.split()[0]} {other.line.partition(' ')[2]}\n")
    error = place.refused("one")
    assert "没有登记" in error.what
    assert "ecdsa-sha2-nistp256" in error.what


def test_names_in_known_hosts(place: Place) -> None:
    # Given: one host by another name, one without its port, and all of it hashed
    place.sshd("one", config="HostKeyAlias First")
    place.sshd("two")
    keys = [server.line.partition(" ")[2] for server in place.servers]
    place.known_hosts.write_text(f"first {keys[0]}\n127.0.0.1 {keys[1]}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", place.known_hosts], check=True)
    # Then
    network = place.open()
    assert [network.exchange(host, b"echo\n", ENOUGH).out for host in ("one", "two")] == [b"\n", b"\n"]


def test_a_host_with_a_known_hosts_file_of_its_own(place: Place) -> None:
    server = place.sshd("one", config=f"UserKnownHostsFile {place.home / 'own'}")
    place.known_hosts.rename(place.home / "own")
    assert server.port
    assert place.open().exchange("one", b"echo\n", ENOUGH).out == b"\n"


def test_trust(place: Place) -> None:
    # Given
    server = place.sshd("one")
    place.known_hosts.write_text("")
    # When
    offer = place.open().offered("one", ENOUGH)
    # Then: read without logging in
    assert (offer.standing, offer.fingerprint, offer.line) == (Standing.UNKNOWN, fingerprint(server), server.line)
    assert server.count("userauth-request") == 0
    # When
    remember(place.known_hosts, offer.line)
    # Then
    assert place.open().offered("one", ENOUGH).standing is Standing.KNOWN
    assert place.open().exchange("one", b"echo\n", ENOUGH).out == b"\n"


# Behind bastions


def test_one_bastion_is_connected_to_once(place: Place) -> None:
    # Given
    gate = place.sshd("gate")
    hosts = [place.sshd(name, config="ProxyJump gate") for name in ("a", "b", "c")]
    network = place.open()
    # When
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda host: network.exchange(host, b"echo\n", ENOUGH).out, "abc"))
    # Then
    assert found == [b"\n"] * 3
    assert gate.count("Connection from") == gate.count("Accepted publickey") == 1
    assert gate.count("server_request_direct_tcpip: ") == 3
    assert [host.count("Connection from") for host in hosts] == [1, 1, 1]
    assert [host.count("Starting session: command") for host in hosts] == [1, 1, 1]
    assert [host.count("server_input_channel_open: ctype") for host in hosts] == [1, 1, 1]


def test_two_bastions_in_a_row(place: Place) -> None:
    # Given: one named by its own configuration, one that names it
    outer, inner = place.sshd("outer"), place.sshd("inner", config="ProxyJump outer")
    place.sshd("a", config="ProxyJump inner")
    place.sshd("b", config="ProxyJump outer,inner")
    network = place.open()
    # Then
    assert [network.exchange(host, b"echo\n", ENOUGH).out for host in "ab"] == [b"\n", b"\n"]
    assert outer.count("Accepted publickey") == inner.count("Accepted publickey") == 1


def test_a_bastion_that_is_not_trusted(place: Place) -> None:
    # Given
    gate, host = place.sshd("gate"), place.sshd("a", config="ProxyJump gate")
    place.sshd("b", config="ProxyJump gate")
    place.known_hosts.write_text(f"{host.line}\n")
    network = place.open()
    # Then: both say which one it is; it is not asked twice
    for name in "ab":
        with pytest.raises(SshError, match=r"经堡垒机 gate：.*xunjian trust gate") as error:
            network.exchange(name, b"echo\n", ENOUGH)
        assert error.value.reason is Reason.HOST_KEY
    with pytest.raises(SshError, match="经堡垒机 gate"):
        network.offered("a", ENOUGH)
    assert gate.count("Connection from") == 1


def test_a_bastion_that_refuses_us_is_not_asked_again(place: Place) -> None:
    gate = place.sshd("gate", "AuthorizedKeysFile none")
    for name in "ab":
        place.sshd(name, config="ProxyJump gate")
    network = place.open()
    for name in "ab":
        with pytest.raises(SshError, match=r"经堡垒机 gate：账号 .* 登录被拒") as error:
            network.exchange(name, b"echo\n", ENOUGH)
        assert error.value.reason is Reason.AUTHENTICATION
    assert gate.count("Connection from") == 1


def test_a_bastion_that_died_is_opened_once_more(place: Place) -> None:
    # Given
    gate = place.sshd("gate")
    place.sshd("a", config="ProxyJump gate")
    network = place.open()
    # When
    for _ in range(2):
        assert network.exchange("a", b"echo\n", ENOUGH).out == b"\n"
        gate.end_connections()
        time.sleep(0.2)
    # Then
    with pytest.raises(SshError, match="经堡垒机 gate：连接一再中断"):
        network.exchange("a", b"echo\n", ENOUGH)
    assert gate.count("Accepted publickey") == 2


def test_a_bastion_that_dies_in_the_middle(place: Place) -> None:
    # Given
    gate = place.sshd("gate")
    place.sshd("a", config="ProxyJump gate")
    network = place.open()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(network.exchange, "a", b"echo begin\nsleep 4\n", ENOUGH)
        time.sleep(1)
        # When
        gate.end_connections()
        # Then
        found = running.result(2)
    assert found.out == b"begin\n"
    assert found.cut is not None
    assert found.cut[0] is Reason.UNREACHABLE
    assert found.cut[1].startswith("经堡垒机 gate")


def test_what_a_bastion_cannot_reach(place: Place) -> None:
    # Given: hosts that fail at the same time, each for its own reason
    place.sshd("gate")
    place.configure("Host refusing\n HostName 127.0.0.1\n Port 1\n ProxyJump gate\n")
    place.configure("Host nowhere\n HostName nowhere.invalid\n ProxyJump gate\n")
    network = place.open()
    errors: dict[str, SshError] = {}

    def attempt(name: str) -> None:
        with pytest.raises(SshError) as error:
            network.exchange(name, b"echo\n", ENOUGH)
        errors[name] = error.value

    # When
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, ("refusing", "nowhere")))
    # Then
    for name, words in (("refusing", "127.0.0.1:1"), ("nowhere", "nowhere.invalid:22")):
        assert errors[name].reason is Reason.UNREACHABLE
        assert errors[name].what.startswith(f"经堡垒机 gate：连不上 {words}")


def test_a_bastion_that_does_not_forward(place: Place) -> None:
    place.sshd("gate", "AllowTcpForwarding no")
    place.sshd("a", config="ProxyJump gate")
    error = place.refused("a")
    assert error.reason is Reason.PERMISSION
    assert "AllowTcpForwarding" in error.what


# Who does not answer as an SSH server should


def test_nobody_listens(place: Place) -> None:
    place.configure("Host a\n HostName 127.0.0.1\n Port 1\n")
    error = place.refused("a")
    assert error.reason is Reason.UNREACHABLE
    assert "127.0.0.1:1：拒绝连接" in error.what


def test_a_name_that_does_not_resolve(place: Place) -> None:
    error = place.refused("nowhere.invalid")
    assert error.reason is Reason.UNREACHABLE
    assert "nowhere.invalid 解析不出地址" in error.what


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        (b"", Reason.TIMEOUT, "没有应答"),
        (b"SSH-2.0-frozen\r\n", Reason.TIMEOUT, "SSH 握手"),
        (b"220 mail ESMTP\r\n", Reason.UNREACHABLE, "220 mail ESMTP"),
        (b"SSH-1.5-old\r\n", Reason.UNSUPPORTED, "SSH-1.5-old"),
    ],
)
def test_who_accepts_and_does_not_go_on(
    place: Place, tcp: Callable[..., int], said: bytes, reason: Reason, words: str
) -> None:
    # Given
    place.configure(f"Host a\n HostName 127.0.0.1\n Port {tcp(lambda one: one.sendall(said))}\n")
    started = time.monotonic()
    # When
    error = place.refused("a", 0.7)
    # Then
    assert error.reason is reason
    assert words in error.what
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(("said", "words"), [(b"", "MaxStartups"), (b"Not allowed\r\n", "Not allowed")])
def test_who_hangs_up_at_once(place: Place, tcp: Callable[..., int], said: bytes, words: str) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(said)
        connection.close()

    place.configure(f"Host a\n HostName 127.0.0.1\n Port {tcp(serve)}\n")
    error = place.refused("a")
    assert error.reason is Reason.UNREACHABLE
    assert words in error.what


@pytest.mark.parametrize(
    ("key", "option", "words"),
    [
        ("rsa", "HostKeyAlgorithms ssh-rsa", "主机密钥算法只有 ssh-rsa（SHA-1）"),
        (
            "ed25519",
            "KexAlgorithms diffie-hellman-group14-sha1",
            "密钥交换算法只有 diffie-hellman-group14-sha1，本程序不支持；请升级对方 OpenSSH",
        ),
        (
            "ed25519",
            "Ciphers chacha20-poly1305@openssh.com",
            "chacha20-poly1305@openssh.com，本程序不支持；请在对方 sshd_config 的 Ciphers 中加上 aes128-gcm",
        ),
        ("ed25519", "Ciphers aes128-ctr\nMACs umac-64@openssh.com", "校验算法只有 umac-64@openssh.com"),
    ],
)
def test_old_servers_are_unsupported_not_down(place: Place, key: str, option: str, words: str) -> None:
    place.sshd("one", option, key=key)
    error = place.refused("one")
    assert error.reason is Reason.UNSUPPORTED
    assert words in error.what


# Logging in with keys


def test_a_key_with_a_passphrase(place: Place) -> None:
    # Given
    server = place.sshd("one")
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", PASSPHRASE, "-f", place.key], check=True)
    text = place.key.read_text()
    # Then
    assert place.open(key=text, passphrase=PASSPHRASE).exchange("one", b"echo\n", ENOUGH).out == b"\n"
    for passphrase, words in (("", "没有配置它的密码"), ("wrong words", "密码不对")):
        error = place.refused("one", key=text, passphrase=passphrase)
        assert error.reason is Reason.CONFIGURATION
        assert words in error.what
        assert "wrong words" not in repr(error)
    assert server.count("Accepted publickey") == 1


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
@pytest.mark.parametrize("form", ["PEM", "RFC4716"])
def test_forms_of_keys(place: Place, kind: str, form: str) -> None:
    # Given: `-m RFC4716` means the OpenSSH form; the server knows no SHA-1
    place.key.unlink()
    command = ["ssh-keygen", "-q", "-t", kind, "-m", form, "-N", PASSPHRASE, "-f", place.key]
    subprocess.run(command, check=True)
    place.sshd("one", "PubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256")
    # Then
    found = place.open(key=place.key.read_text(), passphrase=PASSPHRASE).exchange("one", b"echo\n", ENOUGH)
    assert found.out == b"\n"


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END"])
def test_what_is_no_key(place: Place, text: str) -> None:
    place.sshd("one")
    error = place.refused("one", key=text, password="")
    assert error.reason is Reason.CONFIGURATION
    assert ("ssh-keygen" if text else "请为 one 配置口令或密钥") in error.what


def test_a_key_file_of_the_configuration(place: Place) -> None:
    # Given: one file is not there, one cannot be used, one can
    place.key.with_name("bad").write_text("nothing")
    place.sshd("one", config="IdentityFile ~/absent\n IdentityFile ~/bad\n IdentityFile ~/id")
    # Then
    assert place.open(passphrase="").exchange("one", b"echo\n", ENOUGH).out == b"\n"


def test_a_key_file_that_is_the_only_way_and_is_not_there(place: Place) -> None:
    place.sshd("one", config="IdentityFile ~/absent")
    error = place.refused("one", password="")
    assert error.reason is Reason.CONFIGURATION
    assert f"IdentityFile {place.home / 'absent'} 不存在" in error.what


def test_keys_that_nobody_named_are_never_tried(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    # Given: a key where ssh looks for one, and an agent that has it too
    server = place.sshd("one", "PasswordAuthentication yes")
    (place.home / ".ssh").mkdir()
    shutil.copy(place.key, place.home / ".ssh" / "id_ed25519")
    path = tmp_path_factory.mktemp("agent") / "s"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    try:
        while not path.exists():
            time.sleep(0.01)
        os.environ["SSH_AUTH_SOCK"] = str(path)
        subprocess.run(["ssh-add", "-q", place.key], check=True)
        # When
        error = place.refused("one", password="wrong")
        # Then
        assert error.reason is Reason.AUTHENTICATION
        assert "试过口令；" in error.what
        assert server.count("method publickey") == 0
        # When: the agent is asked for, with and without a restriction
        assert place.open(agent=True).exchange("one", b"echo\n", ENOUGH).out == b"\n"
        place.configure("Host *\n IdentitiesOnly yes\n")
        assert place.refused("one", agent=True).reason is Reason.CONFIGURATION
        place.configure("IdentityFile ~/id\n")
        place.key.unlink()  # its public half says which of the agent's it is
        assert place.open(agent=True).exchange("one", b"echo\n", ENOUGH).out == b"\n"
    finally:
        del os.environ["SSH_AUTH_SOCK"]
        agent.send_signal(signal.SIGTERM)
        agent.wait()


def test_a_key_that_is_refused(place: Place) -> None:
    place.sshd("one", "AuthorizedKeysFile none")
    error = place.refused("one")
    assert error.reason is Reason.AUTHENTICATION
    assert error.what == f"账号 {getpass.getuser()} 登录被拒：试过密钥；对方允许密钥"


def test_an_account_without_a_shell(place: Place) -> None:
    place.sshd("one", "ForceCommand /usr/sbin/nologin")
    error = place.refused("one")
    assert error.reason is Reason.PERMISSION
    assert "This account is currently not available" in error.what


def test_a_host_that_opens_no_sessions(place: Place) -> None:
    place.sshd("one", "MaxSessions 0")
    assert place.refused("one").reason is Reason.PERMISSION


# Logging in with passwords: needs root, so that the server may see a password file of its own

AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="the real sshd checks passwords as root only")


@pytest.fixture
def password(place: Place) -> str:
    """A shell command that gives the server's processes, and no other, a password for us and a PAM of their own."""
    command = ["openssl", "passwd", "-6", "right"]
    secret = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    (place.home / "shadow").write_text(f"{getpass.getuser()}:{secret}:20000:0:99999:7:::\n")
    (place.home / "pam").write_text(
        "auth required pam_unix.so\naccount required pam_permit.so\nsession required pam_permit.so\n"
    )
    return f"mount --bind {place.home}/shadow /etc/shadow; mount --bind {place.home}/pam /etc/pam.d/sshd"


@AS_ROOT
def test_a_password(place: Place, password: str) -> None:
    # Given
    server = place.sshd("one", "PasswordAuthentication yes", around=password)
    # Then
    assert place.open(password="right").exchange("one", b"echo\n", ENOUGH).out == b"\n"
    # When
    error = place.refused("one", password="wrong words")
    # Then: once
    assert error.reason is Reason.AUTHENTICATION
    assert "试过口令；" in error.what
    assert "wrong words" not in repr(error)
    assert server.count("Failed password") == 1


@AS_ROOT
def test_a_password_where_only_a_dialogue_is_allowed(place: Place, password: str) -> None:
    # Given
    server = place.sshd("one", "UsePAM yes", "KbdInteractiveAuthentication yes", around=password)
    # Then
    assert place.open(password="right").exchange("one", b"echo\n", ENOUGH).out == b"\n"
    # When
    error = place.refused("one", password="wrong")
    # Then
    assert error.reason is Reason.AUTHENTICATION
    assert "键盘交互口令" in error.what
    assert server.count("Failed keyboard-interactive/pam") == 1
    assert server.count("Failed password") == 0


@AS_ROOT
@pytest.mark.parametrize("methods", ["publickey,password", "password,publickey"])
def test_both_key_and_password(place: Place, password: str, methods: str) -> None:
    # Given
    options = ("PasswordAuthentication yes", f"AuthenticationMethods {methods}")
    place.sshd("one", *options, around=password)
    key = place.key.read_text()
    # Then
    assert place.open(key=key, password="right").exchange("one", b"echo\n", ENOUGH).out == b"\n"
    assert place.refused("one", key=key, password="wrong").reason is Reason.AUTHENTICATION


def test_no_value_is_shown(place: Place) -> None:
    login = Login(password="p-value", key="k-value", passphrase="s-value", agent=True)
    assert "value" not in repr(login)
    assert logging.getLogger("paramiko.transport").getEffectiveLevel() > logging.CRITICAL
