"""A relay before a server, which counts bytes and round trips; its own CPU is this process's and is not counted."""

import os
import socket
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

_CHUNK = 1 << 18


@dataclass
class _Counted:
    bytes: int = 0
    round_trips: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Wire:
    """127.0.0.1 and a port of its own, relayed to the server that it is aimed at."""

    def __init__(self) -> None:
        self._to: str | tuple[str, int] = ("127.0.0.1", 0)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._counted = _Counted()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # Only this wakes a thread that waits in accept().
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def aim(self, host: str, port: str) -> None:
        """Relay what connects from now on to this port; a host that is a folder has PostgreSQL's socket in it."""
        self._to = f"{host}/.s.PGSQL.{port}" if os.path.isabs(host) else (host, int(port))

    @property
    def counted(self) -> tuple[int, int]:
        """Bytes both ways, and round trips: how often somebody asked after having been answered."""
        with self._counted.lock:
            return self._counted.bytes, self._counted.round_trips

    def forget(self) -> None:
        with self._counted.lock:
            self._counted.bytes = self._counted.round_trips = 0

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return  # closed
            far = self._connect()
            _Relay(near, far, self._counted).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._to, tuple):
            return socket.create_connection(self._to)
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._to)
        return far


class _Relay:
    """One connection: a thread for each way."""

    def __init__(self, near: socket.socket, far: socket.socket, counted: _Counted) -> None:
        self._near, self._far, self._counted = near, far, counted
        self._asking = False

    def start(self) -> None:
        for source, sink, asks in ((self._near, self._far, True), (self._far, self._near, False)):
            threading.Thread(target=self._pass_on, args=(source, sink, asks), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, asks: bool) -> None:
        try:
            while data := source.recv(_CHUNK):
                with self._counted.lock:
                    self._counted.bytes += len(data)
                    self._counted.round_trips += asks and not self._asking
                    self._asking = asks
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            # One end has gone: the other is told, and its thread ends likewise.
            for end in (source, sink):
                end.close()
