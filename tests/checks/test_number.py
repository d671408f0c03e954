"""Numbers that know where they come from."""

from fractions import Fraction

import pytest

from checks.number import MARKS, Number, count, noted, row, total

UNKNOWN = Number(None, "q", ("run 1",))


def test_a_count_is_the_number_of_its_rows() -> None:
    number = count("missed", (row("slot", name) for name in "ab"))
    assert (number.value, number.rows, f"{number}") == (2, ("slot a", "slot b"), "2")


def test_a_sum_rests_on_the_rows_of_both_each_once() -> None:
    both = count("a", ["x", "y"]) + count("b", ["y", "z"])
    assert (both.value, both.query, both.rows) == (4, "a + b", ("x", "y", "z"))
    assert total([Number(1, "a"), Number(2, "a")]) == Number(3, "a")
    assert (Number(3, "a") - Number(1, "b")).query == "a − b"
    assert (Number(3, "a") - 1).value == 2


def test_what_is_not_known_stays_unknown() -> None:
    """It is neither nothing nor less nor more than anything, and makes a sum unknown."""
    assert f"{UNKNOWN}" == "不明"
    assert (UNKNOWN + 1).value is None
    assert total([Number(1), UNKNOWN]).value is None
    assert bool(UNKNOWN)
    assert UNKNOWN != 0
    compared = [UNKNOWN < 5, UNKNOWN <= 5, UNKNOWN > 5, UNKNOWN >= 5, Number(5) > UNKNOWN, Number(5) >= UNKNOWN]
    assert compared == [False] * 6


def test_order() -> None:
    assert Number(1) < 2 <= Number(2) < Number(Fraction(5, 2)) < 3
    assert Number(3) > Number(2) >= 2
    assert not Number(0)


def test_a_number_is_no_bare_number() -> None:
    for take in (int, float, lambda number: f"{number:d}", lambda number: "%d" % number):  # noqa: UP031
        with pytest.raises(TypeError):
            take(Number(3))


def test_within_a_report_a_number_is_marked_wherever_it_becomes_text() -> None:
    number = Number(99.5, "q", text=f"99.5{MARKS[2]}%")  # a mark in its text is none
    with noted("key") as seen:
        text = f"可用率 {number}"
    begin, middle, end = MARKS
    assert text == f"可用率 {begin}key0{middle}99.5\ufffd%{end}"
    assert seen == [number]
    assert f"{Number(1)}" == "1"
