"""SSH 弱算法: the server's KEXINIT, without authentication (inspection-items, 漏洞整改复测)."""

from collections.abc import Sequence

from checks.finding import State, Verdict
from checks.safe_probe import KeyExchange, Kind, ProbeParams, SafeProbe, SshSeen, Target
from checks.ssh_algorithms import ageing, broken
from checks.web import FROM_OUTSIDE, listed


def _ask(target: Target, _: ProbeParams) -> Sequence[KeyExchange]:
    return [KeyExchange(target.name, target.port)]


def _judge(replies: Sequence[SshSeen], _: ProbeParams) -> Verdict:
    [seen] = replies
    offered = [*seen.kex, *seen.host_keys, *seen.ciphers, *seen.macs]
    if found := broken(offered):
        return Verdict(State.CRIT, f"有 {len(found)} 个弱算法：{listed(found)}；应没有")
    if found := ageing(offered):
        return Verdict(State.WARN, f"还有靠 SHA-1 的算法：{listed(found)}；应停用")
    return Verdict(State.OK, f"{len(set(offered))} 个算法中没有弱算法；应没有")


CHECK = SafeProbe(
    id="ssh-algorithms",
    title="SSH 没有弱算法",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.PORT,
    params=ProbeParams,
    ask=_ask,
    judge=_judge,
    sends="一次 TCP 连接，发版本行 `SSH-2.0-xunjian`，读对方的版本行和 KEXINIT，不登录",
    passes="密钥交换、主机密钥、加密、校验四类里都没有弱算法；只剩靠 SHA-1 的（group14-sha1、ssh-rsa）为部分",
    remedy="在 /etc/ssh/sshd_config 写明 `KexAlgorithms`、`Ciphers`、`MACs`、`HostKeyAlgorithms`，去掉上面列出的算法；"
    "`sshd -t` 通过后 `systemctl reload sshd`，先保留一个已登录的会话。"
    "退回：恢复原来的 sshd_config，`systemctl reload sshd`。",
    classes=("SSH 弱算法", "SSH弱加密算法", "SSH弱MAC", "CVE-2008-5161"),
)
