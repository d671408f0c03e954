"""The practice hosts, through OpenSSH's own client: twelve of them, each for itself, and only through the bastion."""

import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from estate_client import find_base_port

from rehearsal.canary import LOG_PASSWORD
from rehearsal.errors import RehearsalError
from rehearsal.estate import Estate
from rehearsal.faults import UnknownFaultError
from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.faults import HOST_FAULTS, find
from rehearsal.hosts.keys import publish_known_hosts
from rehearsal.hosts.roster import BASTION, HOSTS
from rehearsal.sample import copy_contract

Ssh = Callable[..., subprocess.CompletedProcess[str]]
NAMES = [host.name for host in HOSTS]


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostEstate]:
    with HostEstate(tmp_path_factory.mktemp("h") / "rehearsal", find_base_port()) as estate:
        yield estate


@pytest.fixture(scope="module")
def ssh(hosts: HostEstate, tmp_path_factory: pytest.TempPathFactory) -> Ssh:
    """Runs a command on a host with the sample contract's ssh_config, as an operator would; `key` names another key."""
    folder = tmp_path_factory.mktemp("c")
    config = copy_contract(folder / "contract", hosts.base_port) / "ssh_config"
    words = folder / "askpass"
    words.write_text(
        f'#!/bin/sh\ncase "$1" in *assphrase*) cat {hosts.secrets_dir}/inspector.passphrase ;; '
        f"*) cat {hosts.secrets_dir}/bastion.password ;; esac\n"
    )
    words.chmod(0o700)
    extra = f"  UserKnownHostsFile {hosts.known_hosts}\n  StrictHostKeyChecking yes\n"
    for name in ("inspector", "inspector-restricted"):  # -o is not handed on to the jump host
        (folder / name).write_text(
            f"Host *\n{extra}Host *-0*\n  IdentityFile {hosts.secrets_dir}/{name}.key\n{config.read_text()}"
        )

    def run(host: str, command: str, *options: str, key: str = "inspector") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ssh", "-F", str(folder / key), *options, host, command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            env={"PATH": os.environ["PATH"], "SSH_ASKPASS": str(words), "SSH_ASKPASS_REQUIRE": "force"},
        )

    return run


@pytest.fixture
def faultless(hosts: HostEstate) -> Iterator[HostEstate]:
    yield hosts
    hosts.clear()


def test_each_of_the_twelve_answers_with_its_own_name_and_host_key(hosts: HostEstate, ssh: Ssh) -> None:
    before = hosts.counts()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda name: ssh(name, "hostname; id -un; echo $SHELL"), NAMES))
    assert [answer.stdout.split() for answer in answers] == [
        [host.name, "inspector", host.login_shell] for host in HOSTS
    ], [answer.stderr for answer in answers]
    keys = [line.split()[-1] for line in hosts.known_hosts.read_text().splitlines()]
    assert len(keys) == len(set(keys)) == 13
    after = hosts.counts()
    assert {after[name].connections - before[name].connections for name in NAMES} == {1}
    assert {after[name].sessions - before[name].sessions for name in NAMES} == {1}
    assert after[BASTION].connections - before[BASTION].connections == 12


def test_no_host_can_be_reached_but_through_the_bastion() -> None:
    for host in HOSTS:
        with pytest.raises(OSError), socket.create_connection((host.address, 22), timeout=1):  # noqa: PT011
            pass


def test_each_host_sees_its_own_processes_ports_and_files_only(ssh: Ssh) -> None:
    look = "cat /proc/[0-9]*/comm; echo; ss -lntH | awk '{print $4}'; cat /proc/mounts; ls /root /home /work /tmp 2>&1"
    database, web = ssh("oa-db-01", look).stdout, ssh("oa-web-01", look).stdout
    assert "mariadbd" in database
    assert "nginx" not in database
    assert "127.0.1.14:3306" in database
    assert "nginx" in web
    assert "mariadbd" not in web
    assert "127.0.1.11:443" in web
    assert "0.0.0.0:22" in web
    assert "/dev/vda1 / ext4 rw" in web
    assert "python" not in web
    assert "/proc/" not in web


