"""Health, readiness and metrics: for whatever watches the server, and for whoever is asked why it stands still."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from server.watch.contract import document

router = APIRouter()


@router.get("/healthz")
def healthz(request: Request) -> dict[str, str]:
    """The process answers. Nothing else is asked: a restart helps against nothing that is not it."""
    return {"status": "ok", "version": request.app.version}


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """It can do its work: 200, or 503 and which part cannot."""
    found = request.app.state.watchman.readiness()
    status = "ready" if found.ready else "not ready"
    content = {"status": status, "checks": dict(found.checks)}
    return JSONResponse(content, 200 if found.ready else 503)


@router.get("/api/v1/openapi.json")
def contract(request: Request) -> dict[str, Any]:
    """What can be asked, by whom, and what comes back, as OpenAPI."""
    return document(request.app, request.app.state.permissions)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Everything that is counted, in Prometheus's text format."""
    text: bytes = request.app.state.metrics.text()
    return Response(text, media_type=CONTENT_TYPE_LATEST)
