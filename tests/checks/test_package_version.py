"""package-version with the real rpm: a database of the test's own, in which a few empty packages are installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from on_host import here

from checks.finding import Reason, State

SPEC = """\
Name: {name}
Epoch: {epoch}
Version: {version}
Release: {release}
Summary: A FAKE for the test: an empty package.
License: none
BuildArch: noarch
%description
none
%files
%changelog
* Mon Nov 02 2026 Nobody <nobody@localhost.example> - {version}-{release}
- Fix CVE-2026-12345, taken from upstream
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which rpm knows of this database, and dpkg of nothing."""
    assert shutil.which("rpmbuild"), "rpm is not installed"
    home = tmp_path_factory.mktemp("rpm")
    (home / ".rpmmacros").write_text(f"%_dbpath {home}/db\n%_topdir {home}/build\n")
    (home / "dpkg").mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "DPKG_ADMINDIR": str(home / "dpkg")}
    packages = (
        ("rpm", 0, "4.11.3", "48.el7_9"),
        ("openssl-libs", 1, "1.0.2k", "24.el7_9"),
        ("bind", 32, "9.11.4", "26"),
    )
    specs = []
    for name, epoch, version, release in packages:
        spec = home / f"{name}.spec"
        spec.write_text(SPEC.format(name=name, epoch=epoch, version=version, release=release))
        specs.append(str(spec))
    subprocess.run(["rpmbuild", "-bb", "--quiet", *specs], env=env, check=True, timeout=60, capture_output=True)
    built = [str(path) for path in Path(home, "build/RPMS").rglob("*.rpm")]
    assert len(built) == 3
    install = ["rpm", "-i", "--justdb", "--nodeps", "--noscripts", *built]
    subprocess.run(install, env=env, check=True, timeout=60, capture_output=True)
    return env


@pytest.mark.parametrize(
    ("package", "fixed", "state"),
    [
        ("openssl-libs", "1:1.0.2k-24.el7_9", "OK"),
        ("openssl-libs", "1:1.0.2k-9.el7", "OK"),
        ("openssl-libs", "1:1.0.2k-26.el7_9", "CRIT"),
        ("openssl-libs", "1:1.0.2zb-1.el7", "CRIT"),
        ("openssl-libs", "1:1.0.2k~rc1-99.el7", "OK"),
        ("openssl-libs", "2:0.9-1", "CRIT"),
        ("openssl-libs", "0:3.0-1", "OK"),
        ("bind", "32:9.11.4-26.P2.el7_9.16", "CRIT"),
        ("none-such", "1-1", "OK"),
    ],
)
def test_rpm_compares(env: dict[str, str], package: str, fixed: str, state: str) -> None:
    found = here("package-version", env=env, package=package, fixed=fixed)
    assert found.state == state, found


def test_a_back_port_is_seen_in_the_changelog(env: dict[str, str]) -> None:
    given = {"package": "openssl-libs", "fixed": "1:1.1.1-1"}
    assert here("package-version", env=env, **given, cve="CVE-2026-12345").state is State.OK
    assert here("package-version", env=env, **given, cve="CVE-2026-1234").state is State.CRIT
    assert here("package-version", env=env, package="openssl-libs", cve="CVE-2026-12345").state is State.OK
    unsaid = here("package-version", env=env, package="openssl-libs", cve="CVE-2026-1234")
    assert (unsaid.state, unsaid.reason) == (State.UNKNOWN, Reason.UNSUPPORTED)


@pytest.mark.parametrize("fixed", ["1.0.2k-26.el7_9", "1:1.0.2k"])
def test_half_a_version_is_not_compared(env: dict[str, str], fixed: str) -> None:
    """Without the epoch every package looks newer than the fix."""
    found = here("package-version", env=env, package="openssl-libs", fixed=fixed)
    assert (found.state, found.reason) == (State.UNKNOWN, Reason.CONFIGURATION)


def test_where_there_is_no_database_none_is_made(env: dict[str, str], tmp_path: Path) -> None:
    """Given rpm without a database, as on Debian, then it is not asked: it would make one."""
    there = {**env, "HOME": str(tmp_path)}
    (tmp_path / ".rpmmacros").write_text(f"%_dbpath {tmp_path}/db\n")
    found = here("package-version", env=there, package="rpm", fixed="1-1")
    assert found.reason is Reason.UNSUPPORTED
    assert not (tmp_path / "db").exists()
