"""The year's contract folder: the sample's, with ten pages per system and forty items per host."""

import re
from datetime import date
from pathlib import Path

from rehearsal.layout import DEFAULT_BASE_PORT
from rehearsal.sample import copy_contract

# So that every system has ten pages: what is added, and which page it looks like.
MORE_PAGES = {
    "2-mobile": (("done", "已办事项", "todo"), ("library", "资料库", "notices")),
    "3-archive": (
        ("transfer", "移交接收", "borrow"),
        ("appraisal", "鉴定销毁", "borrow"),
        ("volumes", "案卷目录", "home"),
        ("reading", "阅览登记", "home"),
    ),
}
# So that every host has forty items.
MORE_CHECKS = """\
  OS24: { folders: [{ path: /var/backups/db, pattern: "*.sql.gz" }] }
  OS25: { files: [/etc/ssl/xunjian/web.pem] }
"""
MORE_SERVICES = "services: { nginx: {}, tomcat: {}, redis: {}, mysql: {}, postgresql: {} }\n"


def furnish(to: Path, first: date, last: date) -> None:
    """The sample contract, for these days, with ten pages per system and forty items per host."""
    copy_contract(to, DEFAULT_BASE_PORT)
    head = to / "contract.yaml"
    term = f"term:\n  start: {first}\n  end: {last}\n"
    head.write_text(re.sub(r"term:\n( .*\n)+", term, head.read_text(encoding="utf-8")), encoding="utf-8")
    for name, pages in MORE_PAGES.items():
        with (to / "systems" / f"{name}.yaml").open("a", encoding="utf-8") as file:
            for page, title, like in pages:
                steps = f"[{{ goto: /{page} }}, {{ expect: {{ test_id: {like}-row, count: {{ min: 1 }} }} }}]"
                file.write(f"\n  - id: {page}\n    title: {title}\n    steps: {steps}\n")
    for file in to.glob("hosts/*.yaml"):
        text = file.read_text(encoding="utf-8").replace("\n  OS16:", f"\n{MORE_CHECKS}  OS16:", 1)
        file.write_text(text.replace("replica: true", "") + MORE_SERVICES, encoding="utf-8")
