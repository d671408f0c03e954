"""Asks the questions of the safe probes (`checks.safe_probe`) over the network: one file per kind of question.

Nothing is sent but what a question says: no payload, no login, no second try.
"""

from checks.finding import Reason
from checks.host_check import NotTaken
from checks.probe_list import said
from checks.safe_probe import Archives, Connect, Handshakes, KeyExchange, OnHost, Question, Reply, Request, Say
from tasks.asking.connect import connected
from tasks.asking.http import responded
from tasks.asking.say import replied
from tasks.asking.ssh import offered
from tasks.asking.tls import shaken
from tasks.asking.way import Way
from tasks.ssh import Deadline

__all__ = ["Way", "asked", "said"]


def asked(question: Question, way: Way, deadline: float) -> Reply:
    """Ask one question.

    Args:
        deadline: seconds for all of it.

    Raises:
        NotTaken: there is no answer. Of `Connect`, refused and silent are answers.
        TypeError: `OnHost` and `Archives` are not for the network.
    """
    if isinstance(question, OnHost | Archives):
        raise TypeError(question)
    patience = Deadline(deadline)
    try:
        match question:
            case Connect():
                return connected(question, way, patience)
            case Request():
                return responded(question, way, patience)
            case Handshakes():
                return shaken(question, way, patience)
            case KeyExchange():
                return offered(question, way, patience)
            case Say():
                return replied(question, way, patience)
    except ConnectionRefusedError as error:
        raise NotTaken(Reason.UNREACHABLE, f"{question.name}:{question.port} 拒绝连接") from error
    except TimeoutError as error:
        raise NotTaken(Reason.TIMEOUT, f"{question.name}:{question.port} 在 {deadline:g} 秒内没有应答") from error
