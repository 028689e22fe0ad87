"""People who sign in to a served node's pages, and what they read there."""

import re
from collections.abc import Mapping
from html import unescape

import httpx

from adapters.signin.passwords import Passwords
from exchange.ledger import ApiKey
from exchange.signin.account import Account
from tests.api.nodes import PATIENCE, Served

PASSWORD = "correct horse battery"
OPEN: list[httpx.Client] = []
# What is chosen in a form's file field: its name and its bytes.
Files = Mapping[str, tuple[str, bytes]] | None
_HASH = Passwords().hash(PASSWORD)


def account(node: Served, login: str = "wang", role: str = "clerk", of: str | None = None, **changes: object) -> str:
    """An account of that role and jurisdiction; the id of its key."""
    county = of or min(node.office.node.jurisdictions)
    key = ApiKey(
        id=f"a-{login}", secret_hash="-", name=f"{login} 先生", jurisdiction=county, role=role, created_at=node.clock.now()
    )
    made = Account(key=key.id, login=login, password_hash=_HASH)
    with node.office.ledgers.transaction() as ledger:
        ledger.access.save_api_key(key)
        ledger.accounts.add(made)
    return key.id


class Reader:
    """A browser that is signed in, without the screen."""

    def __init__(self, node: Served, language: str = "zh") -> None:
        headers = {"accept-language": language}
        self.http = httpx.Client(base_url=node.url, follow_redirects=True, headers=headers, timeout=PATIENCE)
        self.page: httpx.Response | None = None
        OPEN.append(self.http)

    def sign_in(self, login: str = "wang", password: str = PASSWORD, **more: str) -> httpx.Response:
        """Fill in the form."""
        return self._read(self.http.post("/sign-in", data={"login": login, "password": password, **more}))

    def get(self, path: str, **query: str) -> httpx.Response:
        """Open a page."""
        return self._read(self.http.get(path, params=query))

    def post(self, path: str, **fields: str | list[str]) -> httpx.Response:
        """Send a form as the page that was read last has it, with its hidden fields; `holder__name` is `holder.name`."""
        return self.send(path, None, **fields)

    def send(self, path: str, files: Files, **fields: str | list[str]) -> httpx.Response:
        """The same with files in it."""
        assert self.page is not None
        found = re.findall(r'name="(csrf|version|once|said|from)" value="([^"]+)"', self.page.text)
        hidden = {name: unescape(value) for name, value in found}
        given = {name.replace("__", "."): value for name, value in fields.items()}
        return self._read(self.http.post(path, data={**hidden, **given}, files=files))

    def _read(self, response: httpx.Response) -> httpx.Response:
        if response.headers.get("content-type", "").startswith("text/html"):
            self.page = response
        return response


def signed_in(node: Served, login: str = "wang", role: str = "clerk", of: str | None = None, language: str = "zh") -> Reader:
    """A new account's owner, at their first page."""
    account(node, login, role, of)
    reader = Reader(node, language)
    answer = reader.sign_in(login)
    assert answer.status_code == 200, answer.text
    return reader


def text_of(response: httpx.Response) -> str:
    """What stands on a page, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.text))).strip()


def refusal_of(response: httpx.Response) -> str | None:
    """The code of the refusal that a page tells of."""
    found = re.search(r'role="alert" data-code="([a-z-]+)"', response.text)
    return found[1] if found else None
