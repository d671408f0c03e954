"""A TCP connection, opened and closed."""

from checks.safe_probe import Connect, Connected
from tasks.asking.way import Way
from tasks.ssh import Deadline


def connected(question: Connect, way: Way, patience: Deadline) -> Connected:
    """Refused and silent are answers here.

    Raises:
        NotTaken: it could not be tried.
    """
    try:
        way.connect(question.name, question.port, patience).close()
    except ConnectionRefusedError:
        return Connected(open=False, how="refused")
    except TimeoutError:
        return Connected(open=False, how="silent")
    return Connected(open=True, how="open")
