"""PG01 可达: the page arrived, with a status that is not an error."""

from checks.contract import System
from checks.finding import State, Verdict
from checks.page_check import PageCheck, Part, held_up
from checks.visit import Visit


def evaluate(visit: Visit, system: System, part: Part) -> Verdict:
    """CRIT: an error status, a redirect loop, refused, reset or silent beyond the limit."""
    if visit.obstacle and visit.obstacle.kind in ("down", "redirect-loop"):
        return Verdict(State.CRIT, f"期望页面能打开，实际：{visit.obstacle.told}")
    answered = [document for document in visit.documents if document.status is not None]
    if not answered:
        return held_up(visit)
    for document in answered:
        if document.status is not None and document.status >= 400:
            return Verdict(State.CRIT, f"期望状态码小于 400，实际 {document.status}（{document.url}）")
    return Verdict(State.OK, f"{len(answered)} 次打开，状态码 {answered[-1].status}，期望小于 400")


CHECK = PageCheck("PG01", "可达", evaluate)
