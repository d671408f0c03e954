"""borg: without locks; its cache and what it remembers of repositories go to a folder in memory that is removed.

`borg check` writes to the repository (a partial check notes in it how far it came) and wants its lock. So the newest
archive is extracted without writing anything: that decrypts what it reads and holds it against checksum and identity,
and all names and sizes of the archive are read on the way. The sample is every so-manieth file, others at each turn.
"""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from checks.backup import Backup
from checks.finding import Reason
from checks.visit import Copy
from tasks.repositories.program import Checked, Sign

_RUN = "run --log-json --bypass-lock"
_HOME = """\
BORG_BASE_DIR=$(mktemp -d /dev/shm/xunjian.XXXXXXXX 2>/dev/null || mktemp -d) || exit
trap 'rm -rf "$BORG_BASE_DIR"' EXIT
trap 'exit 1' HUP INT TERM PIPE
[ ! -d "$HOME/.config/borg/keys" ] || export BORG_KEYS_DIR="${BORG_KEYS_DIR:-$HOME/.config/borg/keys}"
export TMPDIR="$BORG_BASE_DIR" BORG_BASE_DIR"""
_LOCKED = (
    '{ if [ -e "$BORG_REPO/lock.exclusive" ] || [ -e "$BORG_REPO/lock.roster" ]; then echo @locked >&2; fi; exit 2; }'
)
# A row is size, time, type, path; what follows a line end within a path is no row.
_ROWS = """\
/^[0-9]+ [0-9T:.-]+ - / {
    bytes += $1
    sub(/^[^ ]* [^ ]* [^ ]* /, "")
    last = $0
    if (files++ % EVERY == TURN) { print "+ pf:" $0 >patterns; picked = 1 }
}
END {
    if (files && !picked) print "+ pf:" last >patterns
    print "- re:." >patterns
    printf "%.0f %d\\n", bytes, files
}"""
_BROKEN = "仓库已损坏，borg 读不出："


class Borg:
    """See Program."""

    name = "borg"
    package = "borgbackup"
    unlock = "borg break-lock"
    signs: Sequence[Sign] = (
        Sign(r"PassphraseWrong|PasscommandFailure", Reason.AUTHENTICATION, "仓库口令不对；请核对 password 所指的口令"),
        Sign(r"KeyfileNotFound|No key file for repository", Reason.CONFIGURATION,
             "找不到仓库的密钥文件；请把它放进巡检账号的 ~/.config/borg/keys"),
        Sign(r"Permission denied|PermissionError", Reason.PERMISSION, "没有权限读仓库；请让巡检账号能读"),
        Sign(r"Repository\.(DoesNotExist|InvalidRepository)", Reason.CONFIGURATION,
             "目录里没有 borg 仓库；请核对合同里的目录"),
        Sign(r"LockTimeout|LockFailed|LockError", Reason.INCOMPLETE, "仓库被锁住；请稍后再查"),
        Sign(r"IntegrityError|checksum mismatch|Decompression error", None, f"{_BROKEN}数据段的校验和不符"),
        Sign(r"ObjectNotFound|FileNotFoundError.*/data/", None, f"{_BROKEN}缺少数据段"),
        Sign(r"Repository\.\w+|InvalidRepositoryConfig", None, f"{_BROKEN}仓库的索引或设置有错"),
    )  # fmt: skip

    def settings(self, backup: Backup, values: Mapping[str, str]) -> dict[str, str]:
        return {
            "BORG_REPO": backup.at.folder,
            "BORG_PASSPHRASE": values[backup.password or ""],
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        }

    def to_list(self) -> str:
        return f"{_HOME}\n{_RUN} list --json"

    def listed(self, answer: str) -> list[Copy]:
        found = [
            Copy(name=one["name"], size=0, at=datetime.fromisoformat(one["time"]).replace(tzinfo=UTC))
            for one in json.loads(answer)["archives"]
            if not re.search(r"\.checkpoint(\.\d+)?$", one["name"])  # of a backup that did not come to its end
        ]
        return sorted(found, key=lambda copy: (copy.at, copy.name), reverse=True)

    def to_size(self, names: Sequence[str]) -> str:
        one = f'{_RUN} list --format \'{{size}}{{NL}}\' "::$one" >"$BORG_BASE_DIR/sizes" || exit'
        total = """awk '{ sum += $1 } END { printf "%.0f\\n", sum }' "$BORG_BASE_DIR/sizes\""""
        return f"{_HOME}\nfor one in {shlex.join(names)}; do\n{one}\n{total}\ndone"

    def sizes(self, answer: str) -> list[int]:
        return [int(line) for line in answer.split()]

    def to_check(self, newest: Copy, sampled: float, turn: int) -> str:
        archive = shlex.quote(f"::{newest.name}")
        rows = _ROWS.replace("EVERY", str(every := max(1, round(100 / sampled)))).replace("TURN", str(turn % every))
        return "\n".join(
            [
                _HOME,
                "run --version || exit",
                f"{_RUN} list --format '{{size}} {{isomtime}} {{type}} {{path}}{{NL}}' {archive} "
                f'>"$BORG_BASE_DIR/rows" || {_LOCKED}',
                'sha256sum <"$BORG_BASE_DIR/rows"',
                f'awk -v patterns="$BORG_BASE_DIR/patterns" \'{rows}\' "$BORG_BASE_DIR/rows" || exit',
                f'{_RUN} extract --dry-run --patterns-from "$BORG_BASE_DIR/patterns" {archive} || {_LOCKED}',
            ]
        )

    def checked(self, answer: str) -> Checked:
        version, digest, counts = answer.splitlines()
        size, files = counts.split()
        return Checked(version, digest.split()[0], int(size), int(files))

    def to_export(self, name: str) -> str:
        return f"{_HOME}\n{_RUN} export-tar {shlex.quote(f'::{name}')} -"
