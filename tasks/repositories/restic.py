"""restic: without locks and without a cache, so that it writes nothing, neither in the repository nor on the host."""

import json
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from checks.backup import Backup
from checks.finding import Reason
from checks.visit import Copy
from tasks.repositories.program import Checked, Sign

_RUN = "run --no-lock --no-cache"
_BROKEN = "仓库已损坏，restic check 通不过："
_NO_REPOSITORY = r"Is there a repository at the following location|repository does not exist|unable to open config file"


class Restic:
    """See Program."""

    name = package = "restic"
    unlock = "restic unlock"
    signs: Sequence[Sign] = (
        Sign(r"wrong password or no key found", Reason.AUTHENTICATION, "仓库口令不对；请核对 password 所指的口令"),
        Sign(r"permission denied", Reason.PERMISSION, "没有权限读仓库；请让巡检账号能读"),
        Sign(_NO_REPOSITORY, Reason.CONFIGURATION, "目录里没有 restic 仓库；请核对合同里的目录"),
        Sign(r"unable to create lock|already locked", Reason.INCOMPLETE, "仓库被锁住；请稍后再查"),
        Sign(r"\S+: does not exist|not found in (index|repository)", None, f"{_BROKEN}缺少数据包"),
        Sign(r"error loading index|LoadIndex|<index/", None, f"{_BROKEN}索引已损坏"),
        Sign(r"Pack ID does not match|pack \S+ contains|ciphertext verification|wrong length|hash mismatch", None,
             f"{_BROKEN}数据包的内容不符"),
        Sign(r"repository contains errors|invalid data returned|error for tree|id mismatch", None,
             f"{_BROKEN}内容有错"),
    )  # fmt: skip

    def settings(self, backup: Backup, values: Mapping[str, str]) -> dict[str, str]:
        return {"RESTIC_REPOSITORY": backup.at.folder, "RESTIC_PASSWORD": values[backup.password or ""]}

    def to_list(self) -> str:
        return f"{_RUN} --json snapshots"

    def listed(self, answer: str) -> list[Copy]:
        found = [
            Copy(
                name=one["short_id"],
                size=one.get("summary", {}).get("total_bytes_processed", 0),  # from restic 0.17 on
                at=datetime.fromisoformat(one["time"]).astimezone(UTC),
            )
            for one in json.loads(answer) or []
        ]
        return sorted(found, key=lambda copy: copy.at, reverse=True)

    def to_size(self, names: Sequence[str]) -> str:
        return f"for one in {shlex.join(names)}; do {_RUN} --json stats --mode restore-size $one || exit; done"

    def sizes(self, answer: str) -> list[int]:
        return [json.loads(line)["total_size"] for line in answer.splitlines() if line.startswith("{")]

    def to_check(self, newest: Copy, sampled: float, turn: int) -> str:
        """restic itself picks other packs at each turn."""
        locked = '{ set -- "$RESTIC_REPOSITORY"/locks/*; [ -e "$1" ] && echo @locked >&2; exit 1; }'
        return "\n".join(
            [
                "run version || exit",
                f"{_RUN} --json snapshots {shlex.quote(newest.name)} || exit",
                f"{_RUN} --json stats --mode restore-size {shlex.quote(newest.name)} || {locked}",
                f"{_RUN} --quiet check --read-data-subset={sampled:g}% >&2 || {locked}",
            ]
        )

    def checked(self, answer: str) -> Checked:
        version, snapshots, stats = (line for line in answer.splitlines() if line.startswith(("restic ", "[", "{")))
        size = json.loads(stats)
        made_by = " ".join(version.split()[:2])
        return Checked(made_by, json.loads(snapshots)[0]["tree"], size["total_size"], size["total_file_count"])

    def to_export(self, name: str) -> str:
        return f"{_RUN} dump --archive tar {shlex.quote(name)} /"
