"""What a provider of OpenID Connect says of who signed in there."""

from dataclasses import dataclass

from exchange.signin.account import AccountRole


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Claims:
    """Who it is, by the provider and its name for them (`subject`), and what they may do here."""

    subject: str
    name: str
    role: AccountRole
    jurisdiction: str