@pytest.mark.parametrize(
    ("host", "command", "shown"),
    [
        ("oa-web-01", "openssl s_client -connect 127.0.1.11:443 </dev/null 2>&1", "BEGIN CERTIFICATE"),
        ("oa-db-01", "mariadb --defaults-extra-file=/etc/xunjian/my.cnf -NBe 'select current_user()'", "inspector@"),
        ("oa-db-02", "mariadb --defaults-extra-file=/etc/xunjian/my.cnf -e 'show slave status\\G'", "SQL_Running: Yes"),
        ("oa-cache-01", "REDISCLI_AUTH=$(cat /etc/xunjian/redis.auth) redis-cli ping", "PONG"),
        ("mobile-cache-01", "redis-cli ping", "NOAUTH"),
        ("mobile-db-01", "psql -XAtqw -d postgres -c 'select failed_count from pg_stat_archiver'", "0"),
        ("archive-db-01", "psql -XAtqw -d postgres -c 'select pg_has_role($$pg_monitor$$, $$usage$$)'", "t"),
        ("oa-app-01", "jstat -gcutil $(pgrep -x java)", "FGC"),
        ("mobile-app-01", "ls -l /bin/sh; command -v ss bash systemctl", "busybox"),
        ("oa-app-02", "command -v ss systemctl; ntpq -pn", "*127.0.0.1"),
        ("archive-app-01", "df -Pk '/srv/scan data'; echo $LANG", "zh_CN.UTF-8"),
        ("mobile-gw-01", "cat /var/log/app/app.log", LOG_PASSWORD),
        ("archive-db-01", "ls /var/backups/db/ | wc -l", "7"),
        ("oa-web-01", "cut -d: -f3 /etc/shadow | head -n 1; cat /var/log/syslog; stat -c %s /var/log/btmp", "rsyslogd"),
    ],
)  # fmt: skip
def test_what_runs_on_a_host_answers(ssh: Ssh, host: str, command: str, shown: str) -> None:
    done = ssh(host, command)
    assert shown in done.stdout, done.stderr


SHOWN = {
    "mobile-gw-01:clock-skew": "echo $(( ($(date -u +%s) - REAL) / 80 ))",
    "archive-db-01:rebooted": "grep -x '0.50 2.00' /proc/uptime",
    "oa-app-02:zombies": "grep -sch ') Z ' /proc/[0-9]*/stat | grep -c 1",
    "mobile-gw-01:blocked": "grep -slh ') D ' /proc/[0-9]*/stat | head -n 1 | wc -l",
    "oa-db-01:disk-full": "df -Pk / | grep -Eo '9[0-9]%|100%'",
    "archive-app-01:inodes-full": "df -Pi /data | grep -Eo '9[0-9]%'",
    "oa-app-01:read-only": "grep ' /data ' /proc/mounts | cut -d' ' -f3,4 | cut -c1-7",
    "archive-app-01:mount-missing": "grep -c scan /proc/mounts",
    "mobile-app-01:memory-low": "grep MemAvailable /proc/meminfo",
    "oa-web-01:failed-unit": "systemctl list-units --state=failed --no-legend --plain",
    "archive-db-01:strange-port": "ss -lntH | grep -c :4444",
    "mobile-gw-01:failed-logins": "lastb 2>/dev/null | grep -c admin",
    "mobile-cache-01:cron-stopped": "cat /proc/[0-9]*/comm | grep -cx cron",
    "oa-web-01:password-expiring": "cut -d: -f3 /etc/shadow | head -n 1",
    "mobile-gw-01:certificate-expired": "openssl x509 -checkend 0 -noout -in /etc/ssl/xunjian/web.pem",
    "oa-db-01:mariadb-stopped": "mariadb --defaults-extra-file=/etc/xunjian/my.cnf -NBe 'select 1'",
    "oa-db-02:replication-stopped": "mariadb --defaults-extra-file=/etc/xunjian/my.cnf -e 'show slave status\\G' | "
    "grep -c 'Slave_.*_Running: Yes'",
    "mobile-db-01:postgresql-stopped": "psql -XAtqw -d postgres -c 'select 1'",
    "oa-cache-01:redis-open": "redis-cli ping",
    "oa-web-01:nginx-stopped": "ss -lntH | grep -c :443",
    "archive-app-01:answer-cut": "seq 1 2000 | wc -c; seq 1 2000 | tail -n 1",
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_a_fault_is_seen_on_its_host_and_gone_when_cleared(faultless: HostEstate, ssh: Ssh, name: str) -> None:
    if name.endswith("answer-cut"):
        look = lambda: ssh(find(name).host, "seq 1 20000").stdout[-6:]  # noqa: E731
    else:
        look = lambda: ssh(find(name).host, SHOWN[name].replace("REAL", str(int(time.time())))).stdout  # noqa: E731
    assert faultless.fault(name).faults == (name,)
    ill = look()
    assert faultless.clear(name).faults == ()
    assert look() != ill


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mobile-app-01:host-key-changed", "Host key verification failed"),
        ("archive-db-01:sshd-down", "Connection refused"),
        ("oa-cache-01:key-refused", "Permission denied"),
        ("bastion:down", "Connection refused"),
    ],
)  # fmt: skip
def test_a_host_that_cannot_be_entered(faultless: HostEstate, ssh: Ssh, name: str, said: str) -> None:
    host = "oa-web-01" if name.startswith(BASTION) else find(name).host
    faultless.fault(name)
    refused = ssh(host, "true")
    faultless.clear()
    assert refused.returncode == 255
    assert said in refused.stderr or "open failed" in refused.stderr, refused.stderr
    assert ssh(host, "true").returncode == 0


