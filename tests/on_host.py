"""For tests of on-host probes: turn one on a practice host, or on this machine, and judge what comes back."""

import secrets
import subprocess
from collections.abc import Sequence
from typing import Any

from checks.finding import Finding
from checks.host_check import NotTaken, Section
from checks.host_script import split, wire
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


def here(probe_id: str, *, env: dict[str, str] | None = None, **params: Any) -> Finding:
    """The verdict over this machine."""
    probe = safe_probe(probe_id)
    return verdict(probe, answers_here(probe_id, env=env, **params), probe.params(**params))


def answers_here(probe_id: str, *, env: dict[str, str] | None = None, **params: Any) -> Sequence[Section]:
    """What this machine answers."""
    questions = [one for one in asked(probe_id, **params) if isinstance(one, OnHost)]
    assembled = script(safe_probe(probe_id), questions, sudo=False)
    nonce = secrets.token_hex(16)
    sent = wire(assembled.text, nonce, 0)
    done = subprocess.run(["sh", "-s"], input=sent, capture_output=True, timeout=60, env=env)
    answer = split(done.stdout, nonce)
    assert answer.whole, done.stderr
    return replies(assembled, answer)
