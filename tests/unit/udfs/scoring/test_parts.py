"""Buckets and parts of a model: a part scores its tags as the whole does, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.scoring.buckets import MOST, buckets, components
from headrace_udfs.scoring.model import Scored
from headrace_udfs.scoring.parts import part
from headrace_udfs.scoring.sources import Sources
from headrace_udfs.scoring.tags import Tag
from support.worlds import two_sites


def named(parts: Sequence[Sequence[int]]) -> list[set[str]]:
    return [{two_sites.tags()[at].name.split(".")[0] for at in each} for each in parts]


def test_tags_that_are_compared_with_each_other_are_one_component() -> None:
    assert named(components(two_sites.tags())) == [{"n1", "n2", "n3"}, {"s1", "s2"}, {"lone"}]
    assert components([]) == buckets([]) == []


@st.composite
def _links(draw: st.DrawFn) -> list[Tag]:
    count = draw(st.integers(1, 60))
    near = st.lists(st.integers(0, count - 1), max_size=2).map(lambda ats: tuple(f"t{at}" for at in ats))
    return [Tag(f"t{at}", mates=draw(near), peers=draw(near)) for at in range(count)]


@given(_links())
def test_buckets_hold_every_tag_once_and_divide_no_component(tags: list[Tag]) -> None:
    of_tag = {tags[at].name: number for number, bucket in enumerate(buckets(tags)) for at in bucket}
    assert sorted(at for bucket in buckets(tags) for at in bucket) == list(range(len(tags)))
    assert all(of_tag[tag.name] == of_tag[other] for tag in tags for other in (*tag.mates, *tag.peers))
    sizes, largest = [len(bucket) for bucket in buckets(tags)], max(map(len, components(tags)))
    assert len(sizes) == min(MOST, len(components(tags)))
    assert min(sizes) > 0
    assert max(sizes) - min(sizes) <= largest


def test_ten_thousand_assets_fill_every_bucket_alike() -> None:
    tags = [
        Tag(f"a{asset}.{signal}", mates=tuple(f"a{asset}.{other}" for other in range(5) if other != signal))
        for asset in range(10_000)
        for signal in range(5)
    ]
    assert {len(bucket) for bucket in buckets(tags)} == {10_000 * 5 // 16}


def test_a_part_that_lacks_an_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"outside of the part: n1\.direction"):
        part(two_sites.model(), [0, 1])


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 9), st.integers(0, 2**3 - 1), st.lists(st.integers(0, 300), max_size=4).map(sorted), st.data())
def test_parts_score_as_the_whole(seed: int, choice: int, cuts: list[int], data: st.DataObject) -> None:
    whole, each = two_sites.model(), components(two_sites.tags())
    chosen = sorted(at for number, part_ in enumerate(each) if choice >> number & 1 or number == 0 for at in part_)
    times, values = two_sites.readings(seed, 2)
    values[data.draw(st.integers(0, 287)) :, data.draw(st.sampled_from(chosen))] *= 3
    alone, own = part(whole, chosen), values[:, chosen]
    _, expected = whole.score(whole.fresh(), times, values)
    state, found = alone.fresh(), []
    # Instants without a reading of these tags are not instants of the part.
    for first, last in zip([0, *cuts], [*cuts, len(times)], strict=True):
        there = np.flatnonzero(np.isfinite(own[first:last]).any(axis=1)) + first
        state, some = alone.score(state, times[there], own[there])
        found.append((there, some))
    rows = np.concatenate([there for there, _ in found])
    for field in fields(Scored):
        scored = np.concatenate([getattr(some, field.name) for _, some in found])
        np.testing.assert_array_equal(scored, getattr(expected, field.name)[np.ix_(rows, chosen)])


def test_a_mean_of_directions_is_the_same_alone_and_among_others() -> None:
    random = np.random.default_rng(3)
    values = random.uniform(0, 360, (50, 40))
    many = Sources(40, np.array([range(20), range(20, 40)]), np.array([True, True]))
    one = Sources(20, np.array([range(20)]), np.array([True]))
    times = np.arange(50)
    whole = many.columns(times, values)[:, 40]
    for row in range(50):
        assert one.columns(times[row : row + 1], values[row : row + 1, :20])[0, 20] == whole[row]
