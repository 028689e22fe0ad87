"""Answers to questions about certificates: the signature and the form before the transaction; the beat is its sender's."""

from dataclasses import dataclass

from adapters.certificates.telling import tell_whom
from adapters.keys import jose
from adapters.office import Office, trusted_key
from exchange.certificates.limits import OF_PARTNER
from exchange.moments import format_moment
from exchange.partners import Partner
from exchange.verbs.certificates.answer import admit, answer
from exchange.wire import checks as wire
from exchange.wire import ijson
from exchange.wire.checks import CHECK_TYPE, CHECKED_TYPE, CertificateAsked, CertificateTold


class CertificateAnswering:
    """Answers one partner's question at a time; safe for many threads."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def answer(self, asked: "SignedQuestion", caller: Partner) -> str:
        """The signed answer.

        NotYourLink, CheckNotFresh, NoAgreement, ItemNotAgreed, CheckRepeated, TooManyMisses.
        """
        office = self._office
        with office.ledgers.transaction() as ledger:
            now = office.now()
            admit(ledger, office.node, caller, asked.question, now)
            question = wire.question_of(asked.question)
            tell_whom(office.node, question, question.issuer)
            word = answer(ledger, office.node, question, now, partner=caller.node, caller=caller.node, most_misses=OF_PARTNER)
        told = CertificateTold(
            question=asked.digest,
            id=question.id,
            sender=office.node.name,
            receiver=caller.node,
            told_at=format_moment(now),
            answer=word,
        )
        return office.signer(CHECKED_TYPE)(wire.write(told))

    def open(self, known: Partner, jws: str) -> "SignedQuestion":
        """The question that a trusted key of the partner's signed; refusals of `jose.verify`, NotIJSON, MalformedCheck."""
        now = self._office.now()
        payload = jose.verify(jws, typ=CHECK_TYPE, find_key=lambda kid: trusted_key(known, kid, now)).payload
        return SignedQuestion(wire.read_asked(payload), ijson.digest(payload))


@dataclass(frozen=True, slots=True, repr=False)
class SignedQuestion:
    """A question whose signature holds, and the digest of its payload bytes."""

    question: CertificateAsked
    digest: str
