"""Settings: from the environment (WOSHOU_…) first, then from `woshou.toml` in the data folder, then the defaults here."""

import os
from fractions import Fraction
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from adapters.calling.reach import Reach
from adapters.database.connections import read_url
from adapters.sealing.suites import SuiteName
from adapters.signin.provider import Provider, is_safe, read_roles
from adapters.webhooks import WebhookAddress, check_address, read_secret
from exchange.wire.node import is_loopback

FILE = "woshou.toml"
HostName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
Code = Annotated[str, Field(pattern=r"^\d{6}$")]


class Settings(BaseSettings):
    """Everything that an operator can set; each has its line in docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="WOSHOU_", extra="forbid", frozen=True, hide_input_in_errors=True)

    data: Path = Field(description="数据目录 / data folder: keys, settings file, SQLite database.")
    node: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", description="节点名 / the node's name, lower case, like a host name."
    )
    title: str = Field(min_length=1, max_length=100, description="单位名称 / the office that runs the node.")
    jurisdictions: Annotated[list[Code], NoDecode] = Field(
        min_length=1, description="所服务的县级区划代码 / county codes served, separated by commas."
    )
    environment: Literal["production", "sandbox"] = Field(
        default="production", description="生产或沙箱 / production nodes and sandboxes never talk to each other."
    )
    url: str = Field(description="对外地址 / the node's public address, HTTPS except on loopback.")
    host: str = Field(default="127.0.0.1", description="监听地址 / the address that the API listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="监听端口 / the port that the API listens on.")
    trusted_proxies: str = Field(
        default="",
        description="受信反向代理 / proxies whose X-Forwarded-For is believed: addresses or networks, separated by commas.",
    )
    host_names: Annotated[list[HostName], NoDecode] = Field(
        default=[],
        description="另外的主机名 / further names under which the API is called, beside that of `url`, separated by commas.",
    )
    partner_networks: Annotated[list[str], NoDecode] = Field(
        default=[],
        description="协作方所在网络 / networks that partners have, separated by commas; empty: all public and private ones.",
    )
    security_contact: str = Field(
        default="",
        max_length=200,
        pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://[^\s]+|tel:\+[0-9-]+)?$",
        description="安全问题的联系方式 / whom to tell of a weakness, in security.txt: mailto:…, https:… or tel:…; or nobody.",
    )
    database_url: str = Field(
        default="", repr=False, description="数据库 / database; empty for SQLite in the data folder, or postgresql://…"
    )
    key_store_url: str = Field(
        default="",
        repr=False,
        description="数据密钥库 / the data keys' own database; empty for beside the SQLite ledger, or a PostgreSQL schema.",
    )
    suite: SuiteName = Field(
        default="aes",
        description="密码套件 / cipher suite of new sealed values: `aes`, or `sm`: SM4-GCM with HMAC-SM3.",
    )
    kek: SecretStr | None = Field(
        default=None, description="主密钥 / key-encryption keys, `id:base64`, oldest first, commas between; only in the variable."
    )
    kek_command: str = Field(
        default="", description="主密钥命令 / a command that prints the key-encryption keys, as from a KMS; no shell."
    )
    database_owner_url: SecretStr | None = Field(
        default=None,
        description="升级用的数据库地址（表的所有者）/ who owns the tables on PostgreSQL: for upgrades alone.",
    )
    clock: Path | None = Field(default=None, description="模拟时钟文件（仅沙箱）/ a simulated clock's file, in a sandbox only.")
    deliver_seconds: float = Field(
        default=5.0, gt=0, le=3600, description="投递间隔（秒）/ seconds between two rounds of delivery."
    )
    webhook_url: str = Field(
        default="",
        description="本地系统的通知地址 / where own systems listen for webhooks: https, or http on loopback; empty for none.",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        validate_default=True,
        description="通知签名密钥 / the webhooks' secret, `whsec_` and base64 of 24 to 64 bytes; better in the variable.",
    )
    internal_limit: str = Field(
        default="2/3",
        pattern=r"^[1-9][0-9]?/[1-9][0-9]?$",
        description="分派乡镇的内部时限占剩余天数的份额 / share of the remaining days that a township is given, as a fraction.",
    )
    clerk_queries: int = Field(
        default=200,
        ge=10,
        le=5000,
        description="每名经办人每日协查上限 / queries that one clerk may start a day, sheets apart.",
    )
    clerk_persons: int = Field(
        default=5000, ge=100, le=100_000, description="每名经办人每日查看人员上限 / persons that one clerk may be shown a day."
    )
    clerk_sheets: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="每名经办人每日导出上限 / sheets of persons that one clerk may take out a day.",
    )
    retain_bodies_months: int = Field(
        default=12, ge=3, le=36, description="办结后保留消息正文的月数 / months for which bodies are kept after closing."
    )
    retain_entries_months: int = Field(
        default=24,
        ge=6,
        le=60,
        description="退档后保留人员信息的月数 / months for which an entry's person is kept after closing.",
    )
    oidc_issuer: str = Field(
        default="", description="统一身份认证 / the OpenID Connect provider's issuer, https; empty: accounts of this node alone."
    )
    oidc_client_id: str = Field(default="", description="在该处登记的客户端 / this node's client id there.")
    oidc_client_secret_file: Path | None = Field(
        default=None, description="客户端密钥所在文件 / a file with this node's secret there; a public client has none."
    )
    oidc_role_claim: str = Field(
        default="roles", description="角色声明 / the claim that names somebody's role; dots lead inwards, as realm_access.roles."
    )
    oidc_jurisdiction_claim: str = Field(
        default="jurisdiction", description="地区声明 / the claim that names somebody's jurisdiction, a division code."
    )
    oidc_roles: Annotated[list[str], NoDecode] = Field(
        default=[],
        description="角色对应 / what values of that claim mean: value=clerk (coordinator, auditor, operator), commas between.",
    )
    log_format: Literal["json", "text"] = Field(default="json", description="日志格式 / log format.")

    @field_validator("jurisdictions", "host_names", "partner_networks", "oidc_roles", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [code.strip() for code in value.split(",") if code.strip()] if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for part in filter(None, value.split(",")):
            ip_network(part.strip())
        return value

    @field_validator("partner_networks")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        Reach.of(value, loopback=False)
        return value

    @field_validator("database_url", "key_store_url")
    @classmethod
    def _openable(cls, value: str) -> str:
        if value:
            read_url(value)
        return value

    @field_validator("kek_command")
    @classmethod
    def _one_source(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("kek") is not None:
            raise ValueError("与 kek 二者只能取一 / either this or kek, not both")
        return value

    @field_validator("database_owner_url")
    @classmethod
    def _openable_by_owner(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        read_url(value.get_secret_value())
        return value

    @field_validator("internal_limit")
    @classmethod
    def _part(cls, value: str) -> str:
        if Fraction(value) >= 1:
            raise ValueError("应小于 1 / must be less than 1")
        return value

    @field_validator("webhook_url")
    @classmethod
    def _reachable(cls, value: str) -> str:
        if value:
            check_address(value)
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and value.get_secret_value():
            read_secret(value.get_secret_value())
        elif info.data.get("webhook_url"):
            raise ValueError("设置 webhook_url 时必填 / required with webhook_url")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, value: str) -> str:
        if value and (not is_safe(value) or urlsplit(value).query or urlsplit(value).fragment):
            raise ValueError("须为 https 地址，不带查询 / must be an https address without a query")
        return value

    @field_validator("oidc_client_secret_file")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not os.access(value, os.R_OK):
            raise ValueError("文件不存在或不可读 / the file is not there or cannot be read")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _meanings(cls, value: list[str]) -> list[str]:
        read_roles(value)
        return value

    @model_validator(mode="after")
    def _whole_provider(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_roles):
            raise ValueError(
                "设置 oidc_issuer 时，oidc_client_id 与 oidc_roles 必填 / oidc_issuer needs oidc_client_id and oidc_roles"
            )
        return self

    @property
    def provider(self) -> Provider | None:
        """Where people sign in with OpenID Connect; None if nowhere."""
        if not self.oidc_issuer:
            return None
        file = self.oidc_client_secret_file
        return Provider(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id,
            client_secret=file.read_text("utf-8").strip() if file is not None else None,
            role_claim=self.oidc_role_claim,
            jurisdiction_claim=self.oidc_jurisdiction_claim,
            roles=read_roles(self.oidc_roles),
        )

    @property
    def webhooks(self) -> WebhookAddress | None:
        """Where own systems listen, and the key; None if they are told nothing."""
        if not self.webhook_url or self.webhook_secret is None:
            return None
        return WebhookAddress(url=self.webhook_url, key=read_secret(self.webhook_secret.get_secret_value()))

    @property
    def reach(self) -> Reach:
        """Where partners may be called: on this machine only by a node that itself has its address there, or in a sandbox."""
        home = urlsplit(self.url).hostname or ""
        return Reach.of(self.partner_networks, loopback=self.environment == "sandbox" or is_loopback(home))

    @property
    def database_owner(self) -> str | None:
        """The address that upgrades use, if another role owns the tables."""
        return self.database_owner_url.get_secret_value() if self.database_owner_url is not None else None

    @property
    def database(self) -> str:
        """The database's address, SQLite in the data folder unless another is set."""
        return self.database_url or f"sqlite:///{self.data / 'woshou.sqlite3'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file of the data folder."""
        data = init_settings().get("data") or env_settings().get("data")
        file = TomlConfigSettingsSource(settings_cls, Path(data) / FILE) if data else dotenv_settings
        return init_settings, env_settings, file
