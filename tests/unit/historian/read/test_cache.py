"""The cache of file metadata has a size limit."""

from __future__ import annotations

from headrace.historian.read.cache import Cache


def test_the_least_recently_used_value_is_dropped_when_the_sizes_exceed_the_limit() -> None:
    loaded: list[str] = []
    cache: Cache[str] = Cache(6, len)

    def get(path: str) -> str:
        return cache.get(path, lambda: loaded.append(path) or path)  # type: ignore[func-returns-value]

    for path in ("aaa", "bbb", "aaa", "ccc", "aaa", "bbb"):
        assert get(path) == path
    assert loaded == ["aaa", "bbb", "ccc", "bbb"]


def test_a_value_larger_than_the_limit_is_returned_and_not_stored() -> None:
    cache: Cache[str] = Cache(2, len)
    assert cache.get("a", lambda: "long") == "long"
    assert cache.get("a", lambda: "b") == "b"


def test_two_threads_that_load_one_path_both_get_the_first_value() -> None:
    cache: Cache[str] = Cache(9, len)

    def second() -> str:
        cache.get("a", lambda: "first")
        return "second"

    assert cache.get("a", second) == "first"
