"""What the baseline's items make of answers: Debian's as the practice hosts give them, others' as manuals have them."""

from typing import Any

import pytest
from host_answers import NOW, see

from checks.baseline_check import baseline_checks
from checks.clauses import CLAUSES, GROUPS, ON_HOSTS, ON_SITES
from checks.finding import Reason, State
from checks.hardening import REMEDIES
from checks.host_check import AnyCheck
from checks.safe_probe import safe_probes

CHECKS: dict[str, AnyCheck] = {check.id: check for check in baseline_checks()}
PASSWD = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\nzhangsan:x:1001:1001::/home/z:/bin/bash\n"
SSHD = (
    "port 22\npermitrootlogin no\nclientaliveinterval 300\n"
    "ciphers aes256-ctr\nmacs hmac-sha2-256\nkexalgorithms curve25519-sha256\n"
)
PAM = "/etc/pam.d/{}:{}\n"


def parts(**said: str) -> str:
    """An answer of several parts, each of whole lines."""
    return "".join("".join(f"{line}\n" for line in (f"=== {name}", *text.splitlines())) for name, text in said.items())


def sshd(tmout: str = "TMOUT=600", allowed: str = "", firewall: str = "", passwd: str = PASSWD, **over: str) -> str:
    lines = dict(line.split(" ", 1) for line in SSHD.splitlines()) | over
    text = "".join(f"{key} {value}\n" for key, value in lines.items())
    return parts(tmout=tmout, passwd=passwd, allowed=allowed, firewall=firewall, sshd=text)


def pam(*rules: str, pwquality: str = "", faillock: str = "", pwhistory: str = "") -> str:
    text = "".join(PAM.format("system-auth", rule) for rule in ("auth required pam_env.so", *rules))
    return parts(pam=text, pwquality=pwquality, faillock=faillock, pwhistory=pwhistory)


def shadow(*lines: str, defs: str = "PASS_MAX_DAYS 90") -> str:
    return parts(defs=defs, shadow="root:locked:19000:0:99999:7::\n" + "".join(f"{line}\n" for line in lines))


def listening(*addresses: str) -> str:
    rows = "".join(f"   0: {one} 00000000:0000 0A 00000000:00000000\n" for one in addresses)
    return f"  sl  local_address rem_address   st\n{rows}"


def test_every_clause_is_looked_at_somehow_and_can_be_mended() -> None:
    """Given the data, then each item is on a host, from the network, from the ledger or a person's, and says how."""
    on_hosts = {one.id for one in ON_HOSTS if not one.manual} - {"B25", "B26"}
    assert set(CHECKS) == on_hosts
    assert {one.id for one in ON_HOSTS} == set(REMEDIES)
    assert {probe for one in ON_SITES for probe in one.probes} <= {probe.id for probe in safe_probes()}
    assert {one.group for one in CLAUSES.values()} <= set(GROUPS)
    assert {f"B{n:02}" for n in range(1, 32)} - {"B27"} <= set(CLAUSES)
    for one in CLAUSES.values():
        assert all((one.title, one.text, one.how)), one.id
    assert all(measure.undo for item, measure in REMEDIES.items() if measure.commands and item not in ("B25", "B26"))


