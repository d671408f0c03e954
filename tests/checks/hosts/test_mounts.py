"""OS10 只读或缺失挂载."""

from datetime import UTC, datetime
from typing import Any

import pytest

from checks.finding import Reason, State
from checks.host_check import Look, NotTaken, Section
from checks.hosts.mounts import Ignoring, evaluate, parse

LOOK: Look[Any] = Look(datetime(2026, 11, 22, tzinfo=UTC))
ROOT = "proc /proc proc rw,relatime 0 0\n/dev/vda / ext4 rw,relatime,errors=remount-ro 0 0\n"  # Debian 12
OK = "fstab 中 1 处没有缺失或变成只读的，期望没有"


@pytest.mark.parametrize(
    ("mounted", "fstab", "said"),
    [
        pytest.param("", "# UNCONFIGURED FSTAB FOR BASE SYSTEM\n", "fstab 里没有要挂载的文件系统", id="container"),
        pytest.param("", "UUID=1 / ext4 defaults 0 1\n", OK, id="only the mount point counts"),
        pytest.param("", "/dev/sdb1\t/d\txfs\tnofail 0 0\n", OK, id="nofail"),
        pytest.param("", "/dev/sdb1 /d xfs noauto 0 0", OK, id="noauto"),
        pytest.param("", "srv:/x /d nfs noatime,x-systemd.automount 0 0", OK, id="automount"),
        pytest.param("", "UUID=1 / ext4\nUUID=2 none swap sw 0 0\nUUID=2 swap swap sw 0 0", OK, id="swap"),
        pytest.param("/dev/sr0 /cd iso9660 ro 0 0", "/dev/sr0 /cd udf,iso9660 user 0 0", OK, id="a CD"),
        pytest.param("/dev/sdb1 /d xfs ro 0 0", "/dev/sdb1 /d xfs ro 0 0", OK, id="read-only on purpose"),
        pytest.param("/dev/sdb1 /my\\040d xfs rw 0 0", "/dev/sdb1 /my\\040d/ xfs defaults 0 0", OK, id="a blank"),
        pytest.param(
            "/dev/vda /var/snap/x ext4 ro,errors=remount-ro 0 0",
            "UUID=1 / ext4 defaults",
            OK,
            id="a read-only bind mount of a file system that is writable elsewhere",
        ),
    ],
)
def test_as_it_should_be(mounted: str, fstab: str, said: str) -> None:
    section = Section(f"{ROOT}{mounted}\n== fstab\n{fstab}", "", 0)
    assert evaluate(parse(section), LOOK, Ignoring()) == (State.OK, said, None)


@pytest.mark.parametrize(
    ("mounted", "fstab", "said"),
    [
        pytest.param("", "/dev/sdb1 /my\\040d xfs defaults 0 0", "没有挂载：/my d，期望按 fstab 挂载", id="missing"),
        pytest.param("/dev/sdb1 /d xfs ro 0 0", "/dev/sdb1 /d xfs", "只读：/d，期望按 fstab 挂载", id="read-only"),
        pytest.param("/dev/sdb1 /d xfs ro 0 0", "/dev/sdb1 /d xfs nofail", "只读：/d，期望按 fstab 挂载", id="nofail"),
        pytest.param(
            "/dev/sdb1 /d ext4 rw 0 0\n/dev/sdb1 /d ext4 ro 0 0",
            "/dev/sdb1 /d ext4 rw\n/dev/sdc1 /e ext4 rw",
            "没有挂载：/e；只读：/d，期望按 fstab 挂载",
            id="both, and the last mount covers the others",
        ),
        pytest.param(
            "/dev/sdb1 /d ext4 ro,errors=remount-ro 0 0", "", "只读：/d，期望按 fstab 挂载", id="not in fstab"
        ),
        pytest.param(
            "/dev/sdb1 /d ext4 rw,emergency_ro 0 0", "LABEL=d /d ext4", "只读：/d，期望按 fstab 挂载", id="Linux 6.15"
        ),
    ],
)
def test_any_fault_is_critical(mounted: str, fstab: str, said: str) -> None:
    section = Section(f"{ROOT}{mounted}\n== fstab\n{fstab}", "", 0)
    assert evaluate(parse(section), LOOK, Ignoring()) == (State.CRIT, said, None)
    assert evaluate(parse(section), LOOK, Ignoring(ignore=("/my d", "/[de]"))).state is State.OK


def test_no_fstab_is_not_taken() -> None:
    with pytest.raises(NotTaken, match="主机上没有 /etc/fstab，无从比较") as not_taken:
        parse(Section(f"{ROOT}== no fstab\n", "", 0))
    assert not_taken.value.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("section", [("", 1), ("rubbish", 0), ("== fstab\n", 0), (f"{ROOT}== fstab\n", 1)])
def test_not_understood(section: tuple[str, int]) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(Section(section[0], "cat: /etc/fstab: Input/output error", section[1]))
