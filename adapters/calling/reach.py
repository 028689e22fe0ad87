"""Which addresses this node calls: an address that another party has chosen must not lead into the machine or its hosting.

Judged is the address that a name has led to and that is then connected to, so that no second look-up can differ from the
first. Government networks are private ones, so these are allowed until an operator says which networks partners have.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self

from exchange.errors import PartnerTrouble

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

PRIVATE: Final[tuple[Network, ...]] = tuple(
    ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
# Where hosts hand out credentials to whatever runs on them; all others of these are link-local.
_METADATA: Final = frozenset(
    ip_address(text) for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)
_NAT64: Final = ip_network("64:ff9b::/96")
# Of no use to a partner, whatever an operator's networks say: "this network", and forms of IPv6 in which some translator may find
# an IPv4 address that is judged by nobody (compatible, translated, local NAT64, Teredo), and the site-local one of before.
_NEVER: Final = tuple(
    ip_network(text) for text in ("0.0.0.0/8", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2001::/32", "fec0::/10")
)


class AddressNotAllowed(PartnerTrouble):
    """The address lies where this node does not call."""

    code = "address-not-allowed"
    zh = "该地址不在本节点可以联络的网络内（见设置 partner_networks）。"
    en = "The address is in no network that this node calls (see the setting partner_networks)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What may be called: `networks` alone if there are any, else every public address and the private networks.

    This machine only with `loopback`; and never, whatever the networks say, link-local, multicast and unspecified addresses,
    deprecated forms that hide another address, and those where hosts keep what is secret of their machines.
    """

    networks: tuple[Network, ...] = ()
    loopback: bool = False

    @classmethod
    def of(cls, networks: Iterable[str], *, loopback: bool) -> Self:
        """The same from text; ValueError for what is no network."""
        return cls(networks=tuple(ip_network(text) for text in networks), loopback=loopback)

    def allows(self, text: str) -> bool:
        """Whether an address, as the resolver writes it, may be connected to."""
        try:
            address = _plain(ip_address(text.partition("%")[0]))
        except ValueError:
            return False
        if address.is_loopback:
            return self.loopback
        if address in _METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
            return False
        if any(address in network for network in _NEVER):
            return False
        if self.networks:
            return any(address in network for network in self.networks)
        return address.is_global or any(address in network for network in PRIVATE)


def _plain(address: Address) -> Address:
    """An IPv4 address that is written as IPv6, or that such an address leads to, as what it is."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address
