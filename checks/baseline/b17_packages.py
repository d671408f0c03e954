"""B17 最小安装, B21 漏洞修补: which packages are there, and whether they are as new as the advisories want.

Versions are compared by the system's own rules, on the host: a back-ported fix has a version that only they know.
"""

from pydantic import Field

from checks.clauses import CLAUSES
from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Params, Section
from checks.probes import package_version
from checks.probes.package_version import PackageVersion
from checks.services import both, parts
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

VERSIONS = f"""\
compared() {{
{package_version.COMMAND}
}}
while [ $# -ge 3 ]; do
    echo '=== one'
    (compared "$1" "$2" "$3") || exit
    shift 3
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


class Advisories(Params):
    """Source: the vendor's security advisories, chosen by a person."""

    advisories: tuple[PackageVersion, ...] = Field((), title="安全公告", description="软件包和它的修复版本")


class Compared(Facts):
    """What was said of each advisory, in the contract's order."""

    answers: tuple[str, ...]


def _parse_names(section: Section) -> Installed:
    said = parts(section.out)
    if not (total := int(said["total"])):
        raise ValueError("no packages")
    return Installed(total=total, named=tuple(dict.fromkeys(said["named"].split())))


def _names(facts: Installed, look: Look[Installed], params: Denied) -> Verdict:
    said = f"{facts.total} 个软件包里，清单上的 {'、'.join(facts.named) or '没有'}，期望没有"
    return Verdict(State.CRIT if facts.named else State.OK, said)


def _parse_versions(section: Section) -> Compared:
    if section.status:
        raise ValueError("not compared")
    return Compared(answers=tuple(one.strip() for one in section.out.split("=== one\n")[1:]))


def _versions(facts: Compared, look: Look[Compared], params: Advisories) -> Verdict:
    """UNKNOWN where there is no advisory to compare with: nothing was found, because nothing was sought."""
    if not params.advisories:
        raise NotTaken(Reason.MANUAL, "合同里没有列出安全公告（baseline.B21.advisories），无从比较")
    if len(facts.answers) != len(params.advisories):
        raise NotTaken(Reason.INCOMPLETE, f"公告 {len(params.advisories)} 条，只比较了 {len(facts.answers)} 条")
    said = zip(facts.answers, params.advisories, strict=True)
    return both(*(package_version.CHECK.judge([Section(text, "", 0)], one) for text, one in said))


def _arguments(params: Advisories) -> tuple[str, ...]:
    return tuple(text for one in params.advisories for text in (one.package, one.fixed, one.cve))


CHECKS = (
    HostCheck("B17", CLAUSES["B17"].title, NAMES, _parse_names, _names, Installed, Denied,
              arguments=lambda params: params.packages),
    HostCheck("B21", CLAUSES["B21"].title, VERSIONS, _parse_versions, _versions, Compared, Advisories,
              arguments=_arguments),
)  # fmt: skip
