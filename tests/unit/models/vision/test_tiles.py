"""Tiles cover every pixel; what they say of one object is joined to one box."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.records import Tiling
from models.vision.geometry import areas, overlaps
from models.vision.tiles import Sighting, Tile, is_cut, merge, plan, reduced_size

lengths = st.integers(1, 2000)
SIDE = 100


def tiling(overlap_px: int = 20, *, whole_photo: bool = False) -> Tiling:
    return Tiling(overlap_px=overlap_px, max_side_px=4000, whole_photo=whole_photo)


def sighting(*xyxy: float, raw: float = 0.9, cut: bool = False, look: int = 0) -> Sighting:
    return Sighting(kind="stain", raw=raw, xyxy=xyxy, is_cut=cut, look=look)


def pieces(objects, tiles, width, height) -> list[Sighting]:
    """What a perfect model says of rectangles: on each tile, the part that the tile shows."""
    found = []
    for (look, tile), (place, one) in itertools.product(enumerate(tiles), enumerate(objects)):
        x1, y1, x2, y2 = tile.xyxy
        part = (max(one[0], x1), max(one[1], y1), min(one[2], x2), min(one[3], y2))
        if part[2] - part[0] >= 1 and part[3] - part[1] >= 1:
            cut = is_cut(part, tile, width, height)
            found.append(sighting(*map(float, part), raw=0.5 + place / 100, cut=cut, look=look))
    return found


@given(lengths, lengths, st.integers(16, 700), st.integers(0, 800), st.booleans())
def test_every_pixel_is_covered(width, height, side, overlap, whole):
    tiles = plan(width, height, side, tiling(overlap, whole_photo=whole))
    cut = tiles[1:] if whole and len(tiles) > 1 else tiles
    for axis, length in ((0, width), (1, height)):
        spans = sorted({(tile.xyxy[axis], tile.xyxy[axis + 2]) for tile in cut})
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        assert all(after[0] <= before[1] for before, after in itertools.pairwise(spans))


@given(lengths, lengths, st.integers(16, 700), st.integers(0, 699))
def test_tiles_fit_and_share_what_was_asked_for(width, height, side, overlap):
    assume(2 * overlap <= side)
    tiles = plan(width, height, side, tiling(overlap))
    for axis in (0, 1):
        spans = sorted({(tile.xyxy[axis], tile.xyxy[axis + 2]) for tile in tiles})
        assert all(end - start <= side for start, end in spans)
        assert all(before[1] - after[0] >= overlap for before, after in itertools.pairwise(spans))
    assert all(tile.x >= 0 and tile.x + tile.width <= width for tile in tiles)


def test_what_fits_is_one_tile():
    assert plan(100, 60, SIDE, tiling(whole_photo=True)) == (Tile(x=0, y=0, width=100, height=60),)


def test_the_whole_photo_comes_first_where_asked_for():
    tiles = plan(180, 100, SIDE, tiling(whole_photo=True))
    assert [tile.xyxy for tile in tiles] == [(0, 0, 180, 100), (0, 0, 100, 100), (80, 0, 180, 100)]


@pytest.mark.parametrize(
    ("size", "expected"),
    [((4000, 3000), (1000, 750)), ((800, 600), (800, 600)), ((9000, 2), (1000, 1))],
)
def test_large_photos_are_reduced_small_ones_are_not_enlarged(size, expected):
    assert reduced_size(*size, 1000) == expected


@pytest.mark.parametrize(
    ("xyxy", "cut"),
    [
        ((20, 20, 50, 50), False),
        ((20, 20, 99, 50), True),  # ends at the border to the next tile
        ((20, 20, 50, 99), True),
        ((0, 20, 50, 50), False),  # the photo's own border cuts nothing
    ],
)
def test_only_inner_borders_cut(xyxy, cut):
    assert is_cut(xyxy, Tile(x=0, y=0, width=100, height=100), 180, 180) is cut


def test_a_cut_box_gives_way_to_the_whole_one():
    whole, part = sighting(90, 10, 130, 50, raw=0.6, look=1), sighting(90, 10, 100, 50, cut=True)
    assert merge([part, whole]) == (sighting(90, 10, 130, 50, raw=0.9, look=1),)


def test_pieces_without_a_whole_are_joined():
    left, right = sighting(10, 10, 100, 50, cut=True), sighting(80, 10, 170, 50, cut=True)
    assert [one.xyxy for one in merge([left, right])] == [(10, 10, 170, 50)]


def test_pieces_are_joined_without_overlap_too():
    left, right = sighting(10, 10, 100, 50, cut=True), sighting(100, 11, 170, 50, cut=True)
    assert [one.xyxy for one in merge([left, right])] == [(10, 10, 170, 50)]


def test_different_kinds_and_different_places_stay_apart():
    apart = (
        sighting(10, 10, 40, 40),
        replace(sighting(10, 10, 40, 40), kind="scratch"),
        sighting(60, 60, 90, 90),
        sighting(99, 10, 150, 20, cut=True),
        sighting(99, 40, 150, 90, cut=True),
    )
    assert set(merge(apart)) == set(apart)


def test_a_small_mark_inside_a_large_one_stays_where_one_look_saw_both():
    both = (sighting(0, 0, 90, 90), sighting(10, 10, 20, 20, raw=0.8))
    assert merge(both) == both


def test_of_two_looks_at_one_mark_the_surer_stays():
    coarse, fine = sighting(8, 8, 24, 24, raw=0.4), sighting(10, 10, 20, 20, raw=0.8, look=3)
    assert merge([coarse, fine]) == (fine,)
    assert merge([replace(coarse, raw=0.8), fine]) == (fine,)
    assert merge([replace(coarse, raw=0.9), fine]) == (replace(coarse, raw=0.9),)


def test_nothing_gives_nothing():
    assert merge([]) == ()


spots = st.tuples(
    st.integers(0, 380), st.integers(0, 280), st.integers(3, 60), st.integers(3, 60)
).map(lambda s: (s[0], s[1], min(400, s[0] + s[2]), min(300, s[1] + s[3])))


def _are_apart(objects, gap: int = 12) -> bool:
    boxes = np.array(objects, np.float64) + np.array([-gap, -gap, gap, gap])
    return all(np.count_nonzero(overlaps(box, boxes)[0]) == 1 for box in boxes)


@given(st.lists(spots, min_size=1, max_size=5), st.integers(0, 60), st.booleans())
def test_separate_objects_come_back_exactly_once(objects, overlap, whole):
    assume(_are_apart(objects))
    tiles = plan(400, 300, SIDE, tiling(overlap, whole_photo=whole))
    merged = merge(pieces(objects, tiles, 400, 300))
    assert sorted(one.xyxy for one in merged) == sorted(objects)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(150, 350), st.integers(120, 250))
def test_an_object_larger_than_a_tile_becomes_one_box(x, y, width, height):
    large = (x, y, min(400, x + width), min(300, y + height))
    tiles = plan(400, 300, SIDE, tiling())
    assert [one.xyxy for one in merge(pieces([large], tiles, 400, 300))] == [large]


anything = st.builds(
    lambda x, y, w, h, raw, cut, look: sighting(x, y, x + w, y + h, raw=raw, cut=cut, look=look),
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(1, 100),
    st.integers(1, 100),
    st.sampled_from([0.2, 0.5, 0.9]),
    st.booleans(),
    st.integers(0, 3),
)


@given(st.lists(anything, max_size=12), st.randoms())
def test_order_changes_nothing_and_nothing_is_invented(sightings, random):
    merged = merge(sightings)
    shuffled = list(sightings)
    random.shuffle(shuffled)
    assert merge(shuffled) == merged
    assert len(merged) <= len(sightings)
    assert all(areas(np.array([one.xyxy])) > 0 for one in merged)
    best = max((one.raw for one in sightings), default=None)
    assert max((one.raw for one in merged), default=None) == best