@pytest.mark.parametrize(
    ("item", "out", "state", "said"),
    [
        ("B01", PASSWD, "OK", "3 个账号"),
        ("B01", PASSWD + "toor:x:0:0::/root:/bin/sh\n", "CRIT", "除 root 外有 1 个"),
        ("B01", PASSWD + "two:x:1001:1001::/:/bin/sh\n", "CRIT", "UID 1001"),
        ("B02", shadow("zhangsan:set:19000:0:90:7::"), "OK", "空口令的 0 个"),
        ("B02", shadow("zhangsan:empty:19000:0:90:7::"), "CRIT", "空口令的 1 个"),
        ("B03", pam("password requisite pam_pwquality.so", pwquality="minlen=8\nminclass=3"), "OK", "8 位、3 类"),
        ("B03", pam("password requisite pam_pwquality.so", pwquality="minlen=12"), "WARN", "12 位、0 类"),
        ("B03", pam("password required pam_unix.so"), "CRIT", "没有启用"),
        ("B04", shadow("zhangsan:set:19000:0:90:7::"), "OK", "超过的 0 个"),
        ("B04", shadow("zhangsan:set:19000:0:99999:7::"), "WARN", "zh* 等"),
        ("B04", shadow("zhangsan:set:19000:0::7::", defs="PASS_MAX_DAYS 99999"), "CRIT", "PASS_MAX_DAYS 99999"),
        ("B05", pam("password required pam_unix.so remember=5"), "OK", "记住 5 个"),
        ("B05", pam("password required pam_unix.so remember=2"), "WARN", "记住 2 个"),
        ("B05", pam("password required pam_unix.so"), "CRIT", "记住 0 个"),
        ("B06", pam("auth required pam_faillock.so", faillock="deny=5\nunlock_time=300"), "OK", "5 次锁定 300 秒"),
        ("B06", pam("auth required pam_tally2.so deny=5"), "OK", "直到人工解锁"),
        ("B06", pam("auth required pam_tally2.so deny=9 unlock_time=600"), "WARN", "9 次"),
        ("B06", pam(), "CRIT", "不锁定"),
        ("B07", sshd(), "OK", "TMOUT 600"),
        ("B07", sshd(tmout="readonly TMOUT=1800"), "WARN", "TMOUT 1800"),
        ("B07", sshd(tmout="", clientaliveinterval="0"), "CRIT", "没有设"),
        ("B08", listening("00000000:0016"), "OK", "没有 telnet"),
        ("B08", listening("00000000:0017", "0100007F:0015"), "CRIT", "telnet（23）"),
        ("B09", sshd(), "OK", "没有弱算法"),
        ("B09", sshd(ciphers="aes256-ctr,3des-cbc"), "CRIT", "加密 3des-cbc"),
        ("B10", parts(umask="UMASK 027", modes="640 /etc/shadow\n644 /etc/passwd\n644 /etc/group"), "OK", "合适"),
        ("B10", parts(umask="UMASK 077", modes="0 /etc/shadow\n644 /etc/passwd\n644 /etc/group"), "OK", "合适"),
        ("B10", parts(umask="UMASK 022", modes="640 /etc/shadow\n644 /etc/passwd\n644 /etc/group"), "WARN", "022"),
        ("B10", parts(umask="", modes="644 /etc/shadow\n644 /etc/passwd\n644 /etc/group"), "CRIT", "shadow 644太宽"),
        ("B11", sshd(), "OK", "没有"),
        ("B11", sshd(permitrootlogin="without-password"), "WARN", "without-password"),
        ("B11", sshd(passwd=PASSWD + "oracle:x:54:54::/:/bin/bash\n"), "WARN", "oracle"),
        ("B11", sshd(permitrootlogin="yes"), "CRIT", "yes"),
        ("B13", parts(su=PAM.format("su", "auth required pam_wheel.so use_uid"), sudo=""), "OK", "只限 wheel"),
        ("B13", parts(su="", sudo="a ALL=(ALL) NOPASSWD: /usr/bin/cat /etc/x"), "WARN", "不限组"),
        ("B13", parts(su="", sudo="%admin ALL=(ALL) NOPASSWD:SETENV: ALL"), "CRIT", "1 处"),
        ("B14", parts(rules="-w /etc/passwd -p wa", status="enabled 1\nfailure 1\npid 612"), "OK", "规则 1 条"),
        ("B14", parts(rules="No rules", status="AUDIT_STATUS: enabled=1 flag=1 pid=612"), "WARN", "规则 0 条"),
        ("B14", parts(rules="No rules", status="enabled 1\npid 0"), "CRIT", "没有运行"),
        ("B14", parts(missing=""), "CRIT", "没有装"),
        ("B16", parts(modes="640 /var/log/syslog", elsewhere="*.* @@l:514", kept="weekly\nrotate 26"), "OK", "182 天"),
        ("B16", parts(modes="640 /var/log/syslog", elsewhere="", kept="weekly\nrotate 4"), "WARN", "28 天"),
        ("B16", parts(modes="644 /var/log/messages", elsewhere="", kept="daily\nrotate 7\nmaxage 3"), "CRIT", "3 天"),
        ("B17", parts(total="412", named=""), "OK", "412 个"),
        ("B17", parts(total="412", named="telnetd\nvsftpd"), "CRIT", "telnetd、vsftpd"),
        ("B18", listening("00000000:0016", "0100007F:006F"), "OK", "22"),
        ("B18", listening("00000000:0801"), "CRIT", "2049"),
        ("B19", sshd(allowusers="ops@192.0.2.0/24"), "OK", "AllowUsers"),
        ("B19", sshd(allowed="sshd: 192.0.2.\nsshd: ALL"), "OK", "hosts.allow"),
        ("B19", sshd(firewall="-A INPUT -s 192.0.2.0/24 -p tcp --dport 22 -j ACCEPT"), "OK", "防火墙有 1 条"),
        ("B19", sshd(firewall="tcp dport 22 accept", allowusers="ops"), "CRIT", "期望限定"),
        ("B22", parts(running="clamd", signatures=f"{int(NOW.timestamp()) - 86400} /x"), "OK", "1 天前"),
        ("B22", parts(running="clamd", signatures=f"{int(NOW.timestamp()) - 9 * 86400} /x"), "WARN", "9 天前"),
        ("B22", parts(running="clamd", signatures=""), "WARN", "没有找到"),
        ("B22", parts(running="", signatures=""), "CRIT", "没有防护程序"),
        ("B29", parts(policy="PWD_POLICY 15\nENABLE_AUDIT 1", end=""), "OK", "PWD_POLICY 15"),
        ("B29", parts(policy="PWD_POLICY 2\nENABLE_AUDIT 1", end=""), "WARN", "缺 大写字母、数字"),
        ("B29", parts(policy="PWD_POLICY 0\nENABLE_AUDIT 0", end=""), "CRIT", "ENABLE_AUDIT 0"),
        ("B30", parts(logged="on", rules="host all all 10.0.0.0/8 scram-sha-256"), "OK", "trust 规则 0"),
        ("B30", parts(logged="off", rules="local all all peer # trust"), "WARN", "没有启用"),
        ("B30", parts(logged="on", rules="host all all 0.0.0.0 0.0.0.0 trust"), "CRIT", "trust 规则 1"),
    ],
)  # fmt: skip
def test_verdicts(item: str, out: str, state: str, said: str) -> None:
    finding = see(CHECKS[item], out)
    assert (finding.state, finding.reason) == (State(state), None), finding.summary
    assert said in finding.summary


