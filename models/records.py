"""The nouns that cross processes: frozen, keyword-only, and at once the wire format.

A key that this version does not know (a newer peer sent it) is ignored; a value that it cannot
accept is refused with what was expected and what came.
"""

from typing import Self

from pydantic import AwareDatetime, Field, FiniteFloat, model_validator

from models.opinions import Opinion as Opinion  # noqa: PLC0414 - one of the nouns
from models.record import Code, Identifier, Probability, Record, Score, Sha256, XyXy
from models.vocabulary import (
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
)


class CameraSetup(Record):
    """What a photo was taken with: the same camera set otherwise is another instrument."""

    name: Identifier
    """The camera's name in its station's settings."""
    frame: int = Field(ge=0)
    """Which of its frames it was, counted since the station's start."""
    exposure_ms: FiniteFloat | None = Field(default=None, ge=0)
    """Exposure time; none where the camera chooses and does not say."""
    gain: FiniteFloat | None = None
    """Gain in the camera's own unit; none likewise."""
    white_balance_k: FiniteFloat | None = Field(default=None, ge=0)
    """White balance in kelvin; none likewise."""
    focus: FiniteFloat | None = None
    """Position of the lens in the camera's own unit; none likewise."""
    is_reported: bool = False
    """The camera itself said so; otherwise it is what the station's settings say of it."""


class Photo(Record):
    """One photo of the item; its bytes travel separately under their hash."""

    sha256: Sha256
    """Hash of the file's bytes as the camera gave them: the photo's name everywhere."""
    thumbnail_sha256: Sha256 | None = None
    """Hash of the small JPEG that lists show, made where the pixels are."""
    sealed_sha256: Sha256 | None = None
    """Hash of the sealed original (models/sealing.py), where this is its redacted copy."""
    shot: Shot
    """The view that the photo was taken for."""
    width: int = Field(gt=0)
    """Pixels, after the file's own orientation was applied."""
    height: int = Field(gt=0)
    """Pixels, after the file's own orientation was applied."""
    size_bytes: int = Field(gt=0)
    """Length of the file."""
    media_type: str = Field(pattern=r"^image/(jpeg|png|webp)$")
    """What the bytes are, read from the bytes."""
    taken_at: AwareDatetime
    """When the camera gave it, by the station's clock."""
    faults: tuple[Fault, ...] = ()
    """Why the quality gate refused it; empty when it passed."""
    insisted: bool = False
    """The operator kept it although the gate refused it."""
    camera: CameraSetup | None = None
    """What it was taken with; none for a file, and from stations older than this field."""


class Finding(Record):
    """One suspected defect."""

    finding_id: Identifier
    """Unique within its inspection."""
    defect: Defect
    """What it is suspected to be."""
    probability: Probability
    """Calibrated probability that it is real, or the raw score where the card says uncalibrated."""
    photo_sha256: Sha256
    """The photo it was seen on."""
    shot: Shot
    """That photo's view."""
    xyxy: XyXy
    """Left, top, right, bottom in pixels of the photo; the whole photo for something missing."""
    size_mm: FiniteFloat | None = Field(default=None, ge=0)
    """Longer side in millimetres; none without a calibrated scale."""
    size_share: Probability = 0.0
    """Longer side over the photo's longer side: what size rules use where millimetres are unknown."""
    release: Identifier
    """name@version of the model that said so."""

    @model_validator(mode="after")
    def _box_has_area(self) -> Self:
        x1, y1, x2, y2 = self.xyxy
        if x2 <= x1 or y2 <= y1:
            raise ValueError(f"xyxy should be left < right and top < bottom, got {self.xyxy}")
        return self


class Answer(Record):
    """What the operator answered to one question of the standard."""

    question: Identifier
    """The question's id in the standard."""
    choice: Identifier
    """The chosen answer's id in the standard."""


class Judgement(Record):
    """What the rules make of the evidence; scores explain, they do not decide."""

    scores: dict[Dimension, Score]
    """0 (worst) to 100 for each dimension of the standard."""
    grade: dict[Grade, Probability]
    """How probable each grade is, given that findings are uncertain; sums to 1."""
    disposition: Disposition
    """The one with the greatest expected value."""
    expected_value: dict[Disposition, FiniteFloat]
    """Expected value of each allowed disposition, in the policy's currency."""
    gates: tuple[Identifier, ...] = ()
    """Clause ids of the hard gates that the answers closed."""
    clauses: tuple[Identifier, ...] = ()
    """Clause ids of all rules that took points, worst first."""


