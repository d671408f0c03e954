"""Faults that a safe probe finds on the host itself, and how each is asked: weaknesses made, and mended, for real.

Here `off` is the mending: it leaves what the probe calls sound, also where a host had nothing of the kind before.
"""

import base64
import io
import zipfile

from rehearsal.hosts.fault import HostFault, fault


def _zip(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def log4j(version: str, *, lookup: bool = True) -> bytes:
    """A stand-in for log4j-core: its list of members and Maven's note are as they are, no class can be run."""
    folder, maven = "org/apache/logging/log4j/core/", "META-INF/maven/org.apache.logging.log4j/log4j-core/"
    members = {
        "META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\r\nX-Comment: A FAKE for the rehearsal.\r\n",
        f"{maven}pom.properties": f"groupId=org.apache.logging.log4j\nversion={version}\n".encode(),
        f"{folder}Logger.class": b"A FAKE for the rehearsal.",
    }
    return _zip(members | ({f"{folder}lookup/JndiLookup.class": b"A FAKE for the rehearsal."} if lookup else {}))


def bundled(jar: bytes) -> bytes:
    """A jar as installation packages have it: within a war within a zip, and not under its own name."""
    war = _zip({"WEB-INF/web.xml": b"<web-app/>", "WEB-INF/lib/logging.jar": jar})
    return _zip({"readme.txt": b"portal", "portal.war": war})


def _bundle(version: str) -> str:
    text = base64.b64encode(bundled(log4j(version))).decode()
    return f"mkdir -p /opt/tomcat/dist; echo {text} | base64 -d >/opt/tomcat/dist/portal.zip"


_CONFIG = "/etc/ssh/sshd_config"


def _edited(file: str, program: str) -> str:
    """The file keeps its inode, owner and mode."""
    return f"sed '{program}' {file} >/run/practice/told; cat /run/practice/told >{file}; rm /run/practice/told\n"


def _installed(package: str, version: str) -> str:
    """What dpkg has on record, and dpkg itself."""
    paragraphs = "".join(
        f"Package: {name}\\nStatus: install ok installed\\nMaintainer: none\\nArchitecture: amd64\\n"
        f"Version: {number}\\nDescription: practice\\n\\n"
        for name, number in (("dpkg", "1.21.22"), (package, version))
    )
    return (
        "mkdir -p /var/lib/dpkg; touch /var/lib/dpkg/status\n"
        f"awk -v RS= -v ORS='\\n\\n' '!/^Package: (dpkg|{package})\\n/' /var/lib/dpkg/status >/run/practice/told\n"
        f"printf '{paragraphs}' >>/run/practice/told\ncat /run/practice/told >/var/lib/dpkg/status\n"
    )


def _policy(password: str, auth: str, days: int) -> str:
    return (
        f"mkdir -p /etc/pam.d /etc/security\nprintf '{password}password required pam_unix.so yescrypt\\n' "
        f">/etc/pam.d/common-password\nprintf '{auth}auth required pam_unix.so\\n' >/etc/pam.d/common-auth\n"
        + _edited("/etc/login.defs", f"s/^PASS_MAX_DAYS.*/PASS_MAX_DAYS {days}/")
    )


_WEAK = _policy("", "", 99999)
_STRICT = _policy(
    "password requisite pam_pwquality.so minlen=10 minclass=3\\npassword required pam_pwhistory.so remember=5\\n",
    "auth required pam_faillock.so preauth deny=5 unlock_time=600\\n",
    90,
)
_NACOS = "/opt/nacos/conf/application.properties"


def _nacos(enabled: str) -> str:
    return (
        f"mkdir -p /opt/nacos/conf; printf '# nacos\\nserver.port=8848\\nnacos.core.auth.enabled={enabled}\\n"
        f"nacos.core.auth.plugin.nacos.token.secret.key=practice-secret\\n' >{_NACOS}"
    )


def _socket(state: str, file: str) -> str:
    return (
        f"mkdir -p /run/practice/units; printf 'Id=telnet.socket\\nLoadState=loaded\\nActiveState={state}\\n"
        f"UnitFileState={file}\\n\\n' >/run/practice/units/telnet.socket"
    )


_TELNETD = "cp /bin/sleep /var/tmp/telnetd; chmod 755 /var/tmp/telnetd; beside /var/tmp/telnetd 86400\n"

PROBE_FAULTS: tuple[HostFault, ...] = (
    fault("oa-app-01:shadow-readable", "/etc/shadow 人人可读", "file-mode CRIT",
          "chmod 644 /etc/shadow", "chmod 640 /etc/shadow"),
    fault("oa-app-01:root-login", "SSH 允许 root 登录", "sshd-option CRIT",
          _edited(_CONFIG, "s/^PermitRootLogin .*/PermitRootLogin yes/"),
          _edited(_CONFIG, "s/^PermitRootLogin .*/PermitRootLogin no/")),
    fault("oa-app-01:weak-password-policy", "不查口令强度，失败不锁定", "account-policy CRIT", _WEAK, _STRICT),
    fault("oa-app-01:nacos-open", "nacos 没有启用鉴权", "config-setting CRIT", _nacos("false"), _nacos("true")),
    fault("oa-cache-01:no-requirepass", "redis.conf 没有设口令", "redis-config CRIT",
          _edited("/etc/redis/redis.conf", "s/^requirepass /#&/"),
          _edited("/etc/redis/redis.conf", "s/^#requirepass /requirepass /")),
    fault("oa-app-02:telnet", "telnetd 运行着，并会自启动（没有 systemd 的主机）", "service-disabled CRIT",
          f"mkdir -p /etc/rc3.d; ln -sf ../init.d/telnetd /etc/rc3.d/S20telnetd\n{_TELNETD}",
          "rm -f /etc/rc3.d/S20telnetd; end_beside"),
    fault("oa-app-01:telnet", "telnet.socket 启用着（systemd）", "service-disabled CRIT",
          _socket("active", "enabled"), _socket("inactive", "disabled")),
    fault("oa-app-01:old-openssl", "openssl 低于本发行版的修复版本", "package-version CRIT",
          _installed("openssl", "3.0.11-1~deb12u2"), _installed("openssl", "3.0.15-1~deb12u1")),
    fault("oa-app-01:log4j", "zip 里的 war 里有旧的 log4j", "jar-inventory CRIT", _bundle("2.14.1"), _bundle("2.17.1")),
)  # fmt: skip

PROBE_PARAMS: dict[str, dict[str, str]] = {
    "oa-app-01:shadow-readable": {"path": "/etc/shadow", "mode": "640"},
    "oa-app-01:root-login": {"option": "PermitRootLogin", "expected": "no"},
    "oa-app-01:weak-password-policy": {"parts": "complexity,history,lockout"},
    "oa-app-01:nacos-open": {"path": _NACOS, "key": "nacos.core.auth.enabled", "expected": "true"},
    "oa-cache-01:no-requirepass": {"path": "/etc/redis/redis.conf"},
    "oa-app-02:telnet": {"unit": "telnetd"},
    "oa-app-01:telnet": {"unit": "telnet"},
    "oa-app-01:old-openssl": {"package": "openssl", "fixed": "3.0.15-1~deb12u1"},
    "oa-app-01:log4j": {"library": "log4j", "folders": "/opt/tomcat"},
}
"""How the record of the finding has it: the probe's parameters."""
