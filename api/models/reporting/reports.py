"""Reports as bodies: documents with their tables, frozen reports, and those sent and received."""

from typing import Any, Self

from pydantic import Field

from api.models.agreements import DIGEST_EXAMPLE
from api.models.base import Moment, Shown
from exchange.people.record import Shape
from exchange.rates import Cohort
from exchange.reporting.frozen.monthly import Code, CorrectionReason, FrozenHead, Month
from exchange.reporting.frozen.upward import ReceivedHead, Sending
from exchange.reporting.table import ColumnKind, Mark
from exchange.verbs.reporting.verify_report import Difference, Verification
from exchange.wire.batch import NodeName

MONTHLY_EXAMPLE: dict[str, Any] = {
    "as_of": "2026-03-27T16:00:00.000Z",
    "cohort": "due",
    "correction": None,
    "counties": ["110102"],
    "divisions": "2026-09",
    "edition": 1,
    "figures": [
        {
            "category": "migrant",
            "jurisdiction": "110102",
            "rates": [
                {
                    "beside": {
                        "challenged": 0,
                        "lapsed": 0,
                        "median_days": 12,
                        "not_found": 2,
                        "oldest_open_days": 41,
                        "oldest_overdue_days": 6,
                        "open": 57,
                        "overdue": 3,
                        "p90_days": 27,
                        "refused": 1,
                        "withdrawn": 4,
                        "withdrawn_apart": 3,
                    },
                    "denominator": 326,
                    "numerator": 233,
                    "rate": "feedback_given",
                    "reason": None,
                }
            ],
            "rejected": 0,
            "township": None,
        }
    ],
    "first": "2026-02-21",
    "frozen_at": "2026-03-27T17:30:00.000Z",
    "jurisdiction": "110102",
    "last": "2026-03-20",
    "month": "2026-03",
    "node": "xicheng.example",
    "report": "monthly",
    "rules": {"digest": DIGEST_EXAMPLE, "version": "woshou-2026.1"},
    "supersedes": None,
}


class TextShown(Shown):
    """In both languages."""

    zh: str
    en: str


class ColumnShown(Shown):
    """A column: what kind of cells it has, and what they mean."""

    key: str = Field(examples=["feedback_given_percent"])
    kind: ColumnKind
    head: TextShown
    group: TextShown | None
    means: TextShown


class RowOfTable(Shown):
    """The cells by the keys of their columns: percentages as they are shown; a marked one is null, its mark is under `marks`."""

    cells: dict[str, int | str | None] = Field(examples=[{"place": "武昌区", "feedback_given_percent": "71.47 %"}])
    marks: dict[str, Mark]


class TableShown(Shown):
    """One table."""

    name: str = Field(examples=["feedback"])
    title: TextShown
    unit: TextShown
    columns: list[ColumnShown]
    rows: list[RowOfTable]
    totals: RowOfTable | None
    footnotes: list[TextShown]


class BasisShown(Shown):
    """What the figures rest on."""

    node: str = Field(examples=["xicheng.example"])
    jurisdiction: str = Field(examples=["110102"])
    place: str = Field(examples=["北京市西城区"])
    from_: str = Field(alias="from", examples=["2026-02-21"])
    to: str = Field(examples=["2026-03-20"])
    month: str | None = Field(examples=["2026-03"])
    as_of: str = Field(examples=["2026-03-27T16:00:00.000Z"])
    cohort: Cohort
    rules: str = Field(examples=["woshou-2026.1"])
    rules_digest: str = Field(examples=[DIGEST_EXAMPLE])
    divisions: str
    filters: dict[str, str]


class DocumentShown(Shown):
    """A report: its title, what it rests on, sentences before the tables, and the tables."""

    report: str = Field(examples=["feedback"])
    title: TextShown
    basis: BasisShown
    lead: list[TextShown]
    tables: list[TableShown]


class FrozenShown(Shown):
    """A frozen report without its bytes."""

    digest: str = Field(description="SHA-256 of the bytes, base64url", examples=[DIGEST_EXAMPLE])
    jurisdiction: str = Field(examples=["110102"])
    month: str = Field(examples=["2026-03"])
    edition: int
    supersedes: str | None = Field(description="digest of the edition before")
    frozen_at: Moment

    @classmethod
    def of(cls, head: FrozenHead) -> Self:
        """From its head."""
        return cls(
            digest=head.digest,
            jurisdiction=head.jurisdiction,
            month=head.month,
            edition=head.edition,
            supersedes=head.supersedes,
            frozen_at=head.frozen_at,
        )


class ReceivedShown(Shown):
    """A received report without its bytes."""

    digest: str = Field(examples=[DIGEST_EXAMPLE])
    sender: str = Field(examples=["wuchang.example"])
    jurisdiction: str = Field(examples=["420106"])
    month: str = Field(examples=["2026-03"])
    edition: int
    signed_at: Moment
    received_at: Moment

    @classmethod
    def of(cls, head: ReceivedHead) -> Self:
        """From its head."""
        return cls(
            digest=head.digest,
            sender=head.sender,
            jurisdiction=head.jurisdiction,
            month=head.month,
            edition=head.edition,
            signed_at=head.signed_at,
            received_at=head.received_at,
        )


class SendingShown(Shown):
    """A report on its way to a partner."""

    digest: str = Field(examples=[DIGEST_EXAMPLE])
    partner: str = Field(examples=["hubei.example"])
    queued_at: Moment
    sent_at: Moment | None
    refused: str | None = Field(description="the problem with which the partner refused it")

    @classmethod
    def of(cls, sending: Sending) -> Self:
        """From the ledger."""
        return cls(
            digest=sending.digest,
            partner=sending.partner,
            queued_at=sending.queued_at,
            sent_at=sending.sent_at,
            refused=sending.refused,
        )


class DifferenceShown(Shown):
    """One thing that comes out otherwise now."""

    where: list[str] = Field(description="category, jurisdiction, township", examples=[["migrant", "110102", ""]])
    rate: str | None
    what: str
    frozen: str
    now: str

    @classmethod
    def of(cls, difference: Difference) -> Self:
        """From the verification."""
        return cls(
            where=list(difference.where),
            rate=difference.rate,
            what=difference.what,
            frozen=difference.frozen,
            now=difference.now,
        )


class VerificationShown(Shown):
    """Whether a frozen report comes out the same as of its own moment."""

    digest: str = Field(examples=[DIGEST_EXAMPLE])
    equal: bool
    altered: bool = Field(description="the stored bytes are not those that were frozen")
    rules_differ: bool
    divisions_differ: bool
    differences: list[DifferenceShown]

    @classmethod
    def of(cls, made: Verification) -> Self:
        """From the verb."""
        return cls(
            digest=made.digest,
            equal=made.equal,
            altered=made.altered,
            rules_differ=made.rules_differ,
            divisions_differ=made.divisions_differ,
            differences=[DifferenceShown.of(difference) for difference in made.differences],
        )


class Freezing(Shape, frozen=True, kw_only=True):
    """Which month to freeze; with a `correction`, as a new edition as of now."""

    month: Month
    jurisdiction: Code | None = None
    correction: CorrectionReason | None = None


class SendingTo(Shape, frozen=True, kw_only=True):
    """To whom."""

    partner: NodeName
