"""The order of events at one look by a safe probe: may it be asked, who answers there, the questions, the verdict.

Nothing is asked before it is clear who answers: a host shows the key on record, a site without a host its certificate.
"""

import json
import logging
import secrets as random
import traceback
from collections.abc import Sequence

from checks import probe_script
from checks.finding import Finding, Reason
from checks.host_check import NotTaken, Section
from checks.host_script import split, wire
from checks.probe_evidence import clipped, kept
from checks.records import EvidenceRecord
from checks.safe_probe import (
    AnyProbe,
    Archives,
    Handshakes,
    OnHost,
    ProbeParams,
    Question,
    Reply,
    Target,
    TlsSeen,
    Vantage,
    unseen,
    verdict,
)  # fmt: skip
from checks.scope import allow
from checks.secrecy import Grade, Redactor
from checks.visit import ProbeVisit
from flows.office import Office, now
from tasks import secrets
from tasks.asking import Way, asked, said
from tasks.asking.archives import archives
from tasks.secrets import SecretError
from tasks.ssh import Network, SshConfigError, SshError, Standing

log = logging.getLogger("xunjian")

DEADLINE = 60.0
"""Seconds for one question over the network; a host has its own deadline."""

ARCHIVES = 600.0
"""Seconds to look through a host's Java archives."""


def look(
    office: Office, network: Network, probe: AnyProbe, target: Target, vantage: Vantage, way: str,
    params: ProbeParams, name: str, attempt: int = 1, *, identity: str = "",
) -> tuple[ProbeVisit, Finding]:  # fmt: skip
    """Look once; what stands in the way is an UNKNOWN. Nothing is put on record.

    Args:
        way: which bastion, where the vantage is one.
        name: under which target it will stand on record.
        identity: whom the asset is known as; "" takes whoever can show that he is the contract's.

    Raises:
        RequestError: this probe may not be turned on this target from there.
    """
    allow(office.contract, probe, target, vantage, way)
    one = _Look(office, network, probe, target, vantage, way, params, identity)
    started = now()
    finding = one.go()
    visit = ProbeVisit(
        target=name,
        attempt=attempt,
        started_at=started,
        seconds=(now() - started).total_seconds(),
        probe=probe.id,
        version=probe.version,
        asset=str(target),
        vantage=vantage.value,
        way=way,
        identity=one.shown,
        params=params.model_dump(mode="json"),
        sent=tuple(one.sent),
        replies=() if probe.private else kept(one.replies, one.redactor),
        obstacle=finding.summary if finding.reason else "",
        reason=finding.reason,
    )
    return visit, finding


