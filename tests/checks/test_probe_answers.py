"""What on-host probes make of an answer, also of systems that cannot be run here; and what may be asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from host_answers import captured
from pydantic import ValidationError

from checks.finding import Finding, Reason
from checks.host_check import NotTaken, Section
from checks.host_script import Split
from checks.probe_script import meets, replies, script, words
from checks.probes.jar_inventory import LIBRARIES, order, vulnerable
from checks.safe_probe import (
    AnyProbe,
    Archives,
    Inventory,
    Kind,
    Library,
    OnHost,
    Reply,
    Target,
    Vantage,
    safe_probe,
    safe_probes,
    verdict,
)  # fmt: skip

OUTPUTS = Path(__file__).parent / "probes" / "outputs"
ON_HOST = [probe for probe in safe_probes() if probe.kind is Kind.HOST]
HOST = Target(Kind.HOST, "oa-app-01", 0, "oa", host="oa-app-01")
OPENSSL = {"package": "openssl", "fixed": "3.0.15-1~deb12u1"}


def seen(probe_id: str, *answers: Reply, **params: Any) -> Finding:
    probe = safe_probe(probe_id)
    return verdict(probe, answers, probe.params(**params))


def said(out: str, err: str = "", status: int = 0) -> Section:
    return Section(out, err, status)


def told(finding: Finding) -> str:
    return finding.reason or finding.state


@pytest.mark.parametrize("probe", ON_HOST, ids=lambda probe: probe.id)
class TestEveryProbe:
    def test_it_judges_from_the_host_alone_and_says_the_way_back(self, probe: AnyProbe) -> None:
        assert probe.vantages == {Vantage.HOST}
        assert "登录主机" in probe.sends
        assert "退回：" in probe.remedy
        assert probe.classes
        assert probe.version >= 1

    def test_what_it_asks_is_constant(self, probe: AnyProbe) -> None:
        given = [probe.params(**OPENSSL) if probe.id == "package-version" else probe.params()]
        questions = [one for params in given for one in probe.ask(HOST, params)]
        assert questions
        assert all(isinstance(one, OnHost | Archives) for one in questions)

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (said("", "sudo: a password is required", 1), Reason.PERMISSION),
            (said("", "", 77), Reason.PERMISSION),
            (said("", "", 137), Reason.TIMEOUT),
            (said("", "sh: awk: not found", 127), Reason.UNSUPPORTED),
            (said("nonsense", "", 3), Reason.UNSUPPORTED),
            (said("", "", 3), Reason.UNSUPPORTED),
        ],
    )
    def test_what_could_not_be_read_is_unknown(self, probe: AnyProbe, answer: Section, reason: Reason) -> None:
        if probe.id == "jar-inventory":
            empty = Inventory(libraries=(), archives=3, unread=("/opt/a.jar：权限不足",), missed=1)
            assert told(seen(probe.id, empty)) == Reason.INCOMPLETE
            return
        params = OPENSSL if probe.id == "package-version" else {}
        assert told(seen(probe.id, answer, **params)) == reason


@pytest.mark.parametrize(
    ("probe", "file", "params", "expected", "words"),
    [
        ("service-disabled", "service-centos7", {}, "CRIT", "运行中，并会自启动"),
        ("service-disabled", "service-sysv-centos7", {"unit": "vsftpd"}, "WARN", "S60vsftpd"),
        ("package-version", "package-centos7-kernel", {"package": "kernel", "fixed": "3.10.0-1160.119.1.el7"},
         "WARN", "旧版仍装着"),
        ("package-version", "package-kylin-halfway", {"package": "openssh-server", "fixed": "1:8.2p1-4kylin3k0.11"},
         "WARN", "安装没有完成"),
        ("package-version", "package-debian12-removed", {"package": "nginx", "fixed": "1.22.1-9+deb12u2"},
         "OK", "没有安装 nginx（只留有配置）"),
        ("sshd-option", "sshd-option-debian12-match", {"option": "PasswordAuthentication"}, "WARN", "Match 块"),
        ("sshd-option", "sshd-option-debian12-match", {"expected": "no"}, "CRIT", "prohibit-password"),
        ("sshd-option", "sshd-option-debian12-match", {"expected": "no|prohibit-password"}, "WARN", "另设为 yes"),
        ("sshd-option", "sshd-option-debian12-match", {"option": "Port", "expected": "1..1024"}, "WARN", "1 到 1024"),
    ],
)  # fmt: skip
def test_answers(probe: str, file: str, params: dict[str, str], expected: str, words: str) -> None:
    found = seen(probe, said(captured(OUTPUTS / f"{file}.txt")), **params)
    assert (told(found), words in found.summary) == (expected, True), found.summary


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        ("Systemd=yes\nRunning=0\n", Reason.UNSUPPORTED),
        ("Running=hidden\n", Reason.PERMISSION),
        ("Running=2\n", "CRIT"),
        ("StartLink=/etc/rc3.d/S20telnet\nRunning=0\n", "WARN"),
        ("Systemd=yes\nLoadState=loaded\nUnitFileState=disabled\nStartLink=/etc/rc3.d/S20telnet\nRunning=0\n", "OK"),
        ("Systemd=yes\nLoadState=loaded\nActiveState=active\nRunning=hidden\n", "CRIT"),
    ],
)
def test_services(out: str, expected: str) -> None:
    assert told(seen("service-disabled", said(out))) == expected


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        ("requirepass set\nbind 127.0.0.1 -::1\n", "OK"),
        ("requirepass set\n", "WARN"),
        ("requirepass set\nbind 10.0.0.5\nbind * -::*\n", "WARN"),
        ("requirepass set\nport 0\n", "OK"),
        ("requirepass set\nrequirepass empty\nbind 127.0.0.1\n", "CRIT"),
        ("bind 127.0.0.1\n", "CRIT"),
        ("requirepass set\nnopass\nbind 127.0.0.1\n", "CRIT"),
        ("requirepass set\nbind 127.0.0.1\ninclude\n", Reason.UNSUPPORTED),
        ("aclfile\n", Reason.UNSUPPORTED),
    ],
)
def test_redis(out: str, expected: str) -> None:
    assert told(seen("redis-config", said(out))) == expected


@pytest.mark.parametrize(
    ("out", "params", "expected"),
    [
        ("is true\n", {}, "OK"),
        ("is TRUE\n", {}, "OK"),
        ("is false\n", {}, "CRIT"),
        ("is true\nis false\n", {}, "CRIT"),
        ("is \n", {}, "CRIT"),
        ("other\n", {}, "CRIT"),
        ("variable\n", {}, Reason.UNSUPPORTED),
        ("", {}, "CRIT"),
        ("", {"default": "true"}, "OK"),
        ("", {"default": "false"}, "CRIT"),
        ("is 300\n", {"expected": "1..900"}, "OK"),
    ],
)
def test_settings(out: str, params: dict[str, str], expected: str) -> None:
    assert told(seen("config-setting", said(out), **params)) == expected


def jars(*libraries: tuple[str, bool]) -> Inventory:
    found = tuple(
        Library(path=f"/opt/{n}.jar", version=version, lever=lever) for n, (version, lever) in enumerate(libraries)
    )
    return Inventory(libraries=found, archives=9)


@pytest.mark.parametrize(
    ("inventory", "expected"),
    [
        (jars(), "OK"),
        (Inventory(libraries=(), archives=0), Reason.CONFIGURATION),
        (jars(("2.17.1", True)), "OK"),
        (jars(("2.17.1", True), ("2.14.1", True)), "CRIT"),
        (jars(("2.17.1", True), ("2.14.1", False)), "WARN"),
        (jars(("2.17.1", True), ("", True)), Reason.UNSUPPORTED),
        (jars(("2.14.1", True), ("", True)), "CRIT"),
    ],
)
def test_jars(inventory: Inventory, expected: str) -> None:
    assert told(seen("jar-inventory", inventory)) == expected


@pytest.mark.parametrize(
    ("library", "weak", "mended"),
    [
        ("log4j", ["2.0-alpha1", "2.0-beta9", "2.0", "2.3.1", "2.4", "2.12.3", "2.13.0", "2.17.0"],
         ["1.2.17", "2.3.2", "2.12.4", "2.17.1", "2.20.0", "3.0.0-beta2"]),
        ("fastjson", ["1.1.15", "1.2.68", "1.2.80", "1.2.83_preview"], ["1.2.83", "1.2.84", "2.0.31"]),
        ("shiro", ["1.2.4", "1.12.0", "2.0.0-alpha-3"], ["1.13.0", "2.0.0-alpha-4", "2.0.0", "2.1.0"]),
        ("spring", ["4.3.30.RELEASE", "5.2.19.RELEASE", "5.3.0", "5.3.17"],
         ["5.2.20.RELEASE", "5.2.25.RELEASE", "5.3.18", "5.3.18.RELEASE", "6.1.2"]),
    ],
)  # fmt: skip
def test_the_lines_that_were_mended(library: str, weak: Sequence[str], mended: Sequence[str]) -> None:
    assert [version for version in weak if not vulnerable(LIBRARIES[library], version)] == []
    assert [version for version in mended if vulnerable(LIBRARIES[library], version)] == []


def test_the_order_of_versions() -> None:
    rising = ["2.0-alpha1", "2.0-beta9", "2.0-rc1", "2.0", "2.0.1", "2.0.10", "2.1"]
    assert [order(one) for one in rising] == sorted(order(one) for one in rising)
    assert order("5.3.18.RELEASE") == order("5.3.18") == order("5.3.18.0")
    with pytest.raises(ValueError, match="unspecified"):
        order("unspecified")


@pytest.mark.parametrize(
    ("actual", "expected", "met"),
    [
        ("no", "no", True), ("No", "no", True), ("yes", "no", False), ("b", "a|b", True), ("a|b", "a|b", False),
        ("5", "1..900", True), ("900", "1..900", True), ("0", "1..900", False), ("901", "1..900", False),
        ("", "1..900", False), ("٣", "1..900", False),
    ],
)  # fmt: skip
def test_meeting_what_is_expected(actual: str, expected: str, met: bool) -> None:
    assert meets(actual, expected) is met
    assert words("1..900") == "1 到 900"


@pytest.mark.parametrize(
    ("probe", "params"),
    [
        ("file-mode", {"path": "etc/shadow"}),
        ("file-mode", {"path": "/etc/sha\ndow"}),
        ("file-mode", {"path": "/opt/../etc/shadow"}),
        ("file-mode", {"mode": "888"}),
        ("file-mode", {"path": "/etc/passwd", "command": "id"}),
        ("sshd-option", {"option": "Port; id"}),
        ("service-disabled", {"unit": "a b"}),
        ("service-disabled", {"unit": "../x/"}),
        ("config-setting", {"key": "spring.datasource.password"}),
        ("config-setting", {"key": "nacos.core.auth.plugin.nacos.token.secret.key"}),
        ("config-setting", {"key": "access_token"}),
        ("package-version", {"package": "openssl"}),
        ("package-version", {"package": "--admindir=/tmp", "fixed": "1"}),
        ("package-version", {"package": "openssl", "fixed": "1')}%{lua: os.execute('id"}),
        ("package-version", {"package": "openssl", "cve": "CVE-2021-44228; id"}),
        ("jar-inventory", {"library": "struts"}),
        ("jar-inventory", {"folders": "opt"}),
        ("jar-inventory", {"folders": "/opt,srv"}),
        ("account-policy", {"parts": "guess"}),
    ],
)
def test_what_may_not_be_asked(probe: str, params: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        safe_probe(probe).params(**params)


def test_a_switch_whose_name_only_sounds_like_a_secret_may_be_asked() -> None:
    for key in ("server_tokens", "nacos.core.auth.enabled", "keepalive"):
        assert safe_probe("config-setting").params(key=key).key == key


def test_an_answer_to_another_question_is_none() -> None:
    """Given an account whose forced command is the weekly inspection, then no probe takes its answer for its own."""
    probe = safe_probe("file-mode")
    asked = script(probe, probe.ask(HOST, probe.params()), sudo=False)
    other = Split({"Q1": Section("640 root shadow", "", 0, "0123456789ab")}, whole=True)
    for answer in (other, Split({}, whole=True)):
        with pytest.raises(NotTaken, match="受限账号"):
            replies(asked, answer)
    with pytest.raises(NotTaken, match="断了"):
        replies(asked, Split({}, whole=False), (Reason.INCOMPLETE, "断了"))
