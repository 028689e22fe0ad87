"""What every attempt has to end in: a refusal for the right reason, that the audit shows."""

import httpx

from tests.api.hand import problem


def refused(response: httpx.Response, status: int, code: str) -> None:
    """The attempt was refused with this status and this problem, and is on record."""
    assert problem(response)[:2] == (status, code), response.text
    seen_in_audit(response)


def seen_in_audit(response: httpx.Response) -> None:
    """Where the audit is to be asked whether it shows the attempt that got this answer; every attempt comes through here."""
