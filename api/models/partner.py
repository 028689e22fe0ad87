"""The JSON answers of the wire API; everything else on it is a JWS or NDJSON (`exchange.wire`)."""

from collections.abc import Sequence
from typing import Any, Literal, Self

from msgspec import Struct
from pydantic import BaseModel, Field

from adapters.keys.jose import thumbprint
from api.models.shapes import REFERENCE
from exchange.exchanges import Link, StoredBatch
from exchange.wire.batch import Manifest, Receipt
from exchange.wire.proven import ErasedLine

# Cut short; docs/wire-example has whole ones.
_JWS = "eyJhbGciOiJFUzI1NiIsImtpZCI6Ik9BQXZUaU1C….eyJsaW5rIjoiMjIwMTE4ZjUtOGI2Yi04….7ePriD1dgVYWeabTVg0mMm8V…"


def signed(shape: type[Struct], *types: str) -> dict[str, Any]:
    """A body that is a compact JWS of one of these types, whose payload has this shape."""
    schema = {
        "type": "string",
        "description": f"compact JWS ({' or '.join(types)}); its payload is a {shape.__name__}",
        "contentMediaType": "application/jose",
        "x-payload": {"$ref": REFERENCE + shape.__name__},
    }
    return {"content": {"application/jose": {"schema": schema, "example": _JWS}}}


BATCH: dict[str, Any] = {
    "schema": {
        "type": "string",
        "description": "line 1: compact JWS (mx-batch+jws), its payload is a Manifest; lines 2…: 1 to 1,000 lines, each a Message"
        " and ended by \\n",
        "x-payload": {"$ref": REFERENCE + Manifest.__name__},
        "x-line": {"$ref": REFERENCE + "Message"},
    },
    "example": f'{_JWS}\n{{"kind":"confirmation","id":"019cc0a8-9680-7000-8000-000000000004",…}}\n',
}
PROVEN: dict[str, Any] = {
    "schema": {
        "type": "string",
        "description": "line 1: compact JWS (mx-batch+jws), its payload is a Manifest; line 2: compact JWS (mx-receipt+jws), its"
        " payload is a Receipt; then one line for each digest, each the Message as it travelled or an ErasedLine; ended by \\n",
        "x-payload": {"$ref": REFERENCE + Manifest.__name__},
        "x-receipt": {"$ref": REFERENCE + Receipt.__name__},
        "x-line": {"$ref": REFERENCE + "Message"},
        "x-erased": {"$ref": REFERENCE + ErasedLine.__name__},
    },
    "example": f'{_JWS}\n{_JWS}\n{{"kind":"confirmation","id":"019cc0a8-9680-7000-8000-000000000004",…}}\n',
}
HEADS_EXAMPLE = {"heads": [_JWS], "held": [_JWS]}
ASSERTION_EXAMPLE = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": _JWS,
    "scope": "exchange",
}


class Jwk(BaseModel):
    """A public key (RFC 7517)."""

    kty: Literal["EC"] = "EC"
    crv: Literal["P-256"] = "P-256"
    x: str
    y: str
    kid: str
    use: Literal["sig", "enc"]


class Jwks(BaseModel):
    """A key set."""

    keys: list[Jwk]

    @classmethod
    def of(cls, rows: Sequence[dict[str, Any]]) -> Self:
        """From the keyring's public rows."""
        return cls(keys=[Jwk(**row["jwk"], kid=thumbprint(row["jwk"]), use=row["use"]) for row in rows])


class TokenAnswer(BaseModel):
    """RFC 6749, section 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int = Field(description="seconds", examples=[600])
    scope: str = Field(examples=["exchange"])


class Head(BaseModel):
    """The last batch of one direction."""

    sequence: int = Field(description="0 while there is none")
    digest: str | None = Field(description="of the manifest's payload bytes")
    manifest: str | None = Field(description="compact JWS; its payload is a Manifest")
    receipt: str | None = Field(description="compact JWS, null while it is missing; its payload is a Receipt")

    @classmethod
    def of(cls, sequence: int, batch: StoredBatch | None) -> Self:
        """From the stored batch."""
        return cls(
            sequence=sequence,
            digest=batch.digest if batch else None,
            manifest=batch.manifest_jws if batch else None,
            receipt=batch.receipt_jws if batch else None,
        )


class LinkHeads(BaseModel):
    """Both logs of a link, as the answering node holds them."""

    link: str
    received: Head = Field(description="the caller's log")
    sent: Head = Field(description="the answering node's log")

    @classmethod
    def of(cls, link: Link, *, received: StoredBatch | None, sent: StoredBatch | None) -> Self:
        """From the stored link."""
        return cls(
            link=link.uuid,
            received=Head.of(link.in_sequence, received),
            sent=Head.of(link.out_sequence, sent),
        )
