"""The agreements, signed."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from adapters.database.tables import AgreementRow
from adapters.database.values import json_of, list_of, moment_of, stored
from adapters.database.work import AnyRow, Asked, Work, named, table_of
from exchange.moments import from_milliseconds
from exchange.terms.agreement import Agreement, SignedAgreement, Standing

_AGREEMENTS = table_of(AgreementRow)
_EARLIEST_FIRST = select(_AGREEMENTS).order_by(_AGREEMENTS.c.known_at, _AGREEMENTS.c.digest)
_all = Asked(lambda _: _EARLIEST_FIRST)
_of_partner = Asked(lambda _: _EARLIEST_FIRST.where(_AGREEMENTS.c.partner == bindparam("partner")))
_terms = msgspec.json.Decoder(Agreement)


class SqlAgreements:
    """`exchange.ledger.Agreements` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def all(self, partner: str | None = None) -> list[SignedAgreement]:
        rows = self._work.ask(_all) if partner is None else self._work.ask(_of_partner, partner=partner)
        return [_agreement(row) for row in rows]

    def get(self, digest: str) -> SignedAgreement | None:
        row = self._work.first(select(_AGREEMENTS).where(_AGREEMENTS.c.digest == digest))
        return None if row is None else _agreement(row)

    def add(self, agreement: SignedAgreement) -> None:
        self._work.change(_AGREEMENTS.insert().values(_values(agreement)))

    def save(self, agreement: SignedAgreement) -> None:
        found = _AGREEMENTS.update().where(_AGREEMENTS.c.digest == agreement.digest)
        if self._work.change(found.values(_values(agreement))) != 1:
            raise KeyError("the agreement was never added")


def _values(agreement: SignedAgreement) -> dict[str, Any]:
    values = stored(agreement)
    values["terms"] = json_of(values.pop("agreement"))
    return values


def _agreement(row: AnyRow) -> SignedAgreement:
    values = named(_AGREEMENTS, row)
    values["agreement"] = _terms.decode(values.pop("terms"))
    values["standing"] = Standing(values["standing"])
    values["known_at"] = from_milliseconds(values["known_at"])
    values["decided_at"] = moment_of(values["decided_at"])
    values["ended_at"] = moment_of(values["ended_at"])
    values["unsent"] = list_of(values["unsent"], str)
    return SignedAgreement(**values)
