"""For tests of on-host probes: turn one on a practice host, or on this machine, and judge what comes back."""

import secrets
import subprocess
from collections.abc import Sequence
from typing import Any

from checks.finding import Finding
from checks.host_check import NotTaken
from checks.host_script import Split, split, wire
from checks.probe_script import replies, script
from checks.safe_probe import Archives, Kind, OnHost, Question, Reply, Target, safe_probe, unseen, verdict
from tasks.asking.archives import archives
from tasks.ssh import Network

DEADLINE = 60.0


def target(host: str) -> Target:
    return Target(Kind.HOST, host, 0, "oa", host=host)


def asked(probe_id: str, **params: Any) -> Sequence[Question]:
    """What a probe asks."""
    probe = safe_probe(probe_id)
    return probe.ask(target("oa-app-01"), probe.params(**params))


def looked(network: Network, host: str, probe_id: str, *, sudo: bool = True, **params: Any) -> Finding:
    """The verdict over a practice host."""
    probe = safe_probe(probe_id)
    given = probe.params(**params)
    try:
        return verdict(probe, _answers(network, host, probe_id, sudo, asked(probe_id, **params)), given)
    except NotTaken as error:
        return unseen(probe, error.reason, error.what)


def _answers(network: Network, host: str, probe_id: str, sudo: bool, questions: Sequence[Question]) -> Sequence[Reply]:
    on_host = [one for one in questions if isinstance(one, OnHost)]
    if on_host:
        assembled = script(safe_probe(probe_id), on_host, sudo=sudo)
        nonce = secrets.token_hex(16)
        exchange = network.exchange(host, wire(assembled.text, nonce, 0), DEADLINE)
        return replies(assembled, split(exchange.out, nonce), exchange.cut)
    [question] = questions
    assert isinstance(question, Archives)
    with network.sftp(host, DEADLINE) as sftp:
        return [archives(sftp, question)]


def here(
    probe_id: str, shell: Sequence[str] = ("sh", "-s"), env: dict[str, str] | None = None, **params: Any
) -> Finding:
    """The verdict over this machine."""
    probe = safe_probe(probe_id)
    questions = [one for one in asked(probe_id, **params) if isinstance(one, OnHost)]
    assembled = script(probe, questions, sudo=False)
    nonce = secrets.token_hex(16)
    done = subprocess.run(
        ["sh", "-s"], input=wire(assembled.text, nonce, 0), capture_output=True, timeout=60, env=env, check=False
    )
    answer: Split = split(done.stdout, nonce)
    assert answer.whole, done.stderr
    return verdict(probe, replies(assembled, answer), probe.params(**params))
