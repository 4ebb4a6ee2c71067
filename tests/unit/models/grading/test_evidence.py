import pytest
from pydantic import ValidationError

from models.grading.evidence import Evidence, evidence_of
from models.grading.standard import load
from models.records import Inspection
from models.vocabulary import Category, Defect, Fault, Shot
from tests.factories import answer, finding, inspection, photo, sha256

APPAREL = load(Category.APPAREL)


def test_an_inspection_holds_its_evidence():
    kept = inspection(
        photos=(photo(insisted=True, faults=(Fault.BLURRED,)),),
        findings=(finding(),),
        answers=(answer("tag", "removed"),),
        not_seen=(Shot.BACK,),
        not_assessable=(Defect.SCRATCH,),
    )
    assert evidence_of(Inspection.from_json(kept.to_json())) == Evidence(
        findings=(finding(),),
        answers=(answer("tag", "removed"),),
        not_seen=(Shot.BACK,),
        not_assessable=(Defect.SCRATCH,),
        insisted=True,
    )


def shot(which: Shot, *faults: Fault, insisted: bool = False):
    name = f"{which}{faults}{insisted}"
    return photo(shot=which, sha256=sha256(name), faults=faults, insisted=insisted)


FRONT = shot(Shot.FRONT)
PHOTOS = [
    # photos, what the record says is not seen → what is not seen
    ((FRONT, shot(Shot.BACK)), (), ()),
    # the record forgot to say it
    ((FRONT,), (), (Shot.BACK,)),
    ((), (), (Shot.FRONT, Shot.BACK)),
    # a refused photo shows nothing
    ((FRONT, shot(Shot.BACK, Fault.BLURRED)), (), (Shot.BACK,)),
    # an insisted one does, and is reported as such
    ((FRONT, shot(Shot.BACK, Fault.BLURRED, insisted=True)), (), ()),
    # a second, good photo heals a refused one
    ((FRONT, shot(Shot.BACK, Fault.BLURRED), shot(Shot.BACK)), (), ()),
    # what the record says stays said
    ((FRONT, shot(Shot.BACK)), (Shot.LABEL,), (Shot.LABEL,)),
    ((FRONT,), (Shot.BACK,), (Shot.BACK,)),
]


@pytest.mark.parametrize(("photos", "said", "not_seen"), PHOTOS)
def test_a_standard_checks_what_the_record_says_of_its_photos(photos, said, not_seen):
    kept = inspection(photos=photos, not_seen=said)
    assert evidence_of(kept, APPAREL).not_seen == not_seen
    assert evidence_of(kept).not_seen == said


LOOKED = [
    # facts of the record → what is not assessable
    ({"photos": (FRONT,)}, (Defect.STAIN,)),
    ({"photos": (FRONT,), "releases": ("stain@1",)}, ()),
    ({"photos": (photo(),), "findings": (finding(),)}, ()),
    # what was not seen is told as that already
    ({"photos": ()}, ()),
    ({"photos": (shot(Shot.FRONT, Fault.BLURRED),)}, ()),
    # what the record says stays said
    ({"photos": (FRONT,), "not_assessable": (Defect.SCRATCH,)}, (Defect.SCRATCH, Defect.STAIN)),
]


@pytest.mark.parametrize(("facts", "not_assessable"), LOOKED)
def test_where_no_model_looked_nothing_is_assessable(facts, not_assessable):
    kept = inspection(**facts)
    assert evidence_of(kept, APPAREL).not_assessable == not_assessable
    assert evidence_of(kept).not_assessable == kept.not_assessable


def test_findings_of_one_name_are_refused():
    with pytest.raises(ValidationError, match="finding_id should be unique"):
        Evidence(findings=(finding(), finding(probability=0.1)))
