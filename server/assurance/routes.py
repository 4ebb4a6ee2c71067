"""The assurance pages: read by quality leads and auditors, changed by quality leads."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from models.vocabulary import Category
from server.access import By
from server.assurance import certifying, numbers, summary
from server.assurance.summary import Audits
from server.errors import ContentInvalid
from server.pages import see
from server.parts import Here, by
from server.rulings import Scope, looks

router = APIRouter()
Doer = Annotated[By, Depends(by)]
MOST_SHOWN = 200
SHOWN = ("all", "wrong", "waiting", "overdue", "lapsed")


async def form_fields(request: Request) -> Mapping[str, str]:
    """The form's texts."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


Fields = Annotated[Mapping[str, str], Depends(form_fields)]


@router.get("/assurance")
def overview(request: Request, here: Here) -> Response:
    """Who decides, on which proof, and what became of it."""
    told = summary.overview(here)
    return here.pages.page(
        request, "assurance/overview.html", told=told, categories=tuple(Category)
    )


@router.get("/assurance/numbers.csv")
def numbers_csv(here: Here) -> Response:
    """The page's numbers for a spreadsheet."""
    headers = {"content-disposition": 'attachment; filename="assurance.csv"'}
    content = numbers.table(summary.overview(here))
    return Response(content, headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/assurance/cases")
def cases(
    request: Request,
    here: Here,
    category: str = "",
    station: str = "",
    certificate: str = "",
    show: str = "all",
) -> Response:
    """The cases behind a number, each with a link."""
    if category not in set(Category) or show not in SHOWN:
        raise ContentInvalid(f"show should be one of {', '.join(SHOWN)}, of a category.")
    scope = Scope(category=Category(category), station=certifying.named(station))
    with here.database.reading() as connection:
        drawn = looks(connection, scope)
    own = [one for one in drawn if not certificate or one.certificate == certificate]
    found = numbers.shown(Audits(looks=tuple(own), now=here.clock()), show)
    return here.pages.page(
        request,
        "assurance/cases.html",
        scope=scope,
        certificate=certificate,
        show=show,
        choices=SHOWN,
        count=len(found),
        looks=found[-MOST_SHOWN:][::-1],
    )


@router.get("/assurance/certify")
def certify(
    request: Request,
    here: Here,
    category: str = "",
    station: str = "",
    alpha: str = "2",
    delta: str = "5",
) -> Response:
    """What the labelled cases would prove, and the form that makes a certificate of it."""
    asked = certifying.asked_of(category or Category.APPAREL, station, alpha, delta)
    return here.pages.page(
        request,
        "assurance/certify.html",
        shown=certifying.preview(here, asked),
        chosen={
            "category": asked.scope.category,
            "station": station,
            "alpha": alpha,
            "delta": delta,
        },
        scopes=certifying.choices(here),
        policy=here.policy,
    )


@router.post("/assurance/certificates")
def make(here: Here, doer: Doer, fields: Fields) -> Response:
    """Make the certificate that the cases prove."""
    asked = certifying.asked_of(
        *(fields.get(name, "") for name in ("category", "station", "alpha", "delta"))
    )
    days = fields.get("days", "")
    made = certifying.make(
        here,
        doer,
        asked,
        days=int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0,
        why=fields.get("why", ""),
        alike=fields.get("alike", ""),
    )
    return see(f"/assurance/certificates/{made.certificate_id}")


@router.get("/assurance/certificates/{certificate_id}")
def certificate(certificate_id: str, request: Request, here: Here) -> Response:
    """One certificate, for the auditor's folder."""
    told = summary.paper(here, certifying.named(certificate_id) or "")
    return here.pages.page(request, "assurance/certificate.html", paper=told)


@router.post("/assurance/certificates/{certificate_id}/revoke")
def revoke(certificate_id: str, here: Here, doer: Doer, fields: Fields) -> Response:
    """Take it back."""
    certifying.revoke(here, doer, certificate_id, fields.get("why", ""))
    return see(f"/assurance/certificates/{certificate_id}")


@router.post("/assurance/alarms/{alarm:int}/clear")
def clear(alarm: int, here: Here, doer: Doer, fields: Fields) -> Response:
    """End an alarm, with a reason."""
    certifying.clear(here, doer, alarm, fields.get("why", ""))
    return see("/assurance")
