"""Missing is what nobody saw although somebody looked."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.records import Calibration, Release, Tiling
from models.vision.codes import READER, Code
from models.vision.detector import Detection
from models.vision.presence import (
    SEEN_AT,
    Look,
    Presence,
    Trace,
    box_traces,
    code_traces,
    overlooked,
    presence,
    probability,
)
from models.vocabulary import Cue, Part, Shot

BOX = (0.0, 0.0, 10.0, 10.0)


def trace(cue: Cue = Cue.ITSELF, sure: float = 1.0, source: str = "label@1") -> Trace:
    return Trace(cue=cue, probability=sure, xyxy=BOX, source=source)


TRACES = st.lists(
    st.builds(trace, st.sampled_from(Cue), st.floats(0, 1)), max_size=6
)  # fmt: skip


@pytest.mark.parametrize(
    ("part", "traces", "expected"),
    [
        (Part.LABEL, [], 0.0),
        (Part.LABEL, [trace(sure=0.3)], 0.3),  # the model's own word stands as it is
        (
            Part.LABEL,
            [trace(sure=0.3), trace(sure=0.2)],
            0.3,
        ),  # two boxes are one label, seen twice
        (Part.LABEL, [trace(Cue.BARCODE, 1.0)], 0.90),  # cartons print bars too
        (Part.LABEL, [trace(Cue.QR, 1.0)], 0.97),
        (Part.LABEL, [trace(Cue.BARCODE, 1.0), trace(Cue.QR, 1.0)], 0.97),
        (Part.LABEL, [trace(sure=0.4), trace(Cue.BARCODE, 0.4), trace(Cue.QR, 0.4)], 0.4),
        (Part.LABEL, [trace(sure=0.3), trace(Cue.BARCODE, 0.5)], 0.45),
        (Part.BARCODE, [trace(Cue.LINEAR_CODE, 0.997)], 0.997),
        (Part.BARCODE, [trace(Cue.MATRIX_CODE, 1.0)], 0.0),  # another code is no barcode
        (Part.QR, [trace(Cue.CODE_PATTERN, 0.98)], 0.98),
        (Part.PACKAGE, [trace(Cue.LINEAR_CODE, 1.0), trace(sure=0.4)], 0.4),
    ],
)
def test_the_strongest_evidence_speaks(part, traces, expected):
    assert probability(part, traces) == pytest.approx(expected)


@pytest.mark.parametrize("part", Part)
@given(traces=TRACES, more=TRACES)
def test_more_evidence_never_makes_a_part_less_sure(part, traces, more):
    before, after = probability(part, traces), probability(part, traces + more)
    assert 0 <= before <= after + 1e-12 <= 1 + 1e-9


@given(traces=TRACES)
def test_the_order_of_the_evidence_means_nothing(traces):
    told = {probability(Part.LABEL, list(order)) for order in itertools.permutations(traces[:4])}
    assert max(told) - min(told) < 1e-12


def found(*looks: list[Trace]) -> Presence:
    places = [Look(place=place, traces=tuple(traces)) for place, traces in enumerate(looks)]
    told = presence(Shot.SHIPPING_LABEL, Part.LABEL, places)
    assert told
    return told


@pytest.mark.parametrize(
    ("looks", "place", "is_seen"),
    [
        ([[]], 0, False),
        ([[trace(sure=0.9)]], 0, True),
        ([[], [trace(sure=0.9)]], 1, True),  # one photo that shows it is enough
        ([[trace(sure=0.3)], [trace(sure=0.4)]], 1, False),  # two faint ones are not
        ([[trace(sure=0.2)], [trace(sure=0.2)]], 0, False),  # of equals the first photo
        ([[trace(sure=SEEN_AT)]], 0, True),
    ],
)
def test_the_photo_that_speaks_for_it_most_decides(looks, place, is_seen):
    told = found(*looks)
    assert (told.place, told.is_seen) == (place, is_seen)
    assert told.probability == probability(Part.LABEL, looks[place])


def test_what_is_not_reported_makes_an_absence_less_sure_and_no_more():
    faint = Trace(cue=Cue.ITSELF, probability=0.8, xyxy=BOX, source="label@1", is_reported=False)
    told = found([faint])
    assert (told.probability, told.is_seen) == (0.8, False)
    assert found([faint, trace(Cue.BARCODE, 0.6)]).is_seen


def test_where_nobody_looked_nothing_is_known():
    assert presence(Shot.SHIPPING_LABEL, Part.LABEL, []) is None


def test_the_most_telling_evidence_comes_first_and_each_kind_once():
    told = found(
        [trace(Cue.BARCODE, 0.8), trace(Cue.BARCODE, 0.9), trace(Cue.QR, 0.9), trace(sure=0.1)]
    )
    assert [(t.cue, t.probability) for t in told.traces] == [
        (Cue.QR, 0.9),
        (Cue.BARCODE, 0.9),
        (Cue.ITSELF, 0.1),
    ]  # fmt: skip


def test_what_says_nothing_of_a_part_is_no_evidence_of_it():
    looks = [Look(place=0, traces=(trace(Cue.LINEAR_CODE), trace(sure=0.4)))]
    told = presence(Shot.OUTSIDE, Part.PACKAGE, looks)
    assert told
    assert [t.cue for t in told.traces] == [Cue.ITSELF]


def card(*, threshold: float = 0.5, **presence: Calibration) -> Release:
    return Release(
        name="label",
        version="1",
        sha256="0" * 64,
        classes=("label", "barcode", "qr"),
        sees={},
        input_name="images",
        input_side_px=64,
        output_name="output0",
        tiling=Tiling(overlap_px=0, max_side_px=64),
        thresholds=dict.fromkeys(("label", "barcode", "qr", "package", "stain"), threshold),
        licence="Apache-2.0",
        presence=presence,
    )


def knots(none: float, sure: float) -> Calibration:
    return Calibration(raw=(0.0, 1.0), calibrated=(none, sure))


def detection(kind: str, sure: float = 0.7) -> Detection:
    return Detection(kind=kind, raw=0.5, probability=sure, xyxy=BOX)


@pytest.mark.parametrize(
    ("part", "kinds", "cues"),
    [
        (Part.LABEL, ["label", "barcode", "qr"], [Cue.ITSELF, Cue.BARCODE, Cue.QR]),
        (Part.LABEL, ["package", "stain"], []),
        (Part.BARCODE, ["label", "barcode", "qr"], [Cue.ITSELF]),
        (Part.QR, ["label", "barcode", "qr"], [Cue.ITSELF]),
        (Part.PACKAGE, ["package", "label"], [Cue.ITSELF]),
    ],
)
def test_boxes_of_a_release_become_evidence(part, kinds, cues):
    traces = list(box_traces(part, [detection(kind) for kind in kinds], card(), "label@1"))
    assert [t.cue for t in traces] == cues
    assert {(t.probability, t.xyxy, t.source) for t in traces} <= {(0.7, BOX, "label@1")}


def test_a_card_that_knows_says_what_a_box_means_for_the_photo():
    boxes = [detection("label"), detection("barcode")]
    told = list(box_traces(Part.LABEL, boxes, card(label=knots(0.1, 0.9)), "label@1"))
    assert [t.probability for t in told] == pytest.approx([0.5, 0.7])


@pytest.mark.parametrize(("threshold", "is_reported"), [(0.5, True), (0.51, False)])
def test_a_box_below_the_threshold_is_not_reported(threshold, is_reported):
    (told,) = box_traces(Part.LABEL, [detection("label")], card(threshold=threshold), "label@1")
    assert told.is_reported is is_reported


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ([], 0.0),
        ([card()], 0.0),
        ([card(label=knots(0.1, 0.9))], 0.1),
        ([card(barcode=knots(0.1, 0.9))], 0.0),  # says nothing of labels
        ([card(label=knots(0.1, 0.9)), card(label=knots(0.04, 0.9))], 0.04),  # both looked
    ],
)
def test_what_a_model_overlooks_leaves_a_doubt(cards, expected):
    unseen = overlooked(Part.LABEL, cards)
    assert unseen == expected
    looks = [Look(place=0, traces=(), overlooked=unseen)]
    told = presence(Shot.SHIPPING_LABEL, Part.LABEL, looks)
    assert told
    assert (told.probability, told.is_seen) == (expected, False)


@pytest.mark.parametrize(
    ("is_matrix", "is_read", "cue"),
    [
        (False, True, Cue.LINEAR_CODE),
        (True, True, Cue.MATRIX_CODE),
        (True, False, Cue.CODE_PATTERN),
    ],
)
def test_codes_become_evidence(is_matrix, is_read, cue):
    code = Code(format="x", is_matrix=is_matrix, is_read=is_read, xyxy=BOX)
    (told,) = code_traces([code])
    assert (told.cue, told.source, told.xyxy) == (cue, READER, BOX)
    assert probability(Part.LABEL, [told]) > 0.85


def test_a_code_that_was_read_is_surer_than_its_pattern():
    read, pattern = code_traces(
        Code(format="QR Code", is_matrix=True, is_read=is_read, xyxy=BOX)
        for is_read in (True, False)
    )
    assert read.probability > pattern.probability
