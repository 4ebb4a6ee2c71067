"""The pages of the costs: what they are, what they were, who changed them and why."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from models.vocabulary import Category, Disposition, Grade
from server.assurance import costs
from server.assurance.costs import GENERAL, Sheet
from server.assurance.routes import Doer, Fields
from server.pages import see
from server.parts import Here

router = APIRouter()


@router.get("/assurance/costs")
def history(request: Request, here: Here) -> Response:
    """All versions with their differences."""
    return here.pages.page(
        request,
        "assurance/costs.html",
        changes=costs.history(here),
        policy=here.policy,
        categories=tuple(Category),
    )


@router.get("/assurance/costs/{part}")
def edit(part: str, request: Request, here: Here, reviewers: str = "") -> Response:
    """One part, to be edited; `reviewers=measured` fills in what was measured."""
    sheet = costs.sheet(here, part, take_measured=reviewers == "measured")
    return _shown(request, here, sheet)


@router.post("/assurance/costs/{part}")
def save(part: str, request: Request, here: Here, doer: Doer, fields: Fields) -> Response:
    """Keep a new version, or show what is wrong with it."""
    kept = costs.save(here, doer, part, fields)
    if isinstance(kept, Sheet):
        return _shown(request, here, kept, status=422)
    return see("/assurance/costs")


def _shown(request: Request, here: Here, sheet: Sheet, status: int = 200) -> Response:
    return here.pages.page(
        request,
        "assurance/sheet.html",
        status=status,
        sheet=sheet,
        general=GENERAL,
        categories=tuple(Category),
        grades=tuple(Grade),
        dispositions=tuple(Disposition),
        currency=here.policy.currency,
    )
