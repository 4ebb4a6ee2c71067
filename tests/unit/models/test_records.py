import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from models import opinions as told_by_people
from models import records
from models.errors import RecordInvalid
from models.opinions import Changed, Commitment, Drawn, Moved
from models.record import Record
from models.records import (
    Acknowledgement,
    Answer,
    Calibration,
    CameraSetup,
    Decision,
    Finding,
    Inspection,
    Judgement,
    LowerPrecision,
    Opinion,
    Photo,
    Release,
    Routing,
    Tiling,
)
from models.vocabulary import (
    Action,
    CaseKind,
    Category,
    Defect,
    Destination,
    Dimension,
    Disposition,
    Fault,
    Grade,
    Language,
    Reason,
    Shot,
    Verdict,
)
from tests.factories import NOON, finding, inspection, judgement, photo, routing, sha256

calm = settings(deadline=None)

hashes = st.binary(max_size=8).map(sha256)
identifiers = st.text("aZ09_.:@/+-é件", min_size=1, max_size=20)
codes = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda text: text.strip()
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
shares = st.floats(0, 1)
amounts = st.floats(-1e6, 1e6)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
times = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=offsets)  # noqa: DTZ001 - hypothesis wants naive bounds


def some(of, **kinds):
    return st.lists(of, max_size=4, **kinds).map(tuple)


def each_of(words):
    return st.lists(st.sampled_from(words), unique=True, max_size=4).map(tuple)


def table(keys, values):
    return st.dictionaries(st.sampled_from(keys), values, max_size=5)


boxes = st.tuples(
    st.floats(0, 5000), st.floats(0, 5000), st.floats(0.5, 900), st.floats(0.5, 900)
).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
settings_of_cameras = st.none() | st.floats(0, 20_000)
setups = st.builds(
    CameraSetup,
    name=identifiers,
    frame=st.integers(0, 10**9),
    exposure_ms=settings_of_cameras,
    gain=settings_of_cameras,
    white_balance_k=settings_of_cameras,
    focus=settings_of_cameras,
    is_reported=st.booleans(),
)
photos = st.builds(
    Photo,
    sha256=hashes,
    thumbnail_sha256=st.none() | hashes,
    shot=st.sampled_from(Shot),
    width=st.integers(1, 60_000),
    height=st.integers(1, 60_000),
    size_bytes=st.integers(1, 10**9),
    media_type=st.sampled_from(["image/jpeg", "image/png", "image/webp"]),
    taken_at=times,
    faults=each_of(Fault),
    insisted=st.booleans(),
    camera=st.none() | setups,
)
findings = st.builds(
    Finding,
    finding_id=identifiers,
    defect=st.sampled_from(Defect),
    probability=shares,
    photo_sha256=hashes,
    shot=st.sampled_from(Shot),
    xyxy=boxes,
    size_mm=st.none() | st.floats(0, 1e5),
    size_share=shares,
    release=identifiers,
)
answers = st.builds(Answer, question=identifiers, choice=identifiers)
judgements = st.builds(
    Judgement,
    scores=table(Dimension, st.floats(0, 100)),
    grade=table(Grade, shares),
    disposition=st.sampled_from(Disposition),
    expected_value=table(Disposition, amounts),
    gates=some(identifiers),
    clauses=some(identifiers),
)
reviews = st.builds(
    Routing,
    to=st.just(Destination.REVIEW),
    reasons=each_of(Reason).filter(bool),
    stake=st.floats(0, 1e6),
    policy=identifiers,
    risk=st.none() | shares,
    by_machine=st.none() | amounts,
    by_person=st.none() | amounts,
    item_value=st.none() | st.floats(0.01, 1e6),
    certificate=st.none() | identifiers,
    audit_probability=st.none() | shares,
)
automatics = st.builds(
    Routing, to=st.just(Destination.AUTOMATIC), reasons=st.just(()), policy=identifiers
)
routings = reviews | automatics


@st.composite
def inspections(draw):
    taken = draw(some(photos))
    on = st.sampled_from([p.sha256 for p in taken]) if taken else st.nothing()
    found = some(findings, unique_by=lambda f: f.finding_id)
    suspected = [f.model_copy(update={"photo_sha256": draw(on)}) for f in draw(found) if taken]
    return draw(
        st.builds(
            Inspection,
            inspection_id=identifiers,
            supersedes=st.none() | identifiers,
            return_code=codes,
            category=st.sampled_from(Category),
            station=identifiers,
            operator=st.none() | identifiers,
            started_at=times,
            finished_at=times,
            photos=st.just(taken),
            findings=st.just(tuple(suspected)),
            answers=some(answers),
            not_seen=each_of(Shot),
            not_assessable=each_of(Defect),
            standard=identifiers,
            releases=some(identifiers),
            judgement=judgements,
            routing=routings,
        )
    )


