"""What can be wrong with a sealed value or with a key that opens it.

The tree::

    SealingTrouble              an operator must act, no caller can
    ├── WrappingKeyMissing      a data key is wrapped by a key that is nowhere
    ├── WrappingKeyUnknown      there is no wrapping key of that name to forget
    ├── WrappingKeysUnreadable  the file, the variable or the command gives no usable keys
    ├── WrappingKeyInUse        a wrapping key that is to be forgotten still wraps something
    ├── WrappingKeysElsewhere   new wrapping keys are made where the present ones come from
    ├── DataKeyUnreadable       a data key does not open under the key that is named for it
    ├── DataKeyMissing          the key store knows nothing of a value's data key
    ├── SealBroken              a value was changed, moved to another row, or never sealed
    ├── UnknownSuite            made by a suite that this program does not have
    ├── KeyStoreMissing         the key store is empty, and the ledger holds sealed values
    └── KeyStoreOfAnother       the key store belongs to another ledger
"""

from exchange.errors import Retry, WoshouError

_STORE_ZH = "请恢复与账本相配的密钥库（docs/encryption.md）。"
_STORE_EN = "Restore the key store that belongs to the ledger (docs/encryption.md)."


class SealingTrouble(WoshouError):
    """Something is wrong with a sealed value or its keys."""

    code = "sealing-trouble"
    retry = Retry.CONTACT
    zh = "加密数据或其密钥不可用，请联系运维人员。"
    en = "A sealed value or its key cannot be used; an operator must look at it."


class WrappingKeyMissing(SealingTrouble):
    """A data key is wrapped by a key that is nowhere; `kek` is its id."""

    code = "wrapping-key-missing"

    def __init__(self, kek: str) -> None:
        self.kek = kek
        super().__init__(
            zh=f"缺少主密钥 {kek}：请把它恢复到密钥文件、环境变量或密钥命令中，再重试。",
            en=f"The key-encryption key {kek} is missing: bring it back into the key file, the variable or the command.",
        )


class WrappingKeysUnreadable(SealingTrouble):
    """The source gives no usable keys; `why` says what is wrong and quotes nothing of them."""

    code = "wrapping-keys-unreadable"

    def __init__(self, why: str) -> None:
        super().__init__(
            zh=f"无法取得主密钥（{why}）：请检查密钥文件、WOSHOU_KEK 或 kek_command。",
            en=f"The key-encryption keys cannot be had ({why}): look at the key file, WOSHOU_KEK or kek_command.",
        )


class WrappingKeyUnknown(SealingTrouble):
    """There is no wrapping key of the name that is to be forgotten."""

    code = "wrapping-key-unknown"
    retry = Retry.CORRECTED
    zh = "没有该主密钥：请用 woshou keys data 查看。"
    en = "There is no such key-encryption key: `woshou keys data` lists them."


class WrappingKeyInUse(SealingTrouble):
    """A wrapping key that is to be forgotten still wraps something, or is the newest."""

    code = "wrapping-key-in-use"
    zh = "该主密钥仍在使用：请先运行 woshou keys rotate --use data。"
    en = "This key-encryption key is still in use: run `woshou keys rotate --use data` first."


class WrappingKeysElsewhere(SealingTrouble):
    """The wrapping keys come from a variable or a command, where the operator changes them."""

    code = "wrapping-keys-elsewhere"
    zh = "主密钥来自环境变量或命令：请在其来源处增删，再运行 woshou keys rotate --use data。"
    en = "The key-encryption keys come from a variable or a command: change them there, then `woshou keys rotate --use data`."


class DataKeyUnreadable(SealingTrouble):
    """A data key does not open under the wrapping key of that name: another key bears its name, or the store was changed."""

    code = "data-key-unreadable"

    def __init__(self, kek: str) -> None:
        self.kek = kek
        super().__init__(
            zh=f"主密钥 {kek} 打不开数据密钥：密钥不对，或密钥库被改动。请恢复正确的主密钥或密钥库。",
            en=f"The key {kek} does not open a data key: it is another key, or the store was changed. Restore the right one.",
        )


class _OfValue(SealingTrouble):
    """Trouble with one value; `place` is its table and, where that says nothing of a person, its row."""

    told_zh, told_en = "", ""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(zh=f"{place}：{self.told_zh}", en=f"{place}: {self.told_en}")


class DataKeyMissing(_OfValue):
    """The key store knows nothing of a value's data key: it is another one, or older than the ledger."""

    code = "data-key-missing"
    told_zh = f"密钥库中没有其数据密钥。{_STORE_ZH}"
    told_en = f"its data key is not in the key store. {_STORE_EN}"


class SealBroken(_OfValue):
    """A value was changed, moved from another row or table, or never sealed."""

    code = "seal-broken"
    told_zh = "密文与所在的表和行不符：数据被改动、移动，或未加密。请从备份恢复，并查明是谁改动。"
    told_en = (
        "the ciphertext does not fit its table and row: it was changed, moved or never sealed. Restore it, and find out by whom."
    )


class UnknownSuite(SealingTrouble):
    """Made by a suite that this program does not have."""

    code = "suite-unknown"

    def __init__(self, tag: int) -> None:
        super().__init__(
            zh=f"未知的密码套件 {tag}：请使用写入该数据的版本或更新的版本。",
            en=f"Cipher suite {tag} is not known here: use the release that wrote the value, or a newer one.",
        )


class KeyStoreMissing(SealingTrouble):
    """The key store is empty, and the ledger holds sealed values."""

    code = "key-store-missing"
    zh = f"密钥库是空的，而账本中有加密数据。{_STORE_ZH}"
    en = f"The key store is empty, and the ledger holds sealed values. {_STORE_EN}"


class KeyStoreOfAnother(SealingTrouble):
    """The key store belongs to another ledger."""

    code = "key-store-of-another"
    zh = "该密钥库属于另一账本：请检查 key_store_url，每个节点的密钥库不得共用。"
    en = "This key store belongs to another ledger: see key_store_url; no two nodes may share one."
