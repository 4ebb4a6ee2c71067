"""The OpenAPI document of everything that can be asked: what the routes say, and what they leave to be read in the code."""

import warnings
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from models.records import Inspection
from server.permissions import PUBLIC, Permissions

REF = "#/components/schemas/{model}"
BINARY = {"schema": {"type": "string", "format": "binary"}}
FORM = {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}
BODIES = {
    "PUT /api/v1/photos/{sha256}": {
        "image/jpeg": BINARY,
        "image/png": BINARY,
        "image/webp": BINARY,
    },
    "PUT /api/v1/inspections/{inspection_id:path}": {
        "application/json": {"schema": {"$ref": REF.format(model="Inspection")}}
    },
}
"""Bodies that their routes read themselves, byte by byte."""
REFUSED = {
    "description": "Refused or not possible now; the status says which, and detail says why.",
    "content": {
        "application/json": {"schema": {"$ref": REF.format(model="Refused")}},
        "text/html": {"schema": {"type": "string"}},
    },
}
SCHEMAS = {
    "Refused": {
        "type": "object",
        "required": ["detail"],
        "properties": {"detail": {"type": "string"}, "request_id": {"type": "string"}},
    }
}
SECURITY = {
    "token": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": "secondlook_session"},
}


def document(app: FastAPI, permissions: Permissions) -> dict[str, Any]:
    """All of it; for each route the roles and the scope that open it too."""
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    with warnings.catch_warnings():
        # A route that also answers HEAD is named twice for a moment.
        warnings.simplefilter("ignore", UserWarning)
        said = get_openapi(title=app.title, version=app.version, routes=routes)
    _add_schemas(said.setdefault("components", {}))
    for route in routes:
        said["paths"][route.path_format].pop("head", None)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            operation = said["paths"][route.path_format][method.lower()]
            _complete(operation, f"{method} {route.path}", permissions)
    return said


def _add_schemas(components: dict[str, Any]) -> None:
    inspection = Inspection.model_json_schema(ref_template=REF)
    schemas = components.setdefault("schemas", {})
    schemas |= SCHEMAS | inspection.pop("$defs", {}) | {"Inspection": inspection}
    components["securitySchemes"] = SECURITY


def _complete(operation: dict[str, Any], key: str, permissions: Permissions) -> None:
    method, _, path = key.partition(" ")
    if method in {"POST", "PUT"} and "requestBody" not in operation:
        usual: dict[str, Any] = {"application/json": {"schema": {}}}
        form = {"application/x-www-form-urlencoded": FORM}
        content = BODIES.get(key) or (usual if path.startswith("/api/") else form)
        operation["requestBody"] = {"content": content}
    operation["responses"]["default"] = REFUSED
    roles = sorted(permissions.allowed.get(key, ()))
    operation["x-roles"] = roles
    if PUBLIC not in roles:
        operation["security"] = [{"token": []}, {"session": []}]
    if scope := permissions.scopes.get(key):
        operation["x-scope"] = scope