FIXED = "manager dpkg\npackage|ii |1:9.2p1-2+deb12u3|amd64|mended\n"
OLDER = "manager dpkg\npackage|ii |1:9.2p1-2+deb12u1|amd64|older\n"


@pytest.mark.parametrize(
    ("answers", "state"),
    [((FIXED,), "OK"), ((OLDER,), "CRIT"), ((FIXED, OLDER), "CRIT"), (("manager dpkg\n",), "OK")],
)
def test_packages_are_judged_by_the_systems_own_comparison(answers: tuple[str, ...], state: str) -> None:
    """Given a back-ported fix, then the package's number alone says nothing: the host has compared."""
    advisories = [{"package": "openssh-server", "fixed": "1:9.2p1-2+deb12u3"}] * len(answers)
    finding = see(CHECKS["B21"], "".join(f"=== one\n{one}" for one in answers), advisories=advisories)
    assert finding.state is State(state), finding.summary


def test_without_advisories_nobody_can_tell() -> None:
    finding = see(CHECKS["B21"], "")
    assert (finding.state, finding.reason) == (State.UNKNOWN, Reason.MANUAL)


@pytest.mark.parametrize(
    ("variables", "accounts", "state"),
    [
        ("require_secure_transport\tON\nvalidate_password.policy\tMEDIUM", "empty\t0\nremote\t0", "OK"),
        ("require_secure_transport\tON", "empty\t0\nremote\t0", "WARN"),
        ("require_secure_transport\tON\nvalidate_password_policy\tLOW", "empty\t0\nremote\t1", "CRIT"),
        ("require_secure_transport\tOFF", "empty\t2\nremote\t0", "CRIT"),
    ],
)
def test_mysql(variables: str, accounts: str, state: str) -> None:
    assert see(CHECKS["B28"], parts(variables=variables, accounts=accounts)).state is State(state)


@pytest.mark.parametrize("item", sorted(set(CHECKS) - {"B21"}))
@pytest.mark.parametrize("answer", [{"out": ""}, {"out": "Permission denied\n"}, {"out": "", "status": 1}])
def test_an_answer_that_is_none_is_never_conformity(item: str, answer: dict[str, Any]) -> None:
    assert see(CHECKS[item], **answer).state is State.UNKNOWN


@pytest.mark.parametrize("item", ["B02", "B07", "B14"])
def test_what_root_alone_may_read_is_unverified_without_it(item: str) -> None:
    out = parts(tmout="", passwd=PASSWD, allowed="", firewall="", sshd="", rules="", status="", defs="", shadow="")
    assert see(CHECKS[item], out, status=77).reason is Reason.PERMISSION
