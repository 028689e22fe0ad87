"""What can be wrong with a signature, a token or a key folder.

The tree::

    NotAuthentic
    ├── MalformedJws        not three canonical base64url parts, header no I-JSON object, or too large
    ├── ForbiddenHeader     another algorithm, or a header member beside alg, kid and typ
    ├── WrongType           signed for another use
    ├── UnknownKey          no trusted key has this kid
    ├── BadSignature        the signature does not fit the bytes
    ├── UnusableKey         not a public P-256 key in canonical form
    ├── WrongClaims         a claim is missing, of the wrong type or not for this node
    └── TokenExpired        outside its time
    KeyringTrouble          the node's own key folder; an operator must act, no caller can
    ├── KeyringMissing      no key folder there
    ├── KeyringExists       a key folder, or something else, is there already
    ├── KeyringDamaged      a file of the folder is missing or unreadable
    ├── KeysExposed         other users of the machine could read the keys
    ├── NoUsableKey         no own key may sign at this moment
    ├── UnknownOwnKey       the folder knows no such kid
    └── SigningDeviceFailed the command of a key in a device gives no signature, or a wrong one
"""

from pathlib import Path

from exchange.errors import NotAuthentic, Retry, WoshouError


class MalformedJws(NotAuthentic):
    """Not a compact JWS in canonical form."""

    code = "jws-malformed"
    zh = "签名数据不是规范的紧凑 JWS（三段无填充的规范 base64url）。"
    en = "This is not a compact JWS of three canonical, unpadded base64url parts."


class ForbiddenHeader(NotAuthentic):
    """The header is not exactly alg ES256, kid and typ."""

    code = "jws-header-forbidden"
    zh = "JWS 头只能含 alg（ES256）、kid 和 typ。"
    en = "A JWS header holds alg (ES256), kid and typ, and nothing else."


class WrongType(NotAuthentic):
    """A signature made for another use; `expected` is the typ that would have been right."""

    code = "jws-type-wrong"

    def __init__(self, *, expected: str) -> None:
        self.expected = expected
        super().__init__(zh=f"签名用途不符：typ 应为 {expected}。", en=f"Signed for another use: typ should be {expected}.")


class UnknownKey(NotAuthentic):
    """No key that is trusted here and now has this kid; one rate-limited look at the node document may help."""

    code = "key-unknown"
    retry = Retry.CONTACT
    zh = "签名密钥未知或不再受信任，请核对对方的节点文档。"
    en = "The signing key is unknown or no longer trusted; check the partner's node document."

    def __init__(self, kid: str) -> None:
        self.kid = kid
        super().__init__()


class BadSignature(NotAuthentic):
    """The signature does not fit the bytes and the key."""

    code = "signature-bad"
    zh = "签名与内容不符。"
    en = "The signature does not fit the content."


class UnusableKey(NotAuthentic):
    """A JWK that is not a public P-256 key in canonical form."""

    code = "key-unusable"
    retry = Retry.CONTACT
    zh = "密钥不是规范的 P-256 公钥（kty EC，crv P-256，规范 base64url，不含私钥部分）。"
    en = "Not a public P-256 key in canonical form (kty EC, crv P-256, canonical base64url, no private part)."


class WrongClaims(NotAuthentic):
    """A claim is missing, of the wrong type, or not meant for this node; `claim` names it."""

    code = "claims-wrong"
    retry = Retry.CORRECTED

    def __init__(self, claim: str) -> None:
        self.claim = claim
        super().__init__(zh=f"令牌声明 {claim} 缺失或不符合要求。", en=f"The claim {claim} is missing or not as required.")


class TokenExpired(NotAuthentic):
    """Expired, or not valid yet, by more than the leeway."""

    code = "token-expired"
    retry = Retry.CORRECTED
    zh = "令牌已过期或尚未生效，请校对时钟后重新申请。"
    en = "The token has expired or is not valid yet; check the clock and ask for a new one."


class KeyringTrouble(WoshouError):
    """Something is wrong with the node's own key folder; an operator must act."""

    code = "keyring-trouble"
    retry = Retry.CONTACT
    zh = "本节点的密钥文件夹不可用，请联系运维人员。"
    en = "This node's key folder cannot be used; an operator must look at it."


class KeyringMissing(KeyringTrouble):
    """No key folder there."""

    code = "keyring-missing"
    zh = "未找到密钥文件夹，请先初始化节点。"
    en = "There is no key folder; initialise the node first."


class KeyringExists(KeyringTrouble):
    """Nothing is ever written over an existing key folder."""

    code = "keyring-exists"
    zh = "该位置已有密钥或其他文件，不会覆盖。"
    en = "There are keys or other files already; nothing was written over."


class KeyringDamaged(KeyringTrouble):
    """A file of the folder is missing or cannot be read; `file` is its name inside the folder."""

    code = "keyring-damaged"

    def __init__(self, file: str) -> None:
        self.file = file
        super().__init__(
            zh=f"密钥文件 {file} 缺失或损坏，请从备份恢复。",
            en=f"The key file {file} is missing or damaged; restore it from the backup.",
        )


class KeysExposed(KeyringTrouble):
    """Other users of the machine could read or change the keys."""

    code = "keys-exposed"

    def __init__(self, path: Path) -> None:
        wanted = "700" if path.is_dir() else "600"
        super().__init__(
            zh=f"{path.name} 可被其他用户访问，请执行 chmod {wanted}。",
            en=f"Other users may access {path.name}; run chmod {wanted} on it.",
        )


class NoUsableKey(KeyringTrouble):
    """Every own signing key is expired, revoked, not valid yet, or without its private half."""

    code = "no-usable-key"
    zh = "当前没有可用的签名密钥，请轮换密钥。"
    en = "No signing key may be used at this moment; rotate the keys."


class UnknownOwnKey(KeyringTrouble):
    """The folder knows no such signing or encryption key."""

    code = "own-key-unknown"
    zh = "密钥文件夹中没有该密钥标识。"
    en = "The key folder has no key with this id."


class SigningDeviceFailed(KeyringTrouble):
    """The command of a key in a device gives no signature, or one that does not fit the key."""

    code = "signing-device-failed"
    zh = "签名设备没有给出有效的签名：请检查设备与签名命令（keys 目录中的 .command 文件）。"
    en = "The signing device gave no valid signature: look at the device and its command (the .command file among the keys)."
