"""Calling any operation of the published description with its own example, about a record of Xicheng."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import httpx

from api.app import operations
from api.rights import LocalRole, Place, Right
from tests.access.world import FIRST, NODE, PARTNER, agreement_of
from tests.builders import WUCHANG, XICHENG, a_comparison, a_frozen, a_received, a_reconciliation, an_id, an_id_number

QUERY, ASKED = an_id(FIRST[XICHENG]), an_id(FIRST[XICHENG] + 1)
# Records by the names that paths give them; an operation with a new name needs its record in world.py and its line here.
NAMES = {
    "entry": QUERY,
    "case": QUERY,
    "id": QUERY,
    "escalation": QUERY,
    "exchange": QUERY,
    "other": WUCHANG,
    "comparison": a_comparison(1).id,
    "reconciliation": a_reconciliation(1).id,
    "code": WUCHANG,
    "node": PARTNER,
    "report": "feedback",
    "layout": "outflow",
    "rate": "feedback_given",
    "worklist": "to_answer",
    "year": 2027,
    "sequence": 1,
}
# What the county was asked, and its township has.
ABOUT_ASKED = (
    "",
    "/feedback",
    "/interim",
    "/assignment",
    "/assignments",
    "/return",
    "/pairing",
    "/unpairing",
    "/candidates",
    "/clerk",
)
FIGURES = {"jurisdiction": XICHENG, "month": "2026-02"}
PARAMS = {
    "GET /api/v1/exports/entries": {"register": "outflow"},
    "GET /api/v1/rates": FIGURES,
    "GET /api/v1/rates/grid": FIGURES,
    "GET /api/v1/rates/handshake/series": FIGURES,
    "GET /api/v1/rates/{rate}/rows": FIGURES,
    "GET /api/v1/reports/{report}": FIGURES,
    "GET /api/v1/received-reports/sum": FIGURES,
    "GET /api/v1/frozen-reports/{digest}/signed": {"receiver": "hubei.example"},
    "GET /api/v1/received-reports/{digest}/signed": {"receiver": "hubei.example"},
}
# What an example's body says that has to be about Xicheng's record, or must not reach out.
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/exchanges": {"entry": QUERY},
    "POST /api/v1/exchanges/{exchange}/pairing": {"entry": QUERY},
    "POST /api/v1/exchanges/{exchange}/assignment": {"township": "110102003"},
    "POST /api/v1/escalations": {"exchange": QUERY},
    "POST /api/v1/certificate-checks": {"entry": QUERY},
    "POST /api/v1/agreements": {"jurisdiction": XICHENG},
    "POST /api/v1/frozen-reports": {"jurisdiction": XICHENG},
    "POST /api/v1/partners": {"url": "http://127.0.0.1:1"},
    "POST /api/v1/entries/search": {"document": {"type": "id_number", "number": an_id_number(FIRST[XICHENG])}},
}


RIGHTS = {name: route.right for name, route in sorted(operations().items()) if isinstance(route.right, Right)}


def role_of(name: str) -> LocalRole:
    """A role of the county that may call an operation."""
    return next(role for role in LocalRole if RIGHTS[name].covers(role, Place.COUNTY))


def address(name: str, **others: str) -> tuple[str, str]:
    """Method and path of an operation, its path about a record of Xicheng, or about `others` by the names in the path."""
    method, path = name.split()
    names = dict(NAMES)
    if path.startswith("/api/v1/exchanges/{exchange}") and path.removeprefix("/api/v1/exchanges/{exchange}") in ABOUT_ASKED:
        names["exchange"] = ASKED
    if "frozen-reports" in path:
        names["digest"] = a_frozen(XICHENG, node=NODE).head.digest
    elif "received-reports" in path:
        names["digest"] = a_received(XICHENG).head.digest
    else:
        names["digest"] = names["agreement_id"] = agreement_of(XICHENG).digest
    return method, path.format(**names | others)


def body_of(name: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation's example as what httpx sends."""
    if "requestBody" not in operation:
        return {}
    ((media, content),) = operation["requestBody"]["content"].items()
    if media == "multipart/form-data":
        layout = "births" if name == "POST /api/v1/cross-checks" else "outflow"
        return {"files": {"file": ("a.csv", b"a")}, "data": {"layout": layout, "check": QUERY}}
    example = content["example"] if "example" in content else content["examples"]["1"]["value"]
    if isinstance(example, str):
        return {"content": example.encode(), "headers": {"content-type": media}}
    return {"json": {**example, **BODIES.get(name, {})} if isinstance(example, dict) else example}


@dataclass(frozen=True)
class Asking:
    """The operations of the description, to be called."""

    http: httpx.Client
    paths: dict[str, Any]

    def __call__(self, name: str, credential: str | None, **others: str) -> httpx.Response:
        """Call one with a credential, about a record of Xicheng, or about `others` by the names in its path."""
        method, path = address(name, **others)
        sent = body_of(name, self.paths[name.split()[1]][method.lower()])
        headers = {"if-match": '"1"', **sent.pop("headers", {})}
        if credential is not None:
            headers["authorization"] = f"Bearer {credential}"
        return self.http.request(method, path, params=PARAMS.get(name, {}), headers=headers, **sent)


def text_of(response: httpx.Response) -> str:
    """All that an answer says, in its headers too; a workbook's sheets, and JSON with its escapes undone."""
    told = [str(response.headers)]
    if response.content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(response.content)) as book:
            told += [book.read(name).decode("utf-8", "replace") for name in book.namelist()]
    elif (
        "json" in response.headers.get("content-type", "")
        and response.content
        and "ndjson" not in response.headers["content-type"]
    ):
        told.append(json.dumps(response.json(), ensure_ascii=False))
    else:
        told.append(response.text)
    return "\n".join(told)