class Routing(Record):
    """Who decides next, and why."""

    to: Destination
    """The machine's own decision stands, or a person looks."""
    reasons: tuple[Reason, ...] = ()
    """Why a person looks; empty when automatic."""
    stake: FiniteFloat = Field(default=0.0, ge=0)
    """Expected loss of trusting the machine here, in the policy's currency: the queue's order."""
    policy: Identifier
    """name@version of the cost table and thresholds that decided."""
    risk: Probability | None = None
    """s(x): the machine's own probability that reselling it is wrong; none from older versions."""
    by_machine: FiniteFloat | None = None
    """Expected value of what the machine proposes, in the policy's currency."""
    by_person: FiniteFloat | None = None
    """Expected value of asking a person, less what the look and the waiting cost."""
    item_value: FiniteFloat | None = Field(default=None, gt=0)
    """What the expected return says it is worth as new; none: the cost table's list price."""
    certificate: Identifier | None = None
    """The certificate under which it is resold automatically."""
    audit_probability: Probability | None = None
    """e: how probably such a case is drawn for a look that does not see the machine's opinion."""

    @model_validator(mode="after")
    def _review_has_a_reason(self) -> Self:
        if (self.to is Destination.REVIEW) != bool(self.reasons):
            raise ValueError(f"reasons should stand exactly when to is review, got {self.reasons}")
        return self


class Inspection(Record):
    """One item as one station saw and judged it; never changed, only superseded."""

    inspection_id: Identifier
    """Made by the station, unique everywhere (a UUID)."""
    supersedes: Identifier | None = None
    """The inspection that this one corrects."""
    return_code: Code
    """What was scanned: the return's own code."""
    category: Category
    """Which standard family applies."""
    station: Identifier
    """The station's name."""
    operator: Identifier | None = None
    """Who stood at the bench."""
    started_at: AwareDatetime
    """The scan, by the station's clock."""
    finished_at: AwareDatetime
    """The verdict, by the station's clock."""
    photos: tuple[Photo, ...]
    """All photos kept, in the order taken."""
    findings: tuple[Finding, ...] = ()
    """All suspected defects, each on one of the photos."""
    answers: tuple[Answer, ...] = ()
    """The checklist, as answered."""
    not_seen: tuple[Shot, ...] = ()
    """Required shots that are missing or refused."""
    not_assessable: tuple[Defect, ...] = ()
    """Defects of the standard that no release of this station can see."""
    standard: Identifier
    """name@version of the rules."""
    releases: tuple[Identifier, ...] = ()
    """name@version of every model that looked."""
    judgement: Judgement
    """What the rules made of it."""
    routing: Routing
    """Where the station sent it; the server's own routing counts."""

    @model_validator(mode="after")
    def _findings_are_on_its_photos(self) -> Self:
        known = {photo.sha256 for photo in self.photos}
        strangers = sorted({f.photo_sha256 for f in self.findings} - known)
        if strangers:
            raise ValueError(f"findings should lie on the inspection's photos, got {strangers[0]}")
        ids = [finding.finding_id for finding in self.findings]
        if len(set(ids)) < len(ids):
            raise ValueError(f"finding_id should be unique within the inspection, got {ids}")
        return self


class Acknowledgement(Record):
    """The server's word, given after its own fsync, that it keeps the inspection and its photos."""

    inspection_id: Identifier
    """What is kept."""
    sha256: Sha256
    """Inspection.content_sha256() of what is kept: the station compares before it forgets."""
    routing: Routing
    """Where the server sent the case."""
    disposition: Disposition | None = None
    """What the server's rules decided where no person looks; none from an older server."""


class Decision(Record):
    """What counts for the item until a later decision names this one."""

    decision_id: Identifier
    """Unique everywhere."""
    inspection_id: Identifier
    """The inspection decided on."""
    supersedes: Identifier | None = None
    """The decision that this one corrects."""
    opinions: tuple[Identifier, ...] = ()
    """What it rests on; empty when the machine decided."""
    decided_by: Identifier
    """The reviewer, or the policy for an automatic decision."""
    decided_at: AwareDatetime
    """By the server's clock."""
    grade: Grade
    """The grade that counts."""
    disposition: Disposition
    """The disposition that counts."""


