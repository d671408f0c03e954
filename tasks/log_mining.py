"""Log lines to templates, with Drain. The only importer of drain3.

drain3-improved is the fork of Drain3 that its user logdetective (Fedora) keeps: the original has had no release
since 2022 and pins cachetools 4. Masking and redaction are ours and come first, so Drain never sees what may not be
kept; its state is not stored, it is seeded with the templates of the last reading.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drain3.drain import Drain, LogCluster

from checks.host_check import Section
from checks.hosts.logs import last_reading
from checks.log_facts import DAY, Logs, Template
from checks.log_script import Reading, answered
from checks.log_templates import LENGTH, level, masked, message, redacted, without_time
from checks.log_templates import redact_lines as redact_lines  # for the raw output that is kept
from checks.secrecy import Redactor

_ALIKE = 0.8  # of the words, for two messages to be of one kind
_WORDS, _LETTERS = 32, 32  # of a message that count, of a word
_DISTINCT = 1000  # masked messages of a source that are compared with each other; each costs up to 1 ms
_KEPT = 200  # templates of a host
_REMEMBERED = 90 * DAY  # after that a message is new again


@dataclass
class _Kind:
    count: int
    first: str
    last: str


def mined(section: Section, redactor: Redactor, facts: Mapping[str, Any] | None = None) -> Section:
    """The section of OS26 as its check reads it: templates instead of lines. Nothing raw is left in it.

    Args:
        facts: by item, of the last inspection of the host in which this item was read.
    """
    err = redact_lines(section.err, redactor)
    if section.status:
        return Section("", err, section.status)
    try:
        reading = answered(section.out)
    except ValueError:
        return Section("", "主机的回答不是日志", section.status)
    return Section(mine(reading, redactor, last_reading(facts or {})).model_dump_json(), err, section.status)


def mine(reading: Reading, redactor: Redactor, last: Logs | None = None) -> Logs:
    """Group lines into templates, those of the last reading first. The same input gives the same result."""
    logs = reading.logs
    known = [one for one in (last.templates if last else ()) if logs.until - one.seen <= _REMEMBERED]
    had = last.sources if last else set()
    found: list[Template] = []
    others = 0
    for source, kinds in _kinds(reading, redactor).items():
        most = sorted(kinds, key=lambda content: -kinds[content].count)[:_DISTINCT]
        others += sum(kind.count for kind in kinds.values()) - sum(kinds[content].count for content in most)
        of_source = [one for one in known if one.source == source]
        found += _templates(source, {content: kinds[content] for content in most}, of_source, source in had, logs.until)
    found.sort(key=lambda one: (not one.new, -one.count))
    others += sum(one.count for one in found[_KEPT:])
    seen = {one.key for one in found}
    idle = [one.model_copy(update={"count": 0, "new": False, "first": "", "last": ""}) for one in known]
    idle = sorted((one for one in idle if one.key not in seen), key=lambda one: -one.seen)
    return logs.model_copy(update={"templates": tuple([*found, *idle][:_KEPT]), "others": others})


def _kinds(reading: Reading, redactor: Redactor) -> dict[str, dict[str, _Kind]]:
    """By source and masked message, in order of first appearance: how often, and examples."""
    result: dict[str, dict[str, _Kind]] = {}
    in_journal: Counter[str] = Counter()
    # The journal first: what syslog has copied from it is not counted twice.
    for name, lines in sorted(reading.lines.items(), key=lambda item: not item[0].startswith("journal ")):
        source, _, levels = name.partition(" ") if name.startswith("journal ") else (name, "", "")
        kinds = result.setdefault(source, {})
        for line in lines:
            said = without_time(line)
            if source == "journal":
                in_journal[said] += 1
            elif in_journal[said] > 0:
                in_journal[said] -= 1
                continue
            clean = redacted(line, redactor, limit=len(line) + LENGTH)
            text = message(clean)
            kind = {"": level(text), "0..3": "error", "4..4": "warning"}[levels]
            if not kind or not text:
                continue
            words = masked(text).split()[:_WORDS]
            content = " ".join([kind, *(word[:_LETTERS] for word in words)])
            if content in kinds:
                kinds[content].count += 1
                kinds[content].last = clean
            else:
                kinds[content] = _Kind(1, clean, "")
    return result


def _templates(
    source: str, kinds: dict[str, _Kind], known: Sequence[Template], had: bool, now: int
) -> Iterable[Template]:
    drain = Drain(depth=5, sim_th=_ALIKE, parametrize_numeric_tokens=False)  # level and program have to be the same
    for number, one in enumerate(known, 1):
        cluster = LogCluster([one.level, *one.text.split()], number)
        drain.id_to_cluster[number] = cluster
        drain.add_seq_to_prefix_tree(drain.root_node, cluster)
    drain.clusters_counter = len(known)
    groups: dict[int, tuple[LogCluster, list[str]]] = {}
    for content in kinds:
        cluster, _ = drain.add_log_message(content)
        groups.setdefault(cluster.cluster_id, (cluster, []))[1].append(content)
    for number, (cluster, contents) in groups.items():
        kind, _, text = cluster.get_template().partition(" ")
        members = [kinds[content] for content in contents]
        old = known[number - 1] if number <= len(known) else None
        last = next((member.last or member.first for member in reversed(members)), "")
        yield Template(
            key=old.key if old else hashlib.sha256(f"{source}\n{contents[0]}".encode()).hexdigest()[:10],
            source=source,
            level=kind,
            text=text,
            count=sum(member.count for member in members),
            new=had and old is None,
            seen=now,
            first=_short(members[0].first),
            last=_short(last) if last != members[0].first else "",
        )


def _short(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1]}…"
