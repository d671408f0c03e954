import os
import subprocess
from pathlib import Path

import pytest
from host_answers import NOW, see
from pydantic import ValidationError

from checks.finding import Reason, State
from checks.hosts.backup_age import CHECK, COMMAND

FOLDER = {"path": "/backup", "pattern": "*.sql.gz"}
T = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("files", "state", "said"),
    [
        ([(3600, 1000), (90000, 1000)], State.OK, "/backup 最新备份 1.0 小时前，期望 26 小时以内"),
        ([(26 * 3600, 1000)], State.OK, "26.0 小时前"),
        ([(26 * 3600 + 1, 1000)], State.CRIT, "26.0 小时前"),
        ([(3600, 500), (90000, 1000)], State.OK, "1.0 小时前"),
        ([(3600, 499), (90000, 1000)], State.WARN, "只有上一份的 49.9%，期望不低于 50%"),
        ([(3600, 0), (90000, 1000)], State.CRIT, "但文件是空的"),
        ([(3600, 10), (90000, 0)], State.OK, "1.0 小时前"),
        ([], State.CRIT, "没有 *.sql.gz"),
    ],
)
def test_the_newest_file(files, state, said):
    out = "folder /backup\n" + "".join(f"file {T - ago} {size}\n" for ago, size in files) + "\n"
    finding = see(CHECK, out, folders=[FOLDER])
    assert finding.state is state
    assert said in finding.summary


@pytest.mark.parametrize(
    ("word", "state", "reason"),
    [
        ("missing", State.CRIT, None),
        ("denied", State.UNKNOWN, Reason.PERMISSION),
        ("odd", State.UNKNOWN, Reason.CONFIGURATION),
    ],
)
def test_a_folder_that_cannot_be_looked_into(word, state, reason):
    finding = see(CHECK, f"folder /backup\n{word}\n", folders=[FOLDER])
    assert (finding.state, finding.reason) == (state, reason)


def test_the_worst_folder_decides():
    out = f"folder /a\nfile {T} 1\nfolder /b\ndenied\nfolder /c\nmissing\n"
    finding = see(CHECK, out, folders=[{"path": path} for path in ("/a", "/b", "/c")])
    assert finding.state is State.CRIT
    assert finding.summary == "/c 不存在，期望 26 小时以内有备份；另有 1 处"


@pytest.mark.parametrize(
    ("out", "status", "reason"),
    [
        ("", 0, Reason.UNSUPPORTED),
        ("nonsense", 0, Reason.UNSUPPORTED),
        ("folder /backup\nfile now big\n", 0, Reason.UNSUPPORTED),
        ("folder /other\nmissing\n", 0, Reason.INCOMPLETE),
        ("folder /backup\n", 137, Reason.TIMEOUT),
    ],
)
def test_could_not_look(out, status, reason):
    assert see(CHECK, out, status=status, folders=[FOLDER]).reason is reason


@pytest.mark.parametrize("wrong", [{"path": "backup"}, {"path": "/a", "pattern": "../*"}, {"path": "/a\nb"}])
def test_paths_are_absolute_and_patterns_are_names(wrong):
    with pytest.raises(ValidationError):
        CHECK.params(folders=[wrong])


def test_due_only_where_the_contract_names_folders():
    assert not CHECK.due(CHECK.params())
    assert CHECK.due(CHECK.params(folders=[FOLDER]))


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_the_command_itself(tmp_path: Path, shell: str):
    """Given names with blanks, quotes and line breaks, when the command runs, then the two newest are told."""
    folder = tmp_path / "it's a \\n folder"
    (folder / "below").mkdir(parents=True)
    for name, size, time in [("a.gz", 1, 1000), ("b\nc d.gz", 2, 3000), ("'e'.gz", 3, 2000), ("f.txt", 4, 9000)]:
        (folder / name).write_bytes(b"x" * size)
        os.utime(folder / name, (time, time))
    arguments = [str(folder), "*.gz", str(folder), "*.none", str(tmp_path / "absent"), "*", str(folder / "a.gz"), "*"]
    text = 'limit() { shift; "$@"; }\n' + COMMAND
    run = subprocess.run([*shell.split(), "-c", text, "sh", *arguments], capture_output=True, text=True, check=True)
    assert run.stdout == (
        f"folder {folder}\nfile 3000 2\nfile 2000 3\nfolder {folder}\n\n"
        f"folder {tmp_path}/absent\nmissing\nfolder {folder}/a.gz\nodd\n"
    )
