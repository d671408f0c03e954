"""软件包版本: the installed package against the version in which its distribution mended it.

Compared on the host by the package manager itself: a distribution mends an old version and leaves its number, so a
banner, or the number alone against upstream's, says nothing (inspection-items, 漏洞整改复测).
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken, Section
from checks.probe_script import told
from checks.safe_probe import Kind, OnHost, ProbeParams, SafeProbe, Target, Vantage

COMMAND = r"""
package=$1 fixed=$2 cve=$3
tame() { case $1 in *[!A-Za-z0-9.+~^_:-]*) return 1 ;; esac; }
if command -v dpkg-query >/dev/null && dpkg-query -W dpkg >/dev/null 2>&1; then
    echo "manager dpkg"
    if ! list=$(dpkg-query -W -f='${db:Status-Abbrev}|${Version}|${Architecture}\n' "$package" 2>&1); then
        case $list in *"no packages found"*) exit 0 ;; esac
        printf '%s\n' "$list" >&2; exit 1
    fi
    printf '%s\n' "$list" | while IFS='|' read -r status version architecture; do
        order=-
        if [ "$fixed" ] && [ "$version" ]; then
            if dpkg --compare-versions "$version" lt "$fixed"; then order=older
            elif dpkg --compare-versions "$version" ge "$fixed"; then order=mended
            else exit 1
            fi
        fi
        echo "package|$status|$version|$architecture|$order"
    done || exit
    if [ "$cve" ]; then
        for file in /usr/share/doc/"$package"/changelog.Debian.gz /usr/share/doc/"$package"/changelog.gz; do
            if [ -r "$file" ]; then gzip -dc "$file"; fi
        done | grep -c -w -F "$cve" | awk '{ print "changelog " $1 }'
    fi
elif command -v rpm >/dev/null && rpm -q rpm >/dev/null 2>&1; then
    echo "manager rpm"
    versus() {
        if ! tame "$1" || ! tame "$2"; then return 1; fi
        case $(rpm --eval "%{lua: print(rpm.vercmp('$1', '$2'))}") in
        -1*) result=-1 ;; 0*) result=0 ;; 1*) result=1 ;; *) echo "this rpm cannot compare versions" >&2; return 1 ;;
        esac
    }
    if ! list=$(rpm -q --qf '%{EPOCH}|%{VERSION}|%{RELEASE}|%{ARCH}\n' "$package" 2>&1); then
        case $list in *"is not installed"*) exit 0 ;; esac
        printf '%s\n' "$list" >&2; exit 1
    fi
    printf '%s\n' "$list" | while IFS='|' read -r epoch version release architecture; do
        case $epoch in *[!0-9]*) epoch=0 ;; esac
        order=-
        if [ "$fixed" ]; then
            rest=${fixed#*:}
            case $fixed in *:*) e=${fixed%%:*} ;; *) e=0 ;; esac
            result=0
            if [ "$epoch" -lt "$e" ]; then result=-1; elif [ "$epoch" -gt "$e" ]; then result=1; fi
            if [ "$result" = 0 ]; then versus "$version" "${rest%-*}" || exit; fi
            if [ "$result" = 0 ]; then versus "$release" "${rest##*-}" || exit; fi
            if [ "$result" = -1 ]; then order=older; else order=mended; fi
        fi
        if [ "$epoch" = 0 ]; then epoch=; else epoch=$epoch:; fi
        echo "package|ii|$epoch$version-$release|$architecture|$order"
    done || exit
    if [ "$cve" ]; then
        rpm -q --changelog "$package" | grep -c -w -F "$cve" | awk '{ print "changelog " $1 }'
    fi
else
    echo "neither dpkg nor rpm knows its own package" >&2; exit 127
fi
"""
"""Lines "manager NAME", "package|STATUS|VERSION|ARCHITECTURE|older, mended or -", "changelog LINES". Part by part,
because `rpm.vercmp` takes no whole EVR before rpm 4.16."""


class PackageVersion(ProbeParams):
    """Which package, and since when it is mended."""

    package: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9+._-]{0,99}$", title="软件包", description="主机上的包名")
    fixed: str = Field(
        "",
        pattern=r"^(([0-9]+:)?[A-Za-z0-9][A-Za-z0-9.+~^_-]*)?$",
        title="修复版本",
        description="本发行版公告里的完整版本，如 1:9.2p1-2+deb12u3、1:1.0.2k-26.el7_9；不是上游的版本",
    )
    cve: str = Field("", pattern=r"^(CVE-\d{4}-\d{4,7})?$", title="CVE", description="更新记录里写有它，即已回移修复")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.fixed and not self.cve:
            raise ValueError("修复版本和 CVE 至少填一个")
        return self


class Package(NamedTuple):
    """status: dpkg's two letters, "ii" of rpm. order: "older", "mended", "-" where nothing was compared."""

    status: str
    version: str
    architecture: str
    order: str


