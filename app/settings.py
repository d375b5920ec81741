"""All settings, read once from the environment and passed down. There is no default secret."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AnyHttpUrl, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Mode(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Environment variables start with `LIANDONG_`; `DATABASE_URL` is the exception, as hosts expect it."""

    model_config = SettingsConfigDict(env_prefix="LIANDONG_", frozen=True, extra="ignore")

    mode: Mode = Mode.DEVELOPMENT
    data_dir: Path = Path("data")
    """Embedded database, development keys and sandbox books live here."""

    database_url: Annotated[str | None, Field(validation_alias="DATABASE_URL")] = None
    """None starts the embedded PostgreSQL in `data_dir`."""

    public_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:8000")
    """How agencies and courts reach the hub; signatures are verified against it, not against the Host header."""

    pool_size: Annotated[int, Field(ge=1, le=200)] = 10

    vault_keys: SecretStr | None = None
    """`id:base64,id:base64`, 32 bytes each; the first seals, all open."""

    index_key: SecretStr | None = None
    """Base64, 32 bytes: the key of the blind index."""

    token_key: SecretStr | None = None
    """Ed25519 private key (PEM) that signs access tokens."""

    signing_key: SecretStr | None = None
    """Ed25519 private key (PEM) that signs messages to agencies."""

    audit_key: SecretStr | None = None
    """Ed25519 private key (PEM) that signs checkpoints of the audit log."""

    audit_retiring_key: SecretStr | None = None
    """The audit key before a change (PEM): signs beside the new one until all who verify the log know the new one."""

    audit_witnesses: Path | None = None
    """File with the witnesses of the audit log and their quorum (C2SP tlog-policy); None asks for none."""

    audit_witness_limit_seconds: Annotated[int, Field(ge=60)] = 900
    """Without a witnessed checkpoint for so long, no new coercive order is taken; reads and releases go on."""

    audit_origin: str = "liandong.local/audit"
    """The audit log's name in its checkpoints; never changes in the life of a log."""

    expiry_keys_folder: Path | None = None
    """Keys that are destroyed when personal data expire; None: in `data_dir`. Shared by all machines, never backed up
    with the database: a backup that holds both would bring back what has expired."""

    retention_years: Annotated[int, Field(ge=3, le=100)] = 5
    """How long after a case was closed its personal data stay readable: at least three years, as for all records of
    personal data given to others."""

    subject_view_delay_days: Annotated[int, Field(ge=0)] | None = None
    """Whether people may be told who looked them up, and how long after their case was closed; None: not at all."""

    token_minutes: Annotated[int, Field(ge=1, le=60)] = 15
    max_body_bytes: Annotated[int, Field(ge=1024)] = 16 * 1024 * 1024
    max_document_bytes: Annotated[int, Field(ge=1024)] = 8 * 1024 * 1024
    webhook_private_addresses: bool = False
    """Whether webhooks may go to private address ranges (a court's own network)."""

    webhook_disable_hours: Annotated[float, Field(gt=0)] = 72
    look_out_revalidation_days: Annotated[int, Field(ge=1, le=366)] = 30
    """How long an officer's word for the ground of a request to look out is good."""

    log_json: bool = True

    @property
    def expiry_keys_dir(self) -> Path:
        return self.expiry_keys_folder or self.data_dir / "expiry-keys"

    @property
    def secrets_dir(self) -> Path:
        return self.data_dir / "secrets"
