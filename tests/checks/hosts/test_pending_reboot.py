import pytest
from host_answers import see

from checks.finding import Reason, State
from checks.hosts.pending_reboot import CHECK


def answer(running: str, *lines: str) -> str:
    return "\n".join((f"running {running}", "btime 1795000000", *lines)) + "\n"


# written from documentation: rpm -q on CentOS 7, rpm 4.11
RPM = ("package 1700000000 kernel", "package 1700000000 glibc", "package dbus-broker is not installed")


@pytest.mark.parametrize(
    ("running", "installed"),
    [  # names of kernels written from documentation
        ("3.10.0-1160.el7.x86_64", "3.10.0-1160.6.1.el7.x86_64"),  # CentOS 7
        ("4.18.0-305.el8.x86_64", "4.18.0-348.2.1.el8_5.x86_64"),  # RHEL 8
        ("4.19.90-24.4.v2101.ky10.x86_64", "4.19.90-89.40.v2401.ky10.x86_64"),  # Kylin V10
        ("5.10.0-60.18.0.50.oe2203.aarch64", "5.10.0-136.12.0.86.oe2203.aarch64"),  # openEuler 22.03
        ("6.1.0-9-amd64", "6.1.0-18-amd64"),  # Debian 12
    ],
)
def test_a_newer_kernel_waits(running, installed):
    finding = see(CHECK, answer(running, f"kernel {running}", f"kernel {installed}"))
    assert finding.state is State.WARN
    assert finding.summary == f"待重启：正在运行内核 {running}，已装 {installed}"
    assert see(CHECK, answer(installed, f"kernel {running}", f"kernel {installed}")).state is State.OK


@pytest.mark.parametrize(
    ("running", "installed"),
    [
        ("4.19.0-amd64-desktop", "5.10.0-amd64-desktop"),  # UOS 20 ships both
        ("6.1.0-18-amd64", "6.1.0-20-cloud-amd64"),
        ("3.10.0-1160.el7.x86_64", "3.10.0-1160.6.1.el7.x86_64.debug"),
    ],
)
def test_a_kernel_beside_it_does_not(running, installed):
    assert see(CHECK, answer(running, f"kernel {running}", f"kernel {installed}")).state is State.OK


def test_packages_installed_after_boot_wait():
    assert see(CHECK, answer("3.10.0-1160.el7.x86_64", *RPM, "package 1795000000 systemd")).state is State.OK
    finding = see(CHECK, answer("3.10.0-1160.el7.x86_64", *RPM, "package 1795000001 openssl-libs"))
    assert finding.summary == "待重启：开机后更新了 openssl-libs，期望没有"


def test_the_flag_waits():
    assert see(CHECK, answer("5.15.0-91-generic", "flag", "flag")).state is State.WARN


def test_a_container_shows_neither_kernels_nor_packages():
    finding = see(CHECK, answer("6.18.44-fc-v669", "package kernel is not installed"))
    assert finding.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("out", ["", "running \n", "running x\n", "nonsense\n"])
def test_what_is_not_understood_is_unknown(out):
    assert see(CHECK, out).reason is Reason.UNSUPPORTED


def test_rpm_hung():
    assert see(CHECK, answer("6.1.0-18-amd64"), status=137).reason is Reason.TIMEOUT
