"""What is kept in memory has a limit."""

from __future__ import annotations

from headrace.historian.read.cache import Cache


def test_what_was_not_asked_for_the_longest_is_let_go_where_all_weighs_too_much() -> None:
    made: list[str] = []
    kept: Cache[str] = Cache(6, len)

    def get(path: str) -> str:
        return kept.get(path, lambda: made.append(path) or path)  # type: ignore[func-returns-value]

    for path in ("aaa", "bbb", "aaa", "ccc", "aaa", "bbb"):
        assert get(path) == path
    assert made == ["aaa", "bbb", "ccc", "bbb"]


def test_what_alone_weighs_too_much_is_given_and_not_kept() -> None:
    kept: Cache[str] = Cache(2, len)
    assert kept.get("a", lambda: "long") == "long"
    assert kept.get("a", lambda: "b") == "b"
