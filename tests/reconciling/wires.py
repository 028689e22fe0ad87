"""Wires between two nodes that lose answers, cut them short, or carry a partner's lies under its own signature."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from adapters.keys import jose
from adapters.office import Office
from exchange.wire import ijson

Lie = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class Losing(httpx.BaseTransport):
    """Loses a share of the answers after the partner has given them, and cuts others short; repeats some questions."""

    seed: int
    share: float
    lost: int = 0
    _wire: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def close(self) -> None:
        self._wire.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = self._wire.handle_request(request)
        content = response.read()
        if self._random.random() < self.share:
            self.lost += 1
            raise httpx.ReadError("the connection broke", request=request)
        if self._random.random() < self.share / 4:
            self.lost += 1
            raise httpx.RemoteProtocolError("the answer was cut short", request=request)
        # A token is asked for with an assertion that holds once.
        if self._random.random() < self.share and request.url.path != "/oauth/token":
            response = self._wire.handle_request(request)
            content = response.read()
        return httpx.Response(response.status_code, headers=response.headers, content=content, request=request)


class Died(BaseException):
    """The process is gone."""


@dataclass
class Dying(httpx.BaseTransport):
    """The asking process dies after the partner has answered at this path, before it hears of it."""

    path: str
    _wire: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def close(self) -> None:
        self._wire.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = self._wire.handle_request(request)
        content = response.read()
        if request.url.path == self.path:
            raise Died
        return httpx.Response(response.status_code, headers=response.headers, content=content, request=request)


@dataclass
class Lying(httpx.BaseTransport):
    """Carries what a dishonest partner says: for these paths its answers are changed and signed anew with its own key."""

    liar: Office
    lies: dict[str, Lie]
    asked: list[str] = field(default_factory=list)
    _wire: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def close(self) -> None:
        self._wire.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        path = request.url.path
        self.asked.append(path)
        response = self._wire.handle_request(request)
        content = response.read()
        lie = self.lies.get(path)
        if lie is not None and response.status_code == 200:
            unverified = jose.read_unverified(content.decode())
            told = lie(ijson.loads(unverified.payload))
            content = self.liar.signer(unverified.header.typ)(ijson.dumps(told)).encode()
        headers = {"content-type": response.headers["content-type"]}
        return httpx.Response(response.status_code, headers=headers, content=content, request=request)
