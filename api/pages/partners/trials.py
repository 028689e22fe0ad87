"""What trying a partner has come to, in words: what is wrong, and whose step is next."""

from collections.abc import Mapping
from typing import Final

from adapters.calling.trial import Fault, Step
from api.models.base import Sentence

STEPS: Final[Mapping[Step, Sentence]] = {
    Step.ADDRESS: Sentence("地址可以连接", "the address answers"),
    Step.DOCUMENT: Sentence("取到对方的节点文件", "the node document is there"),
    Step.KEY: Sentence("节点文件由已信任的密钥签署", "a key that is trusted here has signed it"),
    Step.STANDING: Sentence("本方已核对指纹，未暂停", "the partner is confirmed here and not suspended"),
    Step.TOKEN: Sentence("对方认得本方，给了令牌", "the partner knows this node and gave it a token"),
    Step.LINK: Sentence("双方账目末端相符", "both sides' logs end alike"),
}
FAULTS: Final[Mapping[Fault, Sentence]] = {
    Fault.NAME: Sentence(
        "找不到该主机名。请核对地址，并查本机的域名解析。",
        "The host's name has no address: check the address, and this machine's DNS.",
    ),
    Fault.NOT_ALLOWED: Sentence(
        "该地址不在本节点可联络的网络内。请检查设置 partner_networks。",
        "The address is in no network that this node calls: look at the setting partner_networks.",
    ),
    Fault.REFUSED: Sentence(
        "主机在，但端口上没有服务。请对方检查节点是否在运行。",
        "The host is there and nothing listens: ask whether the node runs.",
    ),
    Fault.SILENT: Sentence(
        "连接不上，或没有按时应答。请检查网络与防火墙，再致电对方管理员。",
        "No connection, or no answer in time: look at network and firewall, then call the other operator.",
    ),
    Fault.CERTIFICATE: Sentence(
        "TLS 证书无效：已过期、主机名不符，或签发机构不受本机信任。请对方更换证书。",
        "The TLS certificate does not hold: run out, for another host, or of an issuer that this machine does not trust.",
    ),
    Fault.BUSY: Sentence("对方过载或出错，稍后再试。", "The partner is overloaded or broken at the moment: try again later."),
    Fault.NO_NODE: Sentence(
        "该地址有应答，但不是节点文件。地址可能变了，或代理没有转发。请与对方核对。",
        "Something answers there, and it is no node document: the address may have changed, or a proxy does not pass it on.",
    ),
    Fault.DOCUMENT: Sentence(
        "对方的节点文件不符合规定，请对方管理员检查。",
        "The node document does not hold: ask the other operator to look at it.",
    ),
    Fault.ANOTHER: Sentence(
        "该地址是另一个节点。请与对方核对地址。",
        "Another node is at that address: check it with the other operator.",
    ),
    Fault.KEY: Sentence(
        "节点文件由未知密钥签署。请勿信任，先致电对方：是否更换或恢复过密钥？",
        "An unknown key has signed the node document. Trust nothing of it, and call: were keys replaced or restored there?",
    ),
    Fault.NOT_CONFIRMED: Sentence(
        "地址与文件正常；本方尚未核对指纹。请在下面确认。",
        "Address and document are in order; confirm the fingerprint below.",
    ),
    Fault.SUSPENDED: Sentence(
        "地址与文件正常；本方已暂停与它的联络。",
        "Address and document are in order; the partner is suspended here.",
    ),
    Fault.CLOCK: Sentence(
        "双方时钟相差超过 1 分钟，令牌会被拒绝。请双方校对时钟。",
        "The clocks are more than a minute apart, so that tokens are refused: set both by a time server.",
    ),
    Fault.NOT_KNOWN: Sentence(
        "对方不给令牌：它已暂停与本方的联络、尚未核对本方指纹，或不认得本方的新密钥。请致电对方管理员，查本节点的状况并刷新文件。",
        "The partner gives no token: it has suspended this node, not confirmed it yet, or does not know its new key."
        " Call the other operator, who looks at this node's standing and refreshes its document.",
    ),
    Fault.ANSWER: Sentence(
        "对方的应答不符合规定。请对方管理员查看日志。",
        "The partner's answer does not hold: ask the other operator to look at the log.",
    ),
    Fault.LINK: Sentence(
        "双方的链路编号不同：一方重新开通过。两位管理员须核对指纹并约定同一链路。",
        "The two sides have different links: one was onboarded anew. Both operators must agree on one.",
    ),
    Fault.LOST_THERE: Sentence(
        "对方少了已交换的批次，可能恢复过旧备份。夜间对账会归还；急用请运行 woshou partner settle。",
        "The partner lacks batches, as after an old backup: the night gives them back, or `woshou partner settle` does.",
    ),
    Fault.LOST_HERE: Sentence(
        "本方少了已发出的批次，可能恢复过旧备份。请运行 woshou partner settle。",
        "This node lacks batches that it had sent, as after an old backup: run `woshou partner settle`.",
    ),
}
