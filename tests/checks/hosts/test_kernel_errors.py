from pathlib import Path

import pytest
from host_answers import captured, see

from checks.finding import Reason, State
from checks.host_check import Section
from checks.hosts.kernel_errors import CHECK

OUTPUTS = Path(__file__).parent / "outputs"


def journal(*messages: str) -> str:
    return "journal\n" + "".join(f"1795300000.12345{n} oa01 kernel: {text}\n" for n, text in enumerate(messages)) + "\n"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("blk_update_request: I/O error, dev sda, sector 2048 op 0x1:(WRITE) flags 0x800 phys_seg 1", "磁盘读写"),
        ("end_request: I/O error, dev vda, sector 54439176", "磁盘读写"),
        ("Buffer I/O error on dev dm-0, logical block 0, lost sync page write", "磁盘读写"),
        ("blk_update_request: critical medium error, dev sdb, sector 999", "磁盘读写"),
        ("sd 0:0:0:0: [sda] tag#19 Add. Sense: Unrecovered read error - auto reallocate failed", "磁盘读写"),
        ("EXT4-fs error (device sda1) in ext4_do_update_inode:5371: Journal has aborted", "文件系统"),
        ("EXT4-fs (sda1): Remounting filesystem read-only", "文件系统"),
        ("XFS (dm-0): Corruption detected. Unmount and run xfs_repair", "文件系统"),
        ("JBD2: Error -5 detected when updating journal superblock for sda1-8.", "文件系统"),
        ("mce: [Hardware Error]: CPU 0: Machine Check Exception: 5 Bank 6: be00000000800400", "硬件"),
    ],
)
def test_disk_file_system_and_hardware_are_critical(message, kind):
    finding = see(CHECK, journal(message, "ACPI Error: something of little weight"))
    assert finding.state is State.CRIT
    assert finding.summary.startswith(f"{kind} 1 条、其他 1 条，期望 0 条；最近：{message[:60]}")


@pytest.mark.parametrize(
    "message",
    [
        "blk_update_request: I/O error, dev fd0, sector 0",  # a virtual machine's empty floppy drive
        "Buffer I/O error on dev sr0, logical block 0",
        "CPU0: Core temperature above threshold, cpu clock throttled (total events = 1)",
    ],
)
def test_any_other_is_a_warning(message):
    finding = see(CHECK, journal(message))
    assert finding.state is State.WARN
    assert finding.summary == f"其他 1 条，期望 0 条；最近：{message[:80]}"


def test_silence_is_good():
    assert see(CHECK, "journal\n\n").state is State.OK
    assert see(CHECK, "dmesg 1795300000 1795000000\n\n").state is State.OK


def test_dmesg_counts_from_boot_and_names_the_level():
    """Captured on Debian 12, to which three errors were added: one before the last inspection, two after."""
    finding = see(CHECK, captured(OUTPUTS / "kernel_errors-debian12-dmesg.txt"))
    assert finding.state is State.CRIT
    assert finding.summary.startswith("磁盘读写 1 条、其他 1 条")


def test_lines_are_kept_few_short_and_printable():
    facts = CHECK.parse(Section(journal(*[f"I/O error \x1b[31m{n}" + "x" * 300 for n in range(9)]), "", 0))
    assert [len(line) for line in facts.lines] == [200] * 5
    assert all(line.isprintable() for line in facts.lines)
    assert facts.lines[-1].startswith("I/O error  [31m8")


def test_what_programs_wrote_to_the_kernels_log_is_not_the_kernels():
    out = "journal\n-- Reboot --\n1795300000.1 oa01 systemd[1]: Failed to start x\n    more\n"
    assert see(CHECK, out).state is State.OK


@pytest.mark.parametrize(
    ("out", "err", "status", "reason"),
    [
        ("journal\n\n", "", 77, Reason.PERMISSION),
        ("journal\n\n", "sudo: a password is required", 1, Reason.PERMISSION),
        ("journal\n\n", "", 137, Reason.TIMEOUT),
        ("dmesg 2 1\n\n", "dmesg: read kernel buffer failed: Operation not permitted", 1, Reason.PERMISSION),
        ("dmesg 2 1\n<3>no time here\n", "", 0, Reason.UNSUPPORTED),
        ("journal\nsurprise\n", "", 0, Reason.UNSUPPORTED),
        ("surprise\n", "", 0, Reason.UNSUPPORTED),
        ("", "", 0, Reason.UNSUPPORTED),
    ],
)
def test_could_not_look(out, err, status, reason):
    assert see(CHECK, out, err, status).reason is reason