class _Look:
    """One look: who answered, what was sent, what came back."""

    def __init__(
        self, office: Office, network: Network, probe: AnyProbe, target: Target, vantage: Vantage, way: str,
        params: ProbeParams, identity: str,
    ) -> None:  # fmt: skip
        self._office, self._network, self._probe, self._target = office, network, probe, target
        self._vantage, self._way, self._params, self._identity = vantage, way, params, identity
        known = secrets.known(office.settings.secrets_dir).values()
        self.redactor = Redactor(line for value in known for line in value.splitlines())
        self.shown = ""
        self.sent: list[str] = []
        self.replies: list[Reply] = []
        self._answered: dict[Question, Reply] = {}

    def go(self) -> Finding:
        """Identity, questions, verdict."""
        try:
            self.shown = self._identify()
            if self._identity and self.shown != self._identity:
                raise NotTaken(Reason.HOST_KEY, f"应答的是 {self.shown}，原来是 {self._identity}，没有再问")
            self.replies = self._ask(self._probe.ask(self._target, self._params))
            found = verdict(self._probe, self.replies, self._params)
            return found.model_copy(update={"summary": self.redactor.clean(found.summary, 300)})
        except (NotTaken, SshError) as error:
            return self._unseen(error.reason, error.what)
        except SecretError as error:
            return self._unseen(Reason.CONFIGURATION, error.what)
        except SshConfigError as error:
            return self._unseen(Reason.CONFIGURATION, str(error))
        except Exception as error:
            # Where, but not what it said: that may quote the asset.
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s：程序错误 %s\n%s", self._target, type(error).__name__, place)
            return self._unseen(Reason.BUG, f"程序出错：{type(error).__name__}")

    def _unseen(self, reason: Reason, what: str) -> Finding:
        return unseen(self._probe, reason, self.redactor.clean(what, 300))

    def _identify(self) -> str:
        """Who answers there.

        Raises:
            NotTaken: nobody who can be told from another.
            SshError: the host cannot be reached.
        """
        host, name, port = self._target.host, self._target.name, self._target.port
        if host:
            self._say(f"{host}：SSH 握手，核对主机密钥，不登录")
            offer = self._network.offered(host, DEADLINE)
            shown = f"{offer.type} {offer.fingerprint}"
            if offer.standing is not Standing.KNOWN:
                what = f"主机 {host} 出示的密钥不是登记的：{shown}；向主机管理员核实，确属更换才用 xunjian trust 登记"
                self.shown = shown
                raise NotTaken(Reason.HOST_KEY, what)
            return shown
        if self._target.scheme == "http":
            remedy = f"在 contract.yaml 的 assets 写明 {name}:{port} 在哪台主机（host），按它的 SSH 密钥认人"
            raise NotTaken(Reason.CONFIGURATION, f"{self._target} 不出示身份，认不出是不是同一台；{remedy}")
        seen = self._answer(Handshakes(name, port, "certificate"))
        if not isinstance(seen, TlsSeen) or not seen.fingerprint:
            raise NotTaken(Reason.UNSUPPORTED, f"{name}:{port} 没有出示证书，认不出是不是同一台")
        return f"certificate SHA256:{seen.fingerprint}"

    def _ask(self, questions: Sequence[Question]) -> list[Reply]:
        on_host = [one for one in questions if isinstance(one, OnHost)]
        sections = iter(self._on_host(on_host) if on_host else ())  # one round trip for all of them
        return [next(sections) if isinstance(one, OnHost) else self._answer(one) for one in questions]

    def _answer(self, question: Question) -> Reply:
        """One question, asked once."""
        if question not in self._answered:
            self._say(said(question))
            self._answered[question] = self._sent(question)
        return self._answered[question]

    def _sent(self, question: Question) -> Reply:
        if isinstance(question, Archives):
            with self._network.sftp(self._target.host, ARCHIVES) as sftp:
                return archives(sftp, question)
        return asked(question, Way(self._network, self._way), DEADLINE)

    def _on_host(self, questions: Sequence[OnHost]) -> tuple[Section, ...]:
        group = self._office.contract.host(self._target.host).group
        script = probe_script.script(self._probe, questions, sudo=group.sudo)
        nonce = random.token_hex(16)
        self._say(f"{self._target.host}：登录后执行只读脚本 {self._probe.id}（{len(questions)} 问）")
        sent = wire(script.text, nonce, int(now().timestamp()))
        exchange = self._network.exchange(self._target.host, sent, group.deadline)
        answer = split(exchange.out, nonce)
        broken = exchange.cut or (None if answer.whole else (Reason.INCOMPLETE, "主机的回答在中途断了"))
        return probe_script.replies(script, answer, broken)

    def _say(self, words: str) -> None:
        self.sent.append(self.redactor.clean_own(words, 500))


def proof(office: Office, visit: ProbeVisit) -> EvidenceRecord:
    """Keep what was seen, as JSON.

    Raises:
        EvidenceError: it cannot be kept: then it does not count as seen.
    """
    content = json.dumps(visit.model_dump(mode="json"), ensure_ascii=False, indent=1).encode(errors="replace")
    return office.evidence.keep(
        content, ".json", target=visit.target, attempt=visit.attempt, kind="probe", grade=Grade.MEDIUM,
        at=visit.started_at,
    )  # fmt: skip


def for_ledger(visit: ProbeVisit) -> ProbeVisit:
    """The same without the length of what is in the evidence anyway."""
    return visit.model_copy(update={"replies": tuple(clipped(one) for one in visit.replies)})