class Seen(NamedTuple):
    """mentions: lines of the changelog that name the CVE."""

    manager: str
    packages: tuple[Package, ...]
    mentions: int


def _ask(_: Target, params: PackageVersion) -> Sequence[OnHost]:
    return [OnHost(COMMAND, (params.package, params.fixed, params.cve))]


def _parse(section: Section) -> Seen:
    lines = section.out.split("\n")
    manager = next(line.split()[1] for line in lines if line.startswith("manager "))
    packages = tuple(Package(*line.split("|")[1:]) for line in lines if line.startswith("package|"))
    mentions = sum(int(line.split()[1]) for line in lines if line.startswith("changelog "))
    if section.err.strip():
        raise ValueError(section.err)
    return Seen(manager, packages, mentions)


_GONE, _WHOLE = "nc", "iWt"  # dpkg's second letter: not there (or only its settings); there, whole


def _judge(replies: Sequence[Section], params: PackageVersion) -> Verdict:
    seen = told(replies[0], _parse)
    there = [one for one in seen.packages if one.status[1:2] not in _GONE]
    if not there:
        left = "（只留有配置）" if seen.packages else ""
        return Verdict(State.OK, f"没有安装 {params.package}{left}")
    versions = f"{params.package} {'、'.join(sorted({one.version for one in there}))[:100]}"
    should = f"（应不低于 {params.fixed}）" if params.fixed else f"（应已修复 {params.cve}）"
    if params.fixed:
        _comparable(seen.manager, there, params.fixed)
    older = [one for one in there if one.order == "older"]
    if seen.mentions and (older or not params.fixed):
        return Verdict(State.OK, f"{versions}，更新记录写有 {params.cve}，已回移修复{should}")
    if not params.fixed:
        what = f"{versions} 的更新记录没有写 {params.cve}，不能说明没有修复；请填本发行版公告里的修复版本"
        raise NotTaken(Reason.UNSUPPORTED, what)
    if older and len(older) == len(there):
        return Verdict(State.CRIT, f"{versions}{should}")
    if older:
        return Verdict(State.WARN, f"{versions}，旧版仍装着{should}")
    if any(one.status[1:2] not in _WHOLE for one in there):
        return Verdict(State.WARN, f"{versions}，安装没有完成{should}")
    return Verdict(State.OK, f"{versions}{should}")


def _comparable(manager: str, there: Sequence[Package], fixed: str) -> None:
    """Raise where a version would be compared with half of one: without its epoch every package looks newer."""
    if ":" not in fixed and (epochs := {one.version.partition(":")[0] for one in there if ":" in one.version}):
        what = f"已装的版本有纪元（{'、'.join(sorted(epochs))}:），修复版本没有写；请照公告写全"
        raise NotTaken(Reason.CONFIGURATION, what)
    if manager == "rpm" and "-" not in fixed:
        raise NotTaken(Reason.CONFIGURATION, f"修复版本 {fixed} 没有发布号；请照公告写全，如 1.0.2k-26.el7_9")


CHECK = SafeProbe(
    id="package-version",
    title="软件包版本（含回移修复）",
    version=1,
    vantages=frozenset({Vantage.HOST}),
    kind=Kind.HOST,
    params=PackageVersion,
    ask=_ask,
    judge=_judge,
    sends="登录主机，用 dpkg-query 或 rpm -q 读一个软件包的版本，由 dpkg 或 rpm 比较；填了 CVE 再数更新记录里有几处",
    passes="没有安装；或不低于公告的修复版本；或更新记录写有该 CVE（回移修复）",
    remedy="`apt-get install --only-upgrade 包名` 或 `yum update 包名`，重启用到它的服务（内核要重启主机）。"
    "先记下旧版本 `dpkg-query -W 包名` 或 `rpm -q 包名`；退回：`apt-get install 包名=旧版本` 或 "
    "`yum downgrade 包名-旧版本`。",
    classes=(
        "OpenSSH 漏洞",
        "OpenSSL 漏洞",
        "nginx 漏洞",
        "Tomcat 漏洞",
        "版本过低",
        "组件漏洞",
        "sudo 漏洞",
        "内核漏洞",
    ),
)
