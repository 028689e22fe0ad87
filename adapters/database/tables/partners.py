"""Partners, their keys, and the agreements with them."""

from adapters.database.tables.columns import Row, flag, number, text


class PartnerRow(Row, table=True):
    """Another node."""

    __tablename__ = "partners"

    node: str = text(primary_key=True)
    name: str = text()
    url: str = text()
    status: str = text()
    environment: str = text()
    fingerprint: str = text()
    document_version: int = number()
    document_jws: str = text()
    token_endpoint: str = text()
    batches_endpoint: str = text()
    agreements_endpoint: str = text()
    links_endpoint: str = text()
    claimed: str = text()
    confirmed: str = text()
    known_at: int = number()


class PartnerKeyRow(Row, table=True):
    """A key that a partner is or was trusted with. `position` keeps the order in which they came."""

    __tablename__ = "partner_keys"

    partner: str = text(primary_key=True, foreign_key="partners.node")
    position: int = number(primary_key=True)
    kid: str = text()
    use: str = text()
    x: str = text()
    y: str = text()
    not_before: int = number()
    not_after: int | None = number()
    revoked_from: int | None = number()


class AgreementRow(Row, table=True):
    """An agreement as this node holds it; `terms` is the agreement as JSON."""

    __tablename__ = "agreements"

    digest: str = text(primary_key=True)
    partner: str = text(index=True)
    terms: str = text()
    ours: bool = flag()
    proposal_jws: str = text()
    decision_jws: str | None = text()
    standing: str = text()
    known_at: int = number()
    decided_at: int | None = number()
    ended_at: int | None = number()
    unsent: str = text()
    acceptance_jws: str | None = text()