class Tiling(Record):
    """How photos larger than the model's input are cut."""

    overlap_px: int = Field(ge=0)
    """What neighbouring tiles share, in pixels of the model's input."""
    max_side_px: int = Field(gt=0)
    """Photos are first reduced to this longer side."""
    whole_photo: bool = True
    """The whole photo is looked at as well, for what is larger than a tile."""


class Calibration(Record):
    """Monotone map from raw score to probability for one class: linear between knots."""

    raw: tuple[Probability, ...]
    """Raw scores, ascending."""
    calibrated: tuple[Probability, ...]
    """The probability at each of them, ascending."""

    @model_validator(mode="after")
    def _knots_match(self) -> Self:
        if len(self.raw) != len(self.calibrated) or list(self.raw) != sorted(set(self.raw)):
            raise ValueError(f"raw should ascend and be as long as calibrated, got {self.raw}")
        if list(self.calibrated) != sorted(self.calibrated):
            raise ValueError(f"calibrated should ascend, got {self.calibrated}")
        return self


class LowerPrecision(Record):
    """How a release does with fewer bits than float32, on the same real photos at the same time."""

    ap50: Probability
    """Average precision at an overlap of 0.5, mean over the classes, with fewer bits."""
    ap50_fp32: Probability
    """The same with float32."""
    ap50_95: Probability
    """Average precision over overlaps of 0.5 to 0.95, mean over the classes, with fewer bits."""
    ap50_95_fp32: Probability
    """The same with float32."""
    photos: int = Field(gt=0)
    """How many photos that was measured on, all kept out of training."""
    time_share: FiniteFloat = Field(gt=0)
    """Its time over that of the quickest float32, on the machine that measured."""

    @property
    def loss(self) -> float:
        """What is lost of either figure, the worse of both: 0.005 is half a point of a hundred."""
        return max(self.ap50_fp32 - self.ap50, self.ap50_95_fp32 - self.ap50_95)


class Release(Record):
    """A model's card: what the file is, what it sees, what it was made from, how well it does."""

    name: Identifier
    """The model's family, the folder's name."""
    version: Identifier
    """Rises with every release of the name."""
    file: str = "model.onnx"
    """The model's file beside the card."""
    sha256: Sha256
    """Hash of that file."""
    classes: tuple[str, ...] = Field(min_length=1)
    """What each output class is, in the model's order: values of Defect or Part."""
    sees: dict[Category, tuple[Defect, ...]]
    """For which categories, which defects it may be trusted to look for."""
    input_name: str
    """Name of the only input: float32 [batch, 3, side, side], RGB, 0 to 1."""
    input_side_px: int = Field(gt=0)
    """The input's height and width."""
    output_name: str
    """Name of the output: float32 [batch, boxes, 6] of x1, y1, x2, y2, score, class, no NMS needed."""
    tiling: Tiling
    """How larger photos are cut."""
    thresholds: dict[str, Probability]
    """Class → the raw score below which nothing is reported."""
    calibration: dict[str, Calibration] = Field(default_factory=dict)
    """Class → its calibration; a class without one reports raw scores."""
    presence: dict[str, Calibration] = Field(default_factory=dict)
    """Part → how surely it is on a photo, at even odds before, by its best box's raw score there."""
    trained_on: tuple[str, ...] = ()
    """Dataset versions (name@version with source and licence on their cards under datasets/)."""
    licence: str
    """Under which licence the weights are given."""
    notes: dict[Language, str] = Field(default_factory=dict)
    """What it finds and misses, in plain words."""
    metrics: dict[str, FiniteFloat] = Field(default_factory=dict)
    """Measured on real photos kept out of training."""
    recipe: str = ""
    """The recipe's path and the code version it ran at."""
    precisions: dict[str, LowerPrecision] = Field(default_factory=dict)
    """Lower precision (bf16) → what it costs; one that was not measured is never chosen unasked."""

    @property
    def identifier(self) -> str:
        """name@version, as findings and inspections name it."""
        return f"{self.name}@{self.version}"
