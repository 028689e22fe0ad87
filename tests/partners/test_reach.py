"""Where this node calls: not into the machine, not into its hosting, and only where a name led when it was looked at."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.calling.reach import AddressNotAllowed, Reach
from adapters.partner_calls import PartnerUnavailable, call
from adapters.partner_http import PartnerClient, http_client
from adapters.webhook_http import OWN_SYSTEMS
from tests.builders import XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock, an_office
from tests.life.two_nodes import a_node
from woshou.settings import Settings

HERE = Reach(loopback=True)
NEVER = (
    *("169.254.169.254", "169.254.170.2", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
    *("100.100.100.200", "fd00:ec2::254", "168.63.129.16", "192.0.0.192", "2002:a9fe:a9fe::1"),
    *("0.0.0.0", "::", "224.0.0.1", "239.1.2.3", "ff02::1", "::ffff:0.0.0.0"),
    # Forms that are deprecated or local, behind which something might find another address.
    *("64:ff9b:1::7f00:1", "64:ff9b:1:2::a9fe:a9fe", "::127.0.0.1", "::10.0.0.1", "::ffff:0:127.0.0.1", "::ffff:0:a9fe:a9fe"),
    *("fec0::1", "feff::1", "2001:0:a9fe:a9fe::1", "0.1.2.3", "::ffff:0.1.2.3", "64:ff9b::1:203"),
    *("not an address", ""),
)
THIS_MACHINE = ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::")


@pytest.mark.parametrize("address", NEVER)
def test_secrets_of_the_hosting_and_addresses_of_nobody_are_never_called(address: str):
    everything = Reach.of(["0.0.0.0/0", "::/0"], loopback=True)
    assert [reach.allows(address) for reach in (Reach(), HERE, OWN_SYSTEMS, everything)] == [False] * 4


@pytest.mark.parametrize("address", THIS_MACHINE)
def test_this_machine_is_called_only_where_that_is_said(address: str):
    assert not Reach().allows(address)
    assert not Reach.of(["0.0.0.0/0", "::/0"], loopback=False).allows(address)
    assert HERE.allows(address)


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "59.200.1.1", "fd12::1", "2400:3200::1"]
)
def test_public_and_private_networks_are_called_by_default(address: str):
    assert Reach().allows(address)


@pytest.mark.parametrize("address", ["240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "2001:db8::1"])
def test_addresses_that_no_network_has_are_not(address: str):
    assert not Reach().allows(address)


def test_networks_that_are_named_are_the_only_ones():
    reach = Reach.of(["10.20.0.0/16", "fd12::/16"], loopback=False)
    assert [reach.allows(address) for address in ("10.20.1.1", "fd12::1", "::ffff:10.20.0.1")] == [True] * 3
    assert [reach.allows(address) for address in ("10.21.1.1", "8.8.8.8", "fd13::1")] == [False] * 3


@given(address=st.ip_addresses())
def test_what_is_allowed_is_an_address_that_a_partner_can_have(address: object):
    if Reach().allows(str(address)):
        given_ = ip_address(str(address))
        assert not any((given_.is_loopback, given_.is_link_local, given_.is_multicast, given_.is_unspecified))


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """A server that counts what it hears, and answers."""
    heard: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = door.accept()
            except OSError:
                return
            try:
                with tls.wrap_socket(connection, server_side=True) if tls else connection as line:
                    heard.append(line.recv(65536))
                    line.sendall(b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok")
            except OSError:
                continue

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield door.getsockname()[1], heard
        door.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_nothing_is_sent_where_the_node_does_not_call(host: str):
    with listening() as (port, heard), http_client(reach=Reach()) as client, pytest.raises(AddressNotAllowed):
        call(client, "GET", f"http://{host}:{port}/", seconds=5)
    assert heard == []


def test_a_partners_address_within_the_machine_is_refused_at_every_look(tmp_path: Path):
    office = an_office(tmp_path / "node", a_node(XICHENG_NODE, XICHENG), HandClock())
    with listening() as (port, heard), http_client(reach=office.reach) as client, pytest.raises(AddressNotAllowed):
        PartnerClient(office, client).look(f"http://localhost:{port}")
    assert heard == []


def test_a_name_is_looked_up_once_and_what_was_looked_at_is_what_is_called(monkeypatch: pytest.MonkeyPatch):
    """A resolver that answers otherwise the second time is never asked a second time."""
    real, asked = socket.getaddrinfo, []

    def resolving(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        there = "127.0.0.1" if asked.count("rebinding.example") < 2 else "192.0.2.1"
        return real(there if host == "rebinding.example" else host, *rest, **more)  # type: ignore[arg-type] # as given

    monkeypatch.setattr(socket, "getaddrinfo", resolving)
    with listening() as (port, heard), http_client(reach=HERE) as client:
        assert call(client, "GET", f"http://rebinding.example:{port}/", seconds=5).content == b"ok"
    assert asked.count("rebinding.example") == 1
    assert b"rebinding.example" in heard[0]


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS under a name, and the certificate to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context, certificate


@pytest.mark.parametrize(("name", "held"), [("localhost", True), ("other.example", False)])
def test_the_name_and_not_the_address_is_what_a_certificate_has_to_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, held: bool
):
    tls, trusted = certified(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with listening(tls) as (port, heard), http_client(reach=HERE) as client:
        if held:
            assert call(client, "GET", f"https://localhost:{port}/", seconds=5).content == b"ok"
        else:
            with pytest.raises(PartnerUnavailable):
                call(client, "GET", f"https://localhost:{port}/", seconds=5)
            assert heard == []


def test_a_proxy_is_the_operators_choice(monkeypatch: pytest.MonkeyPatch):
    with listening() as (port, heard):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "")
        with http_client(reach=Reach()) as client:
            assert call(client, "GET", "http://wuchang.example/", seconds=5).content == b"ok"
    assert heard[0].startswith(b"GET http://wuchang.example/ ")


def test_a_redirect_into_the_machine_is_not_followed():
    answer = httpx.Response(302, headers={"location": "http://169.254.169.254/latest/meta-data/"})
    with http_client(httpx.MockTransport(lambda _: answer), reach=HERE) as client:
        assert call(client, "GET", "https://wuchang.example/", seconds=5).status_code == 302


def settings(tmp_path: Path, **given: object) -> Settings:
    known: dict[str, Any] = {"node": "wuchang.example", "title": "武昌", "jurisdictions": ["420106"], **given}
    return Settings(data=tmp_path, **known)


@pytest.mark.parametrize(
    ("given", "loopback"),
    [
        ({"url": "https://wuchang.example"}, False),
        ({"url": "https://wuchang.example", "environment": "sandbox"}, True),
        ({"url": "http://127.0.0.1:8000"}, True),
    ],
    ids=["production", "sandbox", "on this machine"],
)
def test_a_production_node_with_an_address_of_its_own_calls_no_other_program_of_its_machine(
    tmp_path: Path, given: dict[str, Any], loopback: bool
):
    assert settings(tmp_path, **given).reach == Reach(loopback=loopback)


def test_the_networks_of_partners_are_a_setting(tmp_path: Path):
    made = settings(tmp_path, url="https://wuchang.example", partner_networks="10.20.0.0/16, 59.192.0.0/10")
    assert made.reach == Reach.of(["10.20.0.0/16", "59.192.0.0/10"], loopback=False)
    with pytest.raises(ValidationError):
        settings(tmp_path, url="https://wuchang.example", partner_networks="10.20.0.1/16")
