"""Faults of the 等保二级 baseline: what a host's own configuration says is changed for real, and changed back.

None undoes another, so that all can be on at once.
"""

from rehearsal.hosts.daemons import mariadb, postgresql, redis
from rehearsal.hosts.daemons.service import kill
from rehearsal.hosts.fault import HostFault, fault

_HOST = "oa-web-01"
_DB = f"{mariadb.BOSS} -e"
_HBA = f"{postgresql.DATA}/pg_hba.conf"


def _swap(path: str, good: str, bad: str) -> tuple[str, str]:
    """Scripts: put `bad` in the place of `good`, and back. Both are a sed's, without # in them."""

    def sed(one: str, other: str) -> str:
        return f"sed 's#{one}#{other}#' {path} >/run/practice/told; cat /run/practice/told >{path}\n"

    return sed(f"^{good}$", bad), sed(f"^{bad}$", good)


def _all(*pairs: tuple[str, str]) -> tuple[str, str]:
    return "".join(on for on, _ in pairs), "".join(off for _, off in pairs)


def _host(name: str, title: str, verdict: str, scripts: tuple[str, str]) -> HostFault:
    return fault(f"{_HOST}:{name}", title, verdict, *scripts)


def _line(path: str, line: str) -> tuple[str, str]:
    """Scripts: add a line before all others (of sshd's the first holds), and take it away."""
    told = f">/run/practice/told; cat /run/practice/told >{path}\n"
    return f"{{ echo '{line}'; cat {path}; }} {told}", f"grep -vxF '{line}' {path} {told}"


def _listens(port: int) -> tuple[str, str]:
    pid = f"/run/practice/listens-{port}"
    on = f"busybox nc -l -p {port} </dev/null >/dev/null 2>&1 &\necho $! >{pid}\nsleep 0.2\n"
    return on, f"( {kill(pid)} )\n"


_SSHD, _STATUS = "/etc/ssh/sshd_config", "/var/lib/dpkg/status"
_AGES = (r"daemon:!\*:\([0-9]*\):0:99999:7:::", r"daemon:$6$x:\1:0:99999:7:::")
_NO_AGES = (r"daemon:$6$x:\([0-9]*\):0:99999:7:::", r"daemon:!*:\1:0:99999:7:::")
_OLD_PASSWORD = (
    f"sed 's#^{_AGES[0]}$#{_AGES[1]}#' /etc/shadow >/run/practice/told; cat /run/practice/told >/etc/shadow\n",
    f"sed 's#^{_NO_AGES[0]}$#{_NO_AGES[1]}#' /etc/shadow >/run/practice/told; cat /run/practice/told >/etc/shadow\n",
)
_WEAK = "KexAlgorithms curve25519-sha256,diffie-hellman-group14-sha1"
_KEPT_SHORT = (
    "chmod 644 /var/log/syslog; mv /etc/rsyslog.d/90-forward.conf /run/practice/90-forward.conf\n",
    "chmod 640 /var/log/syslog; mv /run/practice/90-forward.conf /etc/rsyslog.d/90-forward.conf\n",
)

BASELINE_FAULTS = (
    _host("second-root", "有第二个 UID 为 0 的账号", "B01 CRIT", _line("/etc/passwd", "twin:x:0:0::/root:/bin/bash")),
    _host("empty-password", "有空口令的账号", "B02 CRIT", _line("/etc/shadow", "twin::19000:0:90:7:::")),
    _host("short-passwords", "口令可以很短很简单", "B03 CRIT",
          _all(_swap("/etc/security/pwquality.conf", "minlen = 10", "minlen = 6"),
                _swap("/etc/security/pwquality.conf", "minclass = 3", "minclass = 1"))),
    _host("old-passwords", "口令不过期", "B04 CRIT",
          _all(_swap("/etc/login.defs", "PASS_MAX_DAYS 90", "PASS_MAX_DAYS 99999"), _OLD_PASSWORD)),
    _host("no-history", "不记旧口令", "B05 CRIT",
          _swap("/etc/pam.d/common-password", "password required pam_pwhistory.so remember=5 use_authtok", "password required pam_permit.so")),  # noqa: E501
    _host("no-lockout", "登录失败几乎不锁定", "B06 CRIT",
          _all(_swap("/etc/security/faillock.conf", "deny = 5", "deny = 50"),
                _swap("/etc/security/faillock.conf", "unlock_time = 600", "unlock_time = 1"))),
    _host("no-timeout", "登录空闲不断开", "B07 CRIT",
          _all(_swap("/etc/profile", "TMOUT=600", "HISTSIZE=600"),
                _swap(_SSHD, "ClientAliveInterval 300", "ClientAliveInterval 0"))),
    _host("telnet", "在监听 telnet", "B08 CRIT, B18 CRIT", _listens(23)),
    _host("weak-ciphers", "sshd 接受弱算法", "B09 CRIT", _line(_SSHD, _WEAK)),
    _host("shadow-readable", "shadow 谁都能读", "B10 CRIT", ("chmod 644 /etc/shadow", "chmod 640 /etc/shadow")),
    _host("root-login", "root 可以直接登录", "B11 CRIT", _swap(_SSHD, "PermitRootLogin no", "PermitRootLogin yes")),
    _host("sudo-all", "有账号不用口令即可做一切", "B13 CRIT",
          _line("/etc/sudoers", "www-data ALL=(ALL) NOPASSWD: ALL")),
    _host("unaudited", "auditd 没有运行", "B14 CRIT",
          ("touch /run/practice/unaudited; stop auditd", "rm -f /run/practice/unaudited; start auditd")),
    _host("no-log-service", "日志服务停了", "B15 CRIT", ("stop rsyslog", "start rsyslog")),
    _host("logs-unkept", "日志谁都能读、不送走、只留四周", "B16 CRIT",
          _all(_swap("/etc/logrotate.d/rsyslog", "    rotate 26", "    rotate 4"), _KEPT_SHORT)),
    _host("telnetd-installed", "装了 telnetd", "B17 CRIT", _swap(_STATUS, "Package: cron", "Package: telnetd")),
    _host("from-anywhere", "管理来源不限", "B19 CRIT",
          _swap(_SSHD, "AllowUsers inspector@127.0.0.0/8", "AllowUsers inspector")),
    _host("old-openssh", "OpenSSH 低于修复版本", "B21 CRIT",
          _swap(_STATUS, "Version: 1:9.2p1-2+deb12u3", "Version: 1:9.2p1-2+deb12u1")),
    _host("no-agent", "防恶意代码的程序没有运行", "B22 CRIT", ("stop clamd", "start clamd")),
    fault("oa-db-01:nameless-login", "MySQL 有空口令账号", "B28 CRIT",
          f"{_DB} \"create user guest@localhost identified by ''\"", f'{_DB} "drop user guest@localhost"'),
    fault("archive-db-01:trust", "PostgreSQL 有不要口令的来源", "B30 CRIT",
          *_line(_HBA, "host all all 127.0.9.9/32 trust")),
    fault("mobile-cache-01:redis-unlocked", "Redis 没有口令", "B31 CRIT",
          f"{redis.CLIENT} config set requirepass ''",
          f'REDISCLI_AUTH= redis-cli config set requirepass "$(cat {redis.AUTH})"'),
)  # fmt: skip
"""What the baseline check finds. B29 has none: no DM8 can be had here."""
