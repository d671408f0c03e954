"""The log table of a report."""

from checks.log_facts import LogFile, Logs, Template
from checks.log_table import LogTable, Period, table

DAY = 86_400


def one(text: str, count: int, *, new: bool = False, level: str = "error", source: str = "/a") -> Template:
    first = f"{text} first" if count else ""
    return Template(key=text, source=source, level=level, text=text, count=count, new=new, first=first)


def logs(*templates: Template, days: int = 7, others: int = 0, cut: tuple[str, ...] = ()) -> Logs:
    since = 100 * DAY if days else 0
    file = LogFile(path="/a", inode=1, size=1)
    return Logs(since=since, until=since + days * DAY, files=(file,), templates=templates, others=others, cut=cut)


def test_new_first_then_by_growth() -> None:
    # Given
    before = logs(one("much", 100), one("grows", 7), one("gone", 5), one("mild", 0, level="warning"))
    now = logs(
        one("much", 110), one("grows", 70), one("gone", 0), one("mild", 9, level="warning"), one("new", 1, new=True)
    )
    # When
    found = table({"web-1": Period([now], [before])})
    # Then
    assert [(row.text, row.found, row.before, row.new) for row in found.rows] == [
        ("new", 1, 0, True),
        ("grows", 70, 7, False),
        ("much", 110, 100, False),
        ("mild", 9, 0, False),
    ]
    assert (found.rows[0].example, found.rows[0].host, found.rows[3].level) == ("new first", "web-1", "警告")


def test_by_day_where_periods_differ() -> None:
    now, before = logs(one("a", 140), one("b", 30), days=14), logs(one("a", 70), one("b", 1), days=7)
    assert [row.text for row in table({"h": Period([now], [before])}).rows] == ["b", "a"]


def test_several_readings_in_a_week_add_up() -> None:
    now = [logs(one("a", 3, new=True), days=1), logs(one("a", 4), days=1)]
    (row,) = table({"h": Period(now)}).rows
    assert (row.found, row.before, row.new) == (7, None, True)


def test_the_rest_is_counted() -> None:
    # Given
    hosts = {
        "a": Period([logs(*(one(f"k{n}", n + 1) for n in range(5)), others=100, cut=("/a",))]),
        "b": Period([logs(one("x", 50, source="journal"))]),
    }
    # When
    found = table(hosts, top=2)
    # Then
    assert [(row.host, row.source, row.found) for row in found.rows] == [("b", "系统日志", 50), ("a", "/a", 5)]
    assert (found.more_kinds, found.more_lines, found.incomplete) == (4, 110, ("a",))


def test_nothing() -> None:
    assert table({}) == table({"h": Period(())}) == LogTable(())
