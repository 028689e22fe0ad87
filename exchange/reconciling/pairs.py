"""A pair: the outflow register of an origin towards a destination, and that destination's inflow register from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from exchange.codes import RegisterKind
from exchange.errors import Forbidden, Retry
from exchange.jurisdiction import Divisions
from exchange.moments import SHANGHAI
from exchange.people.register import Entry
from exchange.terms.agreement import RegisterComparison, SignedAgreement, deciding

# What the answering side lets be found out in one run where the agreement says nothing else (protocol, "Reconciliation", 2).
LEAST_LIMIT = 1_000
SHARE_LIMIT = 10
# More than this is settled by nobody in one night, whatever was agreed: calls and memory are bounded by it.
MOST_DIFFERENCES = 100_000
RUNS_A_DAY = 4


class ComparisonNotAgreed(Forbidden):
    """No agreement in force lets these two registers be compared."""

    code = "comparison-not-agreed"
    retry = Retry.CONTACT
    zh = "没有生效的双向协作协议允许比对这两个台账。"
    en = "No agreement in force lets these two registers be compared."


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pair:
    """Two counties; `register_of` says which of the two registers is a county's own."""

    origin: str
    destination: str

    def register_of(self, county: str) -> RegisterKind:
        """The register of one of the two counties."""
        if county not in (self.origin, self.destination):
            raise ValueError("the county is neither side of the pair")
        return RegisterKind.OUTFLOW if county == self.origin else RegisterKind.INFLOW

    def other(self, county: str) -> str:
        """The other county."""
        return self.destination if county == self.origin else self.origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparable:
    """A pair that may be compared with a partner, and under what."""

    pair: Pair
    partner: str
    agreement: str
    terms: RegisterComparison

    def limit(self, answering: int) -> int:
        """How many persons may come out as differing, the answering side having that many."""
        agreed = self.terms.difference_limit
        return min(agreed if agreed is not None else max(LEAST_LIMIT, answering // SHARE_LIMIT), MOST_DIFFERENCES)


def governing(
    agreements: Iterable[SignedAgreement], divisions: Divisions, pair: Pair, sides: tuple[str, str], day: date
) -> SignedAgreement | None:
    """The agreement that decides about a pair on a day, as about exchanges; `sides` are the nodes of origin and destination."""
    origin, destination = sides
    return deciding(agreements, divisions, (origin, pair.origin), (destination, pair.destination), day)


def comparable(
    agreements: Iterable[SignedAgreement], divisions: Divisions, pair: Pair, sides: tuple[str, str], day: date
) -> Comparable:
    """How the registers of a pair may be compared on a day; ComparisonNotAgreed where the agreement forbids it or is none."""
    signed = governing(agreements, divisions, pair, sides, day)
    if signed is None or not signed.agreement.register_comparison.allowed:
        raise ComparisonNotAgreed
    return Comparable(pair=pair, partner=signed.partner, agreement=signed.digest, terms=signed.agreement.register_comparison)


def takes_part(entry: Entry) -> bool:
    """Whether an entry is compared at all: open and not protected."""
    return entry.is_open and not entry.protected


def pair_of(entry: Entry) -> Pair:
    """The pair that an entry belongs to; of a coarse destination there is no register to compare with."""
    return Pair(origin=entry.origin, destination=entry.destination)


def month_of(now: datetime) -> str:
    """The civil month, ``YYYY-MM``, whose tokens are used at this moment."""
    return f"{now.astimezone(SHANGHAI):%Y-%m}"


def month_after(month: str) -> str:
    """The month after."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04}-{number % 12 + 1:02}"


def month_before(month: str) -> str:
    """The month before."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - (number == 1):04}-{(number - 2) % 12 + 1:02}"