def test_a_hung_df_hangs_alone(faultless: HostEstate, ssh: Ssh) -> None:
    faultless.fault("oa-app-02:df-hangs")
    assert ssh("oa-app-02", "timeout 0.3 df; echo $?; date +%Y").stdout.split()[0] == "124"


def test_every_fault_can_be_switched_on_and_off(faultless: HostEstate, ssh: Ssh) -> None:
    for fault in HOST_FAULTS:
        assert faultless.fault(fault.name).faults == (fault.name,)
        assert faultless.clear(fault.name).faults == ()
    assert ssh("archive-app-01", "echo fine").stdout == "fine\n"


def test_the_restricted_key_runs_the_forced_command_and_nothing_else(hosts: HostEstate, ssh: Ssh) -> None:
    hosts.install_forced("archive-db-01", "#!/bin/sh\necho forced: $SSH_ORIGINAL_COMMAND\n")
    assert ssh("archive-db-01", "cat /etc/shadow", key="inspector-restricted").stdout == "forced: cat /etc/shadow\n"


def test_registry() -> None:
    names = [fault.name for fault in HOST_FAULTS]
    assert len(names) == len(set(names)) >= 45
    for fault in HOST_FAULTS:
        assert fault.host in {*NAMES, BASTION}
        assert fault.title
        assert fault.caught_by
        for target, check, state in fault.caught_by:
            assert target in NAMES
            assert check
            assert state in ("WARN", "CRIT", "UNKNOWN")
    with pytest.raises(UnknownFaultError, match="oa-db-01:disk-full"):
        find("oa-db-01:disk-fulll")


def test_foreign_lines_of_known_hosts_stay(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text("# mine\nelsewhere ssh-ed25519 AAAA\n127.0.1.11,oa-web-01 ssh-ed25519 OLD\n")
    keys = {name: f"ssh-ed25519 {name}" for name in [BASTION, *NAMES]}
    publish_known_hosts(file, keys, 18400)
    publish_known_hosts(file, keys, 18400)
    lines = file.read_text().splitlines()
    assert lines[:2] == ["# mine", "elsewhere ssh-ed25519 AAAA"]
    assert len(lines) == 15
    assert "[127.0.0.1]:18422,bastion ssh-ed25519 bastion" in lines


def test_down_leaves_nothing_and_a_second_start_keeps_the_keys(tmp_path: Path) -> None:
    estate = Estate(tmp_path / "rehearsal", find_base_port(), hosts=True)
    try:
        status = estate.up()
        assert status.bastion == estate.settings.base_port + 22
        assert estate.fault("oa-app-01:load-high").faults == ("oa-app-01:load-high",)
        known = estate.hosts.known_hosts.read_text()
        pid = estate.hosts.status().pid
        assert pid
        family = psutil.Process(pid).children(recursive=True)
        assert len(family) > 40
        os.kill(pid, signal.SIGKILL)  # not even then
        psutil.wait_procs(family, timeout=5)
        assert [one for one in family if one.is_running()] == []
        assert estate.up().bastion
        assert estate.hosts.known_hosts.read_text() == known
        family = psutil.Process(estate.hosts.status().pid).children(recursive=True)
    finally:
        assert estate.down()
    psutil.wait_procs(family, timeout=5)
    assert [one for one in family if one.is_running()] == []
    mounts = Path("/proc/mounts").read_text()
    assert str(tmp_path) not in mounts


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    base = find_base_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base + 22))
        taken.listen()
        with pytest.raises(RehearsalError, match=f"端口 {base + 22}（演练堡垒机）"):
            HostEstate(tmp_path / "rehearsal", base).up()


def test_an_unknown_host_is_told(hosts: HostEstate) -> None:
    with pytest.raises(RehearsalError, match=shlex.quote("oa-web-01").strip("'")):
        hosts.console("oa-web-99", "true")
