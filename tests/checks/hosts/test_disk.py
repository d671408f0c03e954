"""OS08 磁盘 and OS09 inode, which read the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checks.finding import Reason, State
from checks.host_check import AnyCheck, Look, NotTaken, Past, Section
from checks.hosts import disk as disk_check
from checks.hosts import inodes
from checks.hosts.disk import Disks, Filesystem, Params, Percent, evaluate, parse

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LOOK: Look[Any] = Look(NOW)
HEAD = "Filesystem              1024-blocks     Used Available Capacity Mounted on\n"
# captured: Debian 12, coreutils 9.1; /tmp/os is a file system in a file, mounted with blanks and a % in its name
DEBIAN = """\
/dev/vda                  264212084 37126732  69264180      35% /
tmpfs                      12342040 12342040         0     100% /sys/fs/cgroup
/dev/loop0                    56037    46095      5356      90% /tmp/os/my data 5% x
"""
DEBIAN_MOUNTS = r"""/dev/vda / ext4 rw,relatime,discard 0 0
tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0
/dev/loop0 /tmp/os/my\040data\0405%\040x ext4 rw,relatime 0 0
"""


def df(rows: str, mounted: str = "", err: str = "", status: int = 0) -> Section:
    return Section(f"{HEAD}{rows}== mounts\n{mounted}", err, status)


def disk(used: int, mount: str = "/data", size: int = 100) -> Filesystem:
    return Filesystem(mount=mount, size=size, used=used, available=size - used)


def judge(*filesystems: Filesystem, look: Look[Disks] = LOOK, **params: object) -> tuple[State, str]:
    verdict = evaluate(Disks(filesystems=filesystems), look, Params.model_validate(params))
    return verdict.state, verdict.summary


def test_blanks_in_a_name() -> None:
    found = parse(df(DEBIAN, DEBIAN_MOUNTS)).filesystems
    assert [(one.mount, one.used) for one in found] == [("/", 37126732), ("/tmp/os/my data 5% x", 46095)]


@pytest.mark.parametrize(
    ("row", "mounted"),
    [
        ("overlay 100 100 0 100% /d", ""),
        ("/dev/sr0 100 100 0 100% /d", "/dev/sr0 /d iso9660 ro 0 0"),
        ("/dev/vdb 100 100 0 100% /d", "/dev/vdb /d iso9660 ro 0 0"),
        ("/dev/loop3 100 100 0 100% /d", "/dev/loop3 /d squashfs ro 0 0"),
        ("srv:/x 100 100 0 100% /d", "srv:/x /d nfs4 rw 0 0"),
        ("//srv/my share 100 100 0 100% /d", r"//srv/my\040share /d cifs rw 0 0"),
        ("gvfsd-fuse 0 0 0 - /d", "gvfsd-fuse /d fuse.gvfsd-fuse rw 0 0"),
        ("/dev/vda 264212084 37126732 69264180 35% /bind", "/dev/vda /bind ext4 rw 0 0"),
    ],
)
def test_passed_over(row: str, mounted: str) -> None:
    assert parse(df(f"{DEBIAN}{row}\n", f"{DEBIAN_MOUNTS}{mounted}\n")) == parse(df(DEBIAN, DEBIAN_MOUNTS))


def test_long_names_of_devices_stay_on_their_line() -> None:
    # Given an LVM device of BusyBox 1.35's df -P
    row = "/dev/mapper/vg_oracle-lv_oradata_archive_2026 100 79 21  79% /oradata\n"
    assert parse(df(row)).filesystems == (disk(79, "/oradata"),)


@pytest.mark.parametrize(
    ("used", "state", "said"),
    [
        (79, State.OK, "/data 已用 79%，期望小于 80%"),
        (80, State.WARN, "/data 已用 80%，期望小于 80%"),
        (90, State.CRIT, "/data 已用 90%，期望小于 80%"),
    ],
)
def test_thresholds(used: int, state: State, said: str) -> None:
    assert judge(disk(used), disk(1, "/")) == (state, said)


def test_others_at_fault_are_counted() -> None:
    assert judge(disk(95), disk(85, "/"), disk(5, "/x")) == (State.CRIT, "/data 已用 95%，期望小于 80%，另有 1 处")


def test_a_mount_point_may_have_thresholds_of_its_own_or_none() -> None:
    # Given a full archive that may be fuller, and a disk nobody cares for
    levels = {"/archive": {"warn": 90, "crit": 95}, "/old": {"not_applicable": "待下线"}}
    full = disk(88, "/archive"), disk(99, "/old"), disk(99, "/mnt/usb"), disk(81)
    # When they are judged, Then the one of which all is expected decides
    said = "/data 已用 81%，期望小于 80%"
    assert judge(*full, mounts=levels, ignore=("/mnt/*",)) == (State.WARN, said)


def test_reversed_thresholds_of_a_mount_point_are_refused() -> None:
    with pytest.raises(ValueError, match="warn < crit"):
        Params(mounts={"/data": Percent(warn=95, crit=90)})


def growing(by: float, to: int = 78, mount: str = "/data") -> Look[Disks]:
    past = [
        Past(NOW - timedelta(days=n), Disks(filesystems=(disk(round(1000 * (to - by * n)), mount, 100_000),)))
        for n in range(1, 20)
    ]
    return Look(NOW, past=tuple(reversed(past)))


def test_when_it_will_be_full_is_told() -> None:
    now = disk(78_000, size=100_000)
    assert judge(now, look=growing(0.5)) == (State.OK, "/data 已用 78%，期望小于 80%，约 44 天后写满（44–44 天）")


@pytest.mark.parametrize(("by", "state"), [(22 / 14, State.OK), (22 / 13, State.WARN)])
def test_soon_full_is_a_warning(by: float, state: State) -> None:
    now = disk(78_000, size=100_000)
    assert judge(now, look=growing(by))[0] is state
    assert judge(now, look=growing(by), full_within_days=0)[0] is State.OK


def test_which_will_be_full_first_is_told_by_name() -> None:
    now = disk(78_000, size=100_000), disk(79, "/")
    assert judge(*now, look=growing(0.5))[1] == "/ 已用 79%，期望小于 80%，/data 约 44 天后写满（44–44 天）"


def test_nothing_is_told_without_a_history() -> None:
    assert judge(disk(78_000, size=100_000), look=growing(0)) == (State.OK, "/data 已用 78%，期望小于 80%")


@pytest.mark.parametrize(
    "section",
    [
        Section("", "", 1),
        Section("rubbish", "", 0),
        Section("\n== mounts\n", "", 1),
        df("/dev/vda 1 x 1 1% /\n"),
        df("/dev/vda 1 1\n"),
    ],
)
def test_not_understood(section: Section) -> None:
    for read in (parse, inodes.parse):
        with pytest.raises(ValueError, match=r"."):
            read(section)


UNREAD = "/dev/vda / ext4 rw 0 0\n/dev/sdb1 /my\\040d xfs rw 0 0\n"


@pytest.mark.parametrize(
    ("err", "reason", "said"),
    [
        ("df: '/my d': Input/output error\n", Reason.UNSUPPORTED, "df 读不到 /my d：磁盘读写出错"),
        ("df: /my d: Permission denied\n", Reason.PERMISSION, "df 读不到 /my d：没有权限"),  # BusyBox
        ("", Reason.PERMISSION, "df 读不到 /my d：没有权限"),  # coreutils 9.1 passes over it in silence
    ],
)
def test_what_df_could_not_read_is_not_well(err: str, reason: Reason, said: str) -> None:
    # Given a file system that df does not list, beside one that is well
    section = df("/dev/vda 100 10 90 10% /\n", UNREAD, err, 1)
    checks: tuple[AnyCheck, ...] = (disk_check.CHECK, inodes.CHECK)
    for check in checks:
        # When it is judged, Then nothing is said to be well, unless nobody wants to know
        with pytest.raises(NotTaken, match=said) as not_taken:
            check.evaluate(check.parse(section), LOOK, check.params())
        assert not_taken.value.reason is reason
        ignoring = check.params.model_validate({"ignore": ["/my*"]})
        assert check.evaluate(check.parse(section), LOOK, ignoring).state is State.OK


def test_what_is_full_is_said_though_another_could_not_be_read() -> None:
    assert evaluate(parse(df("/dev/vda 100 95 5 95% /\n", UNREAD)), LOOK, Params()).state is State.CRIT


@pytest.mark.parametrize(
    "mounted",
    [
        pytest.param("/dev/disk/by-uuid/1-2 / ext4 rw 0 0\n", id="df knows its real name"),
        pytest.param("/dev/sda9 / ext4 ro 0 0\n/dev/vda / ext4 rw 0 0\n", id="covered by another mount"),
        pytest.param("/dev/vda / ext4 rw 0 0\n/dev/vda /bind ext4 rw 0 0\n", id="mounted twice"),
        pytest.param("/dev/vda / ext4 rw 0 0\n/dev/sr0 /cd iso9660 ro 0 0\n", id="no disk of ours"),
    ],
)
def test_what_is_listed_is_read(mounted: str) -> None:
    assert parse(df("/dev/vda 100 10 90 10% /\n", mounted)).unread == ()


def test_a_df_without_the_option_is_not_taken() -> None:
    with pytest.raises(NotTaken, match="没有所需的选项"):
        inodes.parse(Section("\n== mounts\n", "df: invalid option -- 'i'\n", 1))


def test_what_is_no_disk_of_ours_may_be_unreadable() -> None:
    mounted = f"{DEBIAN_MOUNTS}portal /run/user/0/doc fuse.portal rw 0 0\noverlay /var/x overlay rw 0 0\n"
    err = "df: /run/user/0/doc: Operation not permitted\ndf: /var/x: Permission denied\n"
    assert parse(df(DEBIAN, mounted, err, 1)) == parse(df(DEBIAN, DEBIAN_MOUNTS))


def test_no_file_system_at_all_is_not_taken() -> None:
    with pytest.raises(NotTaken, match="没有列出"):
        evaluate(parse(df("")), LOOK, Params())
    with pytest.raises(NotTaken, match="没有列出"):
        inodes.evaluate(inodes.parse(df("")), LOOK, inodes.Params())


@pytest.mark.parametrize(
    ("rows", "state", "said"),
    [
        ("/dev/vda 1000 900 100 90% /\n", State.OK, "/ 空闲 10%，期望不少于 10%"),
        ("/dev/vda 1000 901 99 91% /\n", State.WARN, "/ 空闲 9%，期望不少于 10%"),
        (
            "/dev/vda 1000 951 49 96% /\n/dev/vdb 1000 901 99 91% /b\n",
            State.CRIT,
            "/ 空闲 4%，期望不少于 10%，另有 1 处",
        ),
        ("/dev/vda 1000 10 990 1% /\n/dev/vdb 0 0 0 - /b\n", State.OK, "/ 空闲 99%，期望不少于 10%"),
        ("/dev/vda - - - - /\n/dev/vdb 0 0 0 - /b\n", State.OK, "没有限定 inode 个数的文件系统"),  # btrfs, FAT
    ],
)
def test_inodes(rows: str, state: State, said: str) -> None:
    assert inodes.evaluate(inodes.parse(df(rows)), LOOK, inodes.Params()) == (state, said, None)
