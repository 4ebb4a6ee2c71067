"""Figures by hand, against scikit-learn, and with weights against photos repeated."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from training.metrics import Seen, false_boxes, threshold_allowing
from training.tally import FIGURES, Tally, Weighed, average_precision, measured

A, B, FAR = (0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 30.0, 30.0), (50.0, 50.0, 60.0, 60.0)
LOOSELY_A = (0.0, 0.0, 10.0, 4.0)  # 0.4 of A


def figures(seen: Sequence[Seen], threshold: float = 0.5) -> dict[str, float]:
    found = measured(Tally.of(seen).plain(), threshold)
    return {name: float(values[0]) for name, values in found.items()}


@pytest.mark.parametrize(
    ("found", "truths", "expected"),
    [
        ([True], 1, 1.0),
        ([False], 1, 0.0),
        ([], 3, 0.0),
        # found, missed, found of two: precision 1 up to recall 0.5 (51 of the 101 points), 2/3 beyond
        ([True, False, True], 2, (51 * 1 + 50 * 2 / 3) / 101),
        # the first is wrong, then both: the envelope is 2/3 everywhere
        ([False, True, True], 2, 2 / 3),
        # one of four at once, nothing more: 26 points (0 to 0.25) at precision 1
        ([True, False, False], 4, 26 / 101),
    ],
)
def test_average_precision_by_hand(found: list[bool], truths: int, expected: float) -> None:
    flags = np.array(found, bool)
    right, shown = np.cumsum(flags)[flags], np.arange(1, len(found) + 1)[flags]

    [value] = average_precision(right[None], shown[None], np.array([truths]))
    assert value == pytest.approx(expected)


def test_all_figures_of_a_small_bench() -> None:
    told = figures(
        [
            Seen(truth=(A, B), boxes=(A, FAR), scores=(0.9, 0.3)),
            Seen(truth=(A,), boxes=(A,), scores=(0.6,)),
            Seen(boxes=(FAR,), scores=(0.7,)),
            *[Seen() for _ in range(9)],
        ]
    )

    # hits by score: 0.9 yes, 0.7 no, 0.6 yes, 0.3 no; three to find
    assert told["ap50"] == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)
    assert [told["ap50_95"], told["ap30"]] == pytest.approx([told["ap50"]] * 2)
    assert told["recall"] == pytest.approx(2 / 3)
    assert told["precision"] == pytest.approx(2 / 3)
    # ten clean photos may show one box: 0.7 stays, and everything above 0 with it
    assert told["recall_at_01_false_boxes"] == pytest.approx(2 / 3)
    assert told["false_boxes_per_clean_photo"] == pytest.approx(0.1)
    assert told["clean_photos_flagged"] == pytest.approx(0.1)
    assert told["photos_found"] == 1.0
    assert told["photos_right"] == pytest.approx(11 / 12)
    # stained tops 0.9 and 0.6 against 0.7 and nine zeros: 19 of 20 pairs are in order
    assert told["photo_auroc"] == pytest.approx(19 / 20)
    assert told["photo_ap"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    # B is found at no score, so 0.85 of three is never reached
    assert told["false_boxes_at_recall_85"] == math.inf


def test_loose_boxes_count_where_the_figure_says_so() -> None:
    told = figures(
        [
            Seen(truth=(A,), boxes=(LOOSELY_A,), scores=(0.9,)),
            Seen(truth=(B,), boxes=(B,), scores=(0.8,)),
            Seen(boxes=(FAR, B), scores=(0.85, 0.1)),
            Seen(),
        ]
    )

    assert (told["recall"], told["recall_iou30"]) == (0.5, 1.0)
    assert (told["precision"], told["precision_iou30"]) == (
        pytest.approx(1 / 3),
        pytest.approx(2 / 3),
    )
    # no false box may be shown on two photos at 0.1 and at 0.2: only what scores above 0.85 counts
    assert (told["recall_at_02_false_boxes"], told["recall_iou30_at_02_false_boxes"]) == (0, 0.5)
    # both are found from 0.8 on, where one of two clean photos shows one box
    assert told["false_boxes_at_recall_85_iou30"] == 0.5
    assert told["false_boxes_at_recall_85"] == math.inf


@pytest.mark.parametrize(
    ("seen", "unknown"),
    [
        # nothing to find
        ([Seen()], set(FIGURES) - {"false_boxes_per_clean_photo", "clean_photos_flagged", "photos_right"}),
        # nothing clean
        (
            [Seen(truth=(A,), boxes=(A,), scores=(0.9,))],
            {
                "recall_at_01_false_boxes", "recall_at_02_false_boxes",
                "recall_iou30_at_01_false_boxes", "recall_iou30_at_02_false_boxes",
                "false_boxes_at_recall_85", "false_boxes_at_recall_85_iou30", "photo_auroc",
                "photo_ap", "false_boxes_per_clean_photo", "clean_photos_flagged",
            },
        ),
        # nothing at all
        ([], set(FIGURES)),
    ],
)  # fmt: skip
def test_what_the_photos_cannot_tell_is_unknown(seen: list[Seen], unknown: set[str]) -> None:
    assert {name for name, value in figures(seen).items() if math.isnan(value)} == unknown


# A busy machine is no failure.
calm = settings(deadline=None, max_examples=50)
# Few different scores, so that ties happen.
SCORES = st.sampled_from([0.1, 0.25, 0.5, 0.5, 0.75, 0.9])
PHOTOS = st.builds(
    lambda truth, found: Seen(
        truth=truth, boxes=tuple(b for b, _ in found), scores=tuple(s for _, s in found)
    ),
    st.sampled_from([(), (), (A,), (A, B)]),
    st.lists(st.tuples(st.sampled_from([A, B, FAR, LOOSELY_A]), SCORES), max_size=4),
)


@calm
@given(st.lists(PHOTOS, min_size=1, max_size=8))
def test_figures_by_photo_are_scikit_learn_s(seen: list[Seen]) -> None:
    truth, tops = [bool(s.truth) for s in seen], [s.top for s in seen]
    told = figures(seen)
    if all(truth) or not any(truth):
        assert math.isnan(told["photo_auroc"])
        assert math.isnan(told["photo_ap"])
    else:
        assert told["photo_auroc"] == pytest.approx(roc_auc_score(truth, tops))
        assert told["photo_ap"] == pytest.approx(average_precision_score(truth, tops))


@calm
@given(st.lists(PHOTOS, min_size=1, max_size=8))
def test_recall_is_that_at_the_threshold_that_allows_the_false_boxes(seen: list[Seen]) -> None:
    clean = [s for s in seen if not s.truth]
    if not clean or len(clean) == len(seen):
        return
    at = Tally.of(seen).plain()
    threshold = threshold_allowing(clean, 0.2)

    assert at.recall_allowing(0.2)[0] == pytest.approx(at.recall(threshold)[0])
    assert at.false_boxes(threshold)[0] == pytest.approx(false_boxes(clean, threshold))


@calm
@given(st.lists(PHOTOS, min_size=1, max_size=6), st.data())
def test_a_weight_is_a_photo_repeated(seen: list[Seen], data: st.DataObject) -> None:
    times = data.draw(st.lists(st.integers(0, 3), min_size=len(seen), max_size=len(seen)))
    # Repeated side by side, so that photos of equal scores keep their order.
    repeated = [s for s, count in zip(seen, times, strict=True) for _ in range(count)]
    weights = np.array([times, np.ones(len(seen))], np.float64)

    told = measured(Weighed(Tally.of(seen), weights), 0.5)

    for name, value in figures(repeated).items():
        if not name.startswith("ap"):  # where boxes tie, AP depends on their order
            assert told[name][0] == pytest.approx(value, nan_ok=True), name
    for name, value in figures(seen).items():
        assert told[name][1] == pytest.approx(value, nan_ok=True), name


def test_average_precision_with_weights_is_that_of_repeated_photos() -> None:
    rng = np.random.default_rng(1)
    seen = [
        Seen(truth=(A, B)[: rng.integers(0, 3)], boxes=(A, FAR, B), scores=tuple(rng.random(3)))
        for _ in range(12)
    ]
    times = rng.integers(0, 4, 12)
    repeated = [s for s, count in zip(seen, times, strict=True) for _ in range(count)]

    told = measured(Weighed(Tally.of(seen), times[None].astype(np.float64)), 0.5)

    # Copies of one photo tie: COCO then reads precision between them, which weights cannot.
    assert told["ap50"][0] == pytest.approx(figures(repeated)["ap50"], abs=0.02)


@calm
@given(st.lists(PHOTOS, min_size=1, max_size=8), st.data())
def test_some_photos_tell_what_they_tell_alone(seen: list[Seen], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(seen), max_size=len(seen)))
    some = Tally.of(seen).only(np.array(kept, bool))

    alone = figures([s for s, chosen in zip(seen, kept, strict=True) if chosen])
    for name, values in measured(some.plain(), 0.5).items():
        assert float(values[0]) == pytest.approx(alone[name], nan_ok=True), name


def test_recall_counts_boxes_not_photos() -> None:
    seen = [
        Seen(truth=(A, B, FAR), boxes=(A,), scores=(0.9,)),
        Seen(truth=(A,), boxes=(A,), scores=(0.2,)),
    ]

    assert figures(seen, 0.5)["recall"] == pytest.approx(1 / 4)
    assert figures(seen, 0.1)["recall"] == pytest.approx(2 / 4)