acknowledgements = st.builds(
    Acknowledgement, inspection_id=identifiers, sha256=hashes, routing=routings
)
moves = st.builds(Moved, old=boxes, new=boxes)
drawings = st.builds(
    Drawn,
    finding_id=identifiers,
    defect=st.sampled_from(Defect),
    photo_sha256=hashes,
    xyxy=boxes,
)
changes = st.builds(Changed, question=identifiers, old=st.none() | identifiers, new=identifiers)
commitments = st.builds(
    Commitment,
    grade=st.sampled_from(Grade),
    disposition=st.sampled_from(Disposition),
    committed_at=times,
)
said = {
    "opinion_id": identifiers,
    "inspection_id": identifiers,
    "case_id": st.none() | identifiers,
    "kind": st.sampled_from(CaseKind),
    "reviewer": identifiers,
    "given_at": times,
    "verdicts": st.dictionaries(identifiers, st.sampled_from(Verdict), max_size=3),
    "moved": st.dictionaries(identifiers, moves, max_size=3),
    "drawn": some(drawings),
    "answers": some(changes),
    "reasons": some(identifiers),
    "committed": st.none() | commitments,
    "corrects": st.none() | identifiers,
    "seconds": st.none() | st.floats(0, 1e6),
    "note": texts,
}
opinions = st.builds(
    Opinion,
    action=st.sampled_from([Action.DECIDED, Action.SECOND]),
    grade=st.sampled_from(Grade),
    disposition=st.sampled_from(Disposition),
    **said,
) | st.builds(
    Opinion, action=st.just(Action.RETAKE), wish=st.none() | st.sampled_from(Shot), **said
)
decisions = st.builds(
    Decision,
    decision_id=identifiers,
    inspection_id=identifiers,
    supersedes=st.none() | identifiers,
    opinions=some(identifiers),
    decided_by=identifiers,
    decided_at=times,
    grade=st.sampled_from(Grade),
    disposition=st.sampled_from(Disposition),
)
tilings = st.builds(
    Tiling,
    overlap_px=st.integers(0, 500),
    max_side_px=st.integers(1, 9000),
    whole_photo=st.booleans(),
)


@st.composite
def calibrations(draw):
    raw = sorted(draw(st.sets(shares, max_size=5)))
    many = st.lists(shares, min_size=len(raw), max_size=len(raw))
    return Calibration(raw=tuple(raw), calibrated=tuple(sorted(draw(many))))


lower_precisions = st.builds(
    LowerPrecision,
    ap50=shares,
    ap50_fp32=shares,
    ap50_95=shares,
    ap50_95_fp32=shares,
    photos=st.integers(1, 10**6),
    time_share=st.floats(0.01, 100),
)

releases = st.builds(
    Release,
    name=identifiers,
    version=identifiers,
    file=texts,
    sha256=hashes,
    classes=some(texts).filter(bool),
    sees=table(Category, each_of(Defect)),
    input_name=texts,
    input_side_px=st.integers(1, 4096),
    output_name=texts,
    tiling=tilings,
    thresholds=st.dictionaries(texts, shares, max_size=3),
    calibration=st.dictionaries(texts, calibrations(), max_size=3),
    trained_on=some(texts),
    licence=texts,
    notes=table(Language, texts),
    metrics=st.dictionaries(texts, amounts, max_size=3),
    recipe=texts,
    precisions=st.dictionaries(texts, lower_precisions, max_size=2),
)

KINDS = {
    CameraSetup: setups,
    Photo: photos,
    Finding: findings,
    Answer: answers,
    Judgement: judgements,
    Routing: routings,
    Inspection: inspections(),
    Acknowledgement: acknowledgements,
    Opinion: opinions,
    Moved: moves,
    Drawn: drawings,
    Changed: changes,
    Commitment: commitments,
    Decision: decisions,
    Tiling: tilings,
    Calibration: calibrations(),
    LowerPrecision: lower_precisions,
    Release: releases,
}
records_of_any_kind = st.one_of(*KINDS.values())


