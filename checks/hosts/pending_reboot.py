"""OS23 待重启: something was installed that takes effect at the next boot only. Lynis KRNL-5830."""

import re

from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Params, Section
from checks.visit import Facts

COMMAND = """\
read -r release </proc/sys/kernel/osrelease && echo "running $release"
grep '^btime ' /proc/stat
for flag in /run/reboot-required /var/run/reboot-required; do
    [ ! -e "$flag" ] || echo flag
done
for file in /lib/modules/*/modules.builtin; do
    [ ! -e "$file" ] || { name=${file%/*}; echo "kernel ${name##*/}"; }
done
if command -v rpm >/dev/null && [ -d "$(rpm --eval %_dbpath)" ]; then
    limit 20 rpm -q --qf 'package %{INSTALLTIME} %{NAME}\\n' kernel kernel-core kernel-rt linux-firmware \\
        microcode_ctl glibc systemd dbus dbus-daemon dbus-broker openssl-libs gnutls
    case $? in 124 | 137 | 143) exit 137 ;; esac
fi
exit 0"""
"""Not needs-restarting -r: it is rarely installed, takes seconds and writes dnf's log. rpm tells what it goes by: was
one of these packages installed after boot? (List: access.redhat.com/solutions/27943.) It is not asked where it has no
database: it would make one, on Debian in the account's home. The flag is Debian's and Ubuntu's; modules.builtin belongs
to a kernel's package, so it is gone when the kernel is."""


class Reboot(Facts):
    """What waits: the packages, the newer kernel, the flag."""

    running: str
    newest: str = ""  # the newest installed kernel of the same series and flavour
    packages: tuple[str, ...] = ()
    flag: bool = False


def parse(section: Section) -> Reboot:
    """Lines of `word value…`; rpm's "package x is not installed" is one of them."""
    lines = section.out.splitlines()
    running, kernels = _values(lines, "running"), _values(lines, "kernel")
    boot = _values(lines, "btime")
    installed = [match for line in lines if (match := re.fullmatch(r"package (\d+) (\S+)", line))]
    if len(running) != 1 or len(boot) != 1:
        raise ValueError("no kernel")
    if not kernels and not installed and "flag" not in lines:
        raise NotTaken(Reason.UNSUPPORTED, "看不到装了哪些内核和软件包，可能是容器")
    alike = [kernel for kernel in kernels if _flavour(kernel) == _flavour(running[0])]
    return Reboot(
        running=running[0],
        newest=max((*alike, running[0]), key=_version),
        packages=tuple(sorted({match[2] for match in installed if int(match[1]) > int(boot[0])})),
        flag="flag" in lines,
    )


def _values(lines: list[str], word: str) -> list[str]:
    return [line.removeprefix(f"{word} ") for line in lines if line.startswith(f"{word} ")]


def _version(kernel: str) -> list[int]:
    """3.10.0-1160.119.1.el7.x86_64: the numbers before the first word."""
    return [int(number) for number in re.findall(r"\d+", re.split(r"[a-zA-Z]", kernel)[0])]


def _flavour(kernel: str) -> tuple[list[int], list[str]]:
    """Kernels beside which a host may stay on purpose differ in series (UOS ships 4.19 and 5.10) or in words."""
    return _version(kernel)[:2], re.findall(r"[a-z]+", kernel)


def evaluate(reboot: Reboot, look: Look[Reboot], params: Params) -> Verdict:
    """Any of the three."""
    if reboot.newest != reboot.running:
        return Verdict(State.WARN, f"待重启：正在运行内核 {reboot.running}，已装 {reboot.newest}")
    if reboot.packages:
        return Verdict(State.WARN, f"待重启：开机后更新了 {'、'.join(reboot.packages)}，期望没有")
    if reboot.flag:
        return Verdict(State.WARN, "待重启：系统有 reboot-required 标记，期望没有")
    return Verdict(State.OK, f"不需要重启，内核 {reboot.running} 是已装的最新版本")


CHECK = HostCheck("OS23", "待重启", COMMAND, parse, evaluate, Reboot, Params)
