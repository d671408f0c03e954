"""B17 最小安装, B21 漏洞修补: which packages are there, and whether they are as new as the advisories want.

Versions are compared by the system's own rules, on the host: a back-ported fix has a version that only they know.
"""

from pydantic import Field

from checks.clauses import CLAUSES
from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Params, Section
from checks.journey import Strict
from checks.services import parts
from checks.visit import Facts

NAMES = """\
names() {
    if command -v dpkg-query >/dev/null; then
        limit 20 dpkg-query -W -f '${Status} ${Package}\\n' | grep ' installed ' | cut -d' ' -f4
    elif command -v rpm >/dev/null; then limit 60 rpm -qa --qf '%{NAME}\\n'
    else echo 'dpkg-query rpm' >&2; return 127
    fi
}
found=$(names) || exit
echo '=== total'
printf '%s\\n' "$found" | grep -c .
echo '=== named'
for wanted; do printf '%s\\n' "$found" | grep -xF -e "$wanted"; done
return 0"""
"""Of all names only those of the list leave the host."""

VERSIONS = """\
older() {
    if [ "$manager" = dpkg ]; then dpkg --compare-versions "$1" lt "$2"
    else [ "$(rpm --eval "%{lua:print(rpm.vercmp('$1', '$2'))}")" = -1 ]
    fi
}
installed() {
    if [ "$manager" = dpkg ]; then dpkg-query -W -f '${Status} ${Version}\\n' "$1" 2>/dev/null | grep ' installed ' | cut -d' ' -f4
    else rpm -q --qf '%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n' "$1" 2>/dev/null | grep '^[0-9]*:'
    fi
}
echo '=== compared'
if command -v dpkg >/dev/null; then manager=dpkg; elif command -v rpm >/dev/null; then manager=rpm
else echo 'dpkg rpm' >&2; exit 127
fi
while [ $# -ge 2 ]; do
    have=$(installed "$1" | head -n 1)
    if [ -z "$have" ]; then echo "$1 absent"
    elif older "$have" "$2"; then echo "$1 older $have $2"
    else echo "$1 fixed $have $2"
    fi
    shift 2
done"""

DENIED = ("telnetd", "inetutils-telnetd", "telnet-server", "rsh-server", "rsh-redone-server", "ypserv", "nis",
          "tftpd", "tftpd-hpa", "tftp-server", "talkd", "talk-server", "vsftpd", "xinetd")  # fmt: skip


class Denied(Params):
    """Source: inspection-items, B17; the list is field practice."""

    packages: tuple[str, ...] = Field(DENIED, title="不该装的软件包")


class Installed(Facts):
    """How many packages there are; those of the list."""

    total: int
    named: tuple[str, ...]


class Advisory(Strict):
    """What a vendor's advisory says of one package."""

    package: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+_-]*$", title="软件包")
    fixed: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+~:_^-]*$", title="修复版本", description="厂商的版本号，写全")
    about: str = Field("", title="公告编号")


class Advisories(Params):
    """Source: the vendor's security advisories, chosen by a person."""

    advisories: tuple[Advisory, ...] = Field((), title="安全公告")


class Compared(Facts):
    """By package: absent, older, fixed; with the installed and the wanted version."""

    found: dict[str, tuple[str, str, str]]


def _parse_names(section: Section) -> Installed:
    said = parts(section.out)
    if not (total := int(said["total"])):
        raise ValueError("no packages")
    return Installed(total=total, named=tuple(dict.fromkeys(said["named"].split())))


def _names(facts: Installed, look: Look[Installed], params: Denied) -> Verdict:
    said = f"{facts.total} 个软件包里，清单上的 {'、'.join(facts.named) or '没有'}，期望没有"
    return Verdict(State.CRIT if facts.named else State.OK, said)


def _parse_versions(section: Section) -> Compared:
    rows = [line.split() for line in parts(section.out)["compared"].splitlines()]
    return Compared(found={name: (state, *(*rest, "", "")[:2]) for name, state, *rest in rows})


def _versions(facts: Compared, look: Look[Compared], params: Advisories) -> Verdict:
    """UNKNOWN where there is no advisory to compare with: nothing was found, because nothing was sought."""
    if not params.advisories:
        raise NotTaken(Reason.MANUAL, "合同里没有列出安全公告（baseline.B21.advisories），无从比较")
    missing = [one.package for one in params.advisories if one.package not in facts.found]
    if missing:
        raise NotTaken(Reason.UNSUPPORTED, f"没有比较到 {'、'.join(missing)}")
    old = [f"{name} {have} 低于 {want}" for name, (state, have, want) in facts.found.items() if state == "older"]
    if old:
        return Verdict(State.CRIT, f"{'；'.join(old[:3])}{f' 等 {len(old)} 个' if len(old) > 3 else ''}，期望不低于修复版本")
    there = sum(state == "fixed" for state, *_ in facts.found.values())
    return Verdict(State.OK, f"公告 {len(params.advisories)} 条，装着的 {there} 个都不低于修复版本")


def _arguments(params: Advisories) -> tuple[str, ...]:
    return tuple(text for one in params.advisories for text in (one.package, one.fixed))


CHECKS = (
    HostCheck("B17", CLAUSES["B17"].title, NAMES, _parse_names, _names, Installed, Denied,
              arguments=lambda params: params.packages),
    HostCheck("B21", CLAUSES["B21"].title, VERSIONS, _parse_versions, _versions, Compared, Advisories,
              arguments=_arguments),
)  # fmt: skip