def test_every_record_is_tried():
    both = {**vars(records), **vars(told_by_people)}
    told = {kind for kind in both.values() if isinstance(kind, type)}
    kinds = {kind for kind in told if issubclass(kind, Record) and kind is not Record}
    assert kinds == set(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_has_a_line_of_meaning(kind):
    silent = [name for name, field in kind.model_fields.items() if not field.description]
    assert silent == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@calm
@given(data=st.data())
def test_a_record_survives_json(kind, data):
    record = data.draw(KINDS[kind])
    again = kind.from_json(record.to_json())
    assert again == record
    assert again.to_json() == record.to_json()
    assert again.content_sha256() == record.content_sha256()
    assert kind.from_json(record.to_json().encode()) == record


@calm
@given(records_of_any_kind, st.dictionaries(st.text(min_size=1), st.integers(), min_size=1))
def test_what_a_newer_peer_adds_is_ignored(record, more):
    content = json.loads(record.to_json())
    strange = {f"newer {key}": value for key, value in more.items()}
    assert type(record).from_json(json.dumps(content | strange)) == record


@calm
@given(inspections())
def test_what_a_newer_peer_adds_deeper_down_is_ignored(record):
    content = json.loads(record.to_json())
    content["judgement"]["mood"] = "good"
    for part in (*content["photos"], *content["findings"]):
        part["mood"] = {"is": ["good"]}
    assert Inspection.from_json(json.dumps(content)) == record


@calm
@given(records_of_any_kind)
def test_json_is_canonical(record):
    content = json.loads(record.to_json())
    backwards = json.dumps(dict(reversed(content.items())), indent=3)
    assert type(record).from_json(backwards).to_json() == record.to_json()


@calm
@given(records_of_any_kind)
def test_a_record_is_frozen(record):
    field = next(iter(type(record).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(record, field, getattr(record, field))


def test_the_hash_tells_records_apart():
    assert inspection().content_sha256() != inspection(return_code="RT-0002").content_sha256()


def test_the_same_instant_in_another_zone_is_the_same_record():
    there = NOON.astimezone(timezone(timedelta(hours=8)))
    assert photo(taken_at=there) == photo(taken_at=NOON)


REFUSED = [
    # the record, what is wrong with it, what is told: where, expected, actual
    (photo(), {"sha256": "abc"}, r"Photo: sha256: .*\^\[0-9a-f\]\{64\}\$.*got 'abc'"),
    (photo(), {"sha256": "A" * 64}, r"sha256: .*pattern"),
    (photo(), {"shot": "inside"}, r"shot: Input should be 'front', .*got 'inside'"),
    (photo(), {"width": 0}, r"width: .*greater than 0, got '0'"),
    (photo(), {"media_type": "image/gif"}, r"media_type: .*jpeg\|png\|webp.*got 'image/gif'"),
    (photo(), {"taken_at": "2026-01-05T12:00:00"}, r"taken_at: .*timezone"),
    (photo(), {"taken_at": "yesterday"}, r"taken_at: .*got 'yesterday'"),
    (photo(), {"faults": ["ugly"]}, r"faults\.0: .*got 'ugly'"),
    (finding(), {"probability": 1.01}, r"probability: .*less than or equal to 1, got '1\.01'"),
    (finding(), {"probability": -0.1}, r"probability: .*greater than or equal to 0"),
    (finding(), {"xyxy": [9, 9, 9, 20]}, r"xyxy should be left < right and top < bottom, got \("),
    (finding(), {"xyxy": [9, 9, 20]}, r"xyxy\.3: Field required"),
    (finding(), {"xyxy": [-1, 9, 20, 20]}, r"xyxy\.0: .*greater than or equal to 0, got '-1'"),
    (finding(), {"size_mm": -3}, r"size_mm: .*greater than or equal to 0, got '-3'"),
    (finding(), {"finding_id": ""}, r"finding_id: .*at least 1 character"),
    (finding(), {"finding_id": "a b"}, r"finding_id: .*pattern.*got 'a b'"),
    (finding(), {"finding_id": "x" * 129}, r"finding_id: .*at most 128 characters"),
    (judgement(), {"scores": {"beauty": 3}}, r"scores\.beauty.*got 'beauty'"),
    (judgement(), {"scores": {"hygiene": 101}}, r"scores\.hygiene: .*equal to 100, got '101'"),
    (judgement(), {"disposition": "burn"}, r"disposition: .*'scrap', got 'burn'"),
    (routing(), {"to": "review"}, r"reasons should stand exactly when to is review, got \(\)"),
    (routing(), {"reasons": ["insisted"]}, r"reasons should stand exactly when"),
    (routing(), {"stake": -1}, r"stake: .*greater than or equal to 0, got '-1'"),
    (inspection(), {"return_code": "  "}, r"return_code: .*at least 1 character"),
    (inspection(), {"return_code": "x" * 201}, r"return_code: .*at most 200 characters"),
    (inspection(), {"category": "shoes"}, r"category: .*'parcel', got 'shoes'"),
    (inspection(), {"photos": "none"}, r"photos: .*got 'none'"),
    (inspection(), {"photos": [{}]}, r"photos\.0\.sha256: Field required"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "wrong", "told"), REFUSED)
def test_a_bad_value_says_where_what_is_expected_and_what_came(record, wrong, told):
    content = json.dumps(json.loads(record.to_json()) | wrong)
    with pytest.raises(RecordInvalid, match=told) as refused:
        type(record).from_json(content)
    assert str(refused.value).startswith(type(record).__name__)
    assert isinstance(refused.value.__cause__, ValidationError)


NOT_RECORDS = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"photo"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"sha256": NaN}',
    b"\x00",
]


@pytest.mark.parametrize("text", NOT_RECORDS, ids=lambda text: repr(text[:12]))
def test_what_is_no_record_is_refused(text):
    with pytest.raises(RecordInvalid, match=r"^Inspection: "):
        Inspection.from_json(text)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused(value):
    text = finding().to_json().replace('"probability":0.9', f'"probability":{value}')
    with pytest.raises(RecordInvalid, match="probability"):
        Finding.from_json(text)


def test_a_message_stays_short_whatever_came():
    content = json.loads(photo().to_json()) | {"sha256": "f" * 1_000_000}
    with pytest.raises(RecordInvalid) as refused:
        Photo.from_json(json.dumps(content))
    assert len(str(refused.value)) < 300


def test_findings_lie_on_the_photos_of_their_inspection():
    with pytest.raises(ValidationError, match="findings should lie on the inspection's photos"):
        inspection(findings=(finding(photo_sha256=sha256("another")),))


def test_finding_ids_are_unique():
    with pytest.raises(ValidationError, match="finding_id should be unique"):
        inspection(findings=(finding(), finding()))


@pytest.mark.parametrize(
    ("raw", "calibrated", "told"),
    [
        ((0.5, 0.1), (0.0, 1.0), "raw should ascend"),
        ((0.5, 0.5), (0.0, 1.0), "raw should ascend"),
        ((0.1, 0.5), (0.0,), "raw should ascend and be as long as calibrated"),
        ((0.1, 0.5), (0.9, 0.2), "calibrated should ascend"),
    ],
)
def test_a_calibration_is_monotone(raw, calibrated, told):
    with pytest.raises(ValidationError, match=told):
        Calibration(raw=raw, calibrated=calibrated)


def test_a_release_is_named_with_its_version():
    release = Release(
        name="stain",
        version="3",
        sha256=sha256("model"),
        classes=("stain",),
        sees={Category.APPAREL: (Defect.STAIN,)},
        input_name="images",
        input_side_px=640,
        output_name="output0",
        tiling=Tiling(overlap_px=64, max_side_px=2048),
        thresholds={"stain": 0.25},
        licence="AGPL-3.0",
    )
    assert release.identifier == "stain@3"


def test_what_fewer_bits_cost_is_the_worse_of_both_figures():
    said = {"photos": 9, "time_share": 0.5}
    both = LowerPrecision(ap50=0.5, ap50_fp32=0.51, ap50_95=0.3, ap50_95_fp32=0.33, **said)
    assert both.loss == pytest.approx(0.03)
    better = LowerPrecision(ap50=0.5, ap50_fp32=0.4, ap50_95=0.3, ap50_95_fp32=0.3, **said)
    assert better.loss == 0


def test_records_take_no_positional_values():
    with pytest.raises(TypeError):
        Answer("tag", "attached")


def test_times_keep_their_instant():
    assert Photo.from_json(photo(taken_at=NOON).to_json()).taken_at == datetime(
        2026, 1, 5, 12, tzinfo=UTC
    )


def test_a_routing_of_an_older_station_is_read():
    told = '{"policy":"default@1","reasons":["no_certificate"],"stake":1.5,"to":"review"}'
    got = Routing.from_json(told)
    assert (got.risk, got.certificate, got.audit_probability) == (None, None, None)


def test_an_opinion_of_the_first_release_is_still_read():
    kept = (
        '{"disposition":"resell","given_at":"2026-01-05T12:00:00Z","grade":"B",'
        '"inspection_id":"i","note":"ok","opinion_id":"o","reviewer":"ann",'
        '"verdicts":{"f1":"confirmed"}}'
    )
    one = Opinion.from_json(kept)
    assert (one.kind, one.action, one.case_id) == (CaseKind.REVIEW, Action.DECIDED, None)
    assert one.verdicts == {"f1": Verdict.CONFIRMED}


@pytest.mark.parametrize(
    "wrong",
    [
        {"grade": None},
        {"disposition": None},
        {"action": "second", "grade": None},
        {"wish": "front"},
    ],
    ids=str,
)
def test_an_opinion_says_what_it_must(wrong):
    facts = {
        "opinion_id": "o",
        "inspection_id": "i",
        "reviewer": "ann",
        "given_at": NOON,
        "grade": "A",
        "disposition": "resell",
    }
    Opinion(**facts)
    with pytest.raises(ValidationError):
        Opinion(**(facts | wrong))
