import pytest

from training.metrics import Seen
from training.sizes import SIZES, sized

# On a photo of 1,000 px: 2 %, 5 % and 20 %.
SMALL, MEDIUM, LARGE = (0.0, 0.0, 20.0, 5.0), (100.0, 0.0, 110.0, 50.0), (300.0, 0.0, 500.0, 200.0)
FAR = (900.0, 900.0, 950.0, 950.0)
NAMES = {"small": SMALL, "medium": MEDIUM, "large": LARGE}


@pytest.mark.parametrize("size", SIZES)
def test_defects_of_other_sizes_and_the_boxes_on_them_are_left_out(size: str) -> None:
    mixed = Seen(
        truth=(SMALL, MEDIUM, LARGE),
        boxes=(SMALL, MEDIUM, LARGE, FAR),
        scores=(0.1, 0.2, 0.3, 0.4),
        side_px=1000,
    )
    at, [found] = sized([mixed], size)

    assert at == [0]
    assert found.truth == (NAMES[size],)
    assert found.boxes == (NAMES[size], FAR)  # the false box stays false
    assert found.scores == pytest.approx((0.1 * (1 + list(NAMES).index(size)), 0.4))


def test_clean_photos_stay_and_photos_of_other_sizes_go() -> None:
    photos = [
        Seen(truth=(LARGE,), side_px=1000),
        Seen(boxes=(FAR,), scores=(0.5,), side_px=1000),
        Seen(truth=(SMALL,), side_px=1000),
    ]
    at, found = sized(photos, "small")

    assert at == [1, 2]
    assert found == photos[1:]


@pytest.mark.parametrize(
    ("side", "size"), [(29.9, "small"), (30.0, "medium"), (99.9, "medium"), (100.0, "large")]
)
def test_the_bounds_belong_to_the_larger_size(side: float, size: str) -> None:
    photo = Seen(truth=((0.0, 0.0, side, 1.0),), side_px=1000)
    assert [name for name in SIZES if sized([photo], name)[0]] == [size]


def test_where_the_photo_s_size_is_unknown_nothing_is_small() -> None:
    assert all(sized([Seen(truth=(SMALL,))], name) == ([], []) for name in SIZES)
