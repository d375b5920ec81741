"""Agencies and their keys, administered without a restart: workers see a raised version and rebuild the adapter."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import AwareDatetime, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.kinds import with_deadlines
from app.adapters.profile import AgencySettings
from app.adapters.registry import known
from app.adapters.signing_keys import VerifyingKey, load_public_key
from app.adapters.transports.liaison import DIALECT as LIAISON_DIALECT
from app.adapters.transports.liaison import LIAISON
from app.audit.record import record
from app.errors import ErrorCode, FieldError, Refusal
from app.ids import new_id
from app.linkage.callers import Caller, entry_of
from app.linkage.fields import Demand, Line
from app.linkage.querying import agency_lane
from app.models import Agency, AgencyKey
from app.outbox.lanes import LaneSettings, ensure
from app.vocabulary import AgencyKind, AuditAction, OrderKind

_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")

_HTTP = "http"
_LONGEST_ADDRESS = 2000
"""Written out, an address grows, and must still be one when it is read again."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")]
Capabilities = Annotated[frozenset[OrderKind], Field(min_length=1)]


class NewAgencyKey(Demand):
    """A public key of the agency: PEM, or base64 of DER or of the bare 32 bytes of an Ed25519 key."""

    key_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:@+-]{1,128}$", examples=["bank-zc-2026"])]
    public_key: Annotated[str, Field(min_length=40, max_length=2000)]
    not_before: AwareDatetime | None = None
    """Nothing given: now."""
    not_after: AwareDatetime | None = None


class NewAgency(Demand):
    code: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{1,39}$", examples=["BANK-ZC"])]
    name: Annotated[Line, Field(examples=["柘城农商银行"])]
    kind: AgencyKind
    dialect: Annotated[Name, Field(examples=["liandong-1"])] = "liandong-1"
    transport: Annotated[Name, Field(examples=["http"])] = "http"
    capabilities: Capabilities = frozenset({OrderKind.ASSET_QUERY})
    settings: AgencySettings
    keys: tuple[NewAgencyKey, ...] = Field(default=(), max_length=10)
    active: bool = True


class AgencyChange(Demand):
    """What is given is replaced as a whole."""

    name: Line | None = None
    dialect: Name | None = None
    transport: Name | None = None
    capabilities: Capabilities | None = None
    settings: AgencySettings | None = None
    active: bool | None = None


async def create_agency(session: AsyncSession, caller: Caller, demand: NewAgency) -> Agency:
    """The agency with its lane and keys.

    Raises:
        Refusal: `agency_settings_invalid`, `conflict` when the code or a key id is taken.
    """
    settings = with_deadlines(demand.kind, demand.settings)
    check_settings(settings, demand.dialect, demand.transport)
    agency: Agency | None = await session.scalar(
        insert(Agency)
        .values(
            id=new_id(),
            code=demand.code,
            name=demand.name,
            kind=demand.kind,
            dialect=demand.dialect,
            transport=demand.transport,
            capabilities=sorted(demand.capabilities),
            settings=settings.model_dump(mode="json"),
            version=1,
            active=demand.active,
            created_at=caller.at,
            updated_at=caller.at,
        )
        .on_conflict_do_nothing(index_elements=[Agency.code])
        .returning(Agency)
    )
    if agency is None:
        raise Refusal(
            ErrorCode.CONFLICT,
            FieldError("/code", "agency_exists", "this code is taken", "该代码已使用"),
        )
    await _ensure_lane(session, agency.code, settings, caller.at)
    await _record(session, caller, agency, "created")
    for position, key in enumerate(demand.keys):
        await _add_key(session, caller, agency, key, f"/keys/{position}")
    return agency


async def change_agency(session: AsyncSession, caller: Caller, agency: Agency, change: AgencyChange) -> None:
    """Change a locked agency; raises `Refusal(agency_settings_invalid)`."""
    given = change.model_dump(mode="json", exclude_none=True)
    if "capabilities" in given:
        given["capabilities"].sort()
    if change.settings is None:
        settings = AgencySettings.model_validate(agency.settings)
    else:
        settings = with_deadlines(agency.kind, change.settings)
        given["settings"] = settings.model_dump(mode="json")
    check_settings(settings, change.dialect or agency.dialect, change.transport or agency.transport)
    for name, value in given.items():
        setattr(agency, name, value)
    _touch(agency, caller.at)
    await session.flush()
    await _ensure_lane(session, agency.code, settings, caller.at)
    await _record(session, caller, agency, ",".join(given))


async def add_key(session: AsyncSession, caller: Caller, agency: Agency, demand: NewAgencyKey) -> AgencyKey:
    """One more key beside the others, so that they overlap while they rotate.

    Raises:
        Refusal: `agency_settings_invalid` for a key of another kind, `conflict` when the key id is taken.
    """
    _touch(agency, caller.at)
    return await _add_key(session, caller, agency, demand, "")


async def revoke_key(session: AsyncSession, caller: Caller, agency: Agency, key_id: str) -> AgencyKey:
    """Dead for good, at all workers within seconds. Raises `Refusal`: `not_found`, `state_forbids`."""
    key = await session.scalar(
        select(AgencyKey).where(AgencyKey.agency_id == agency.id, AgencyKey.key_id == key_id)
    )
    if key is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    if key.revoked_at is not None:
        raise Refusal(ErrorCode.STATE_FORBIDS)
    key.revoked_at = caller.at
    _touch(agency, caller.at)
    await session.flush()
    await _record_key(session, caller, agency, key_id, "revoked")
    return key


async def find_agency(session: AsyncSession, code: str, *, lock: bool = False) -> Agency:
    """Raises `Refusal(not_found)`."""
    query = select(Agency).where(Agency.code == code)
    agency = await session.scalar(query.with_for_update() if lock else query)
    if agency is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return agency


async def keys_of(session: AsyncSession, agency: Agency) -> Sequence[AgencyKey]:
    return (
        await session.scalars(
            select(AgencyKey).where(AgencyKey.agency_id == agency.id).order_by(AgencyKey.id)
        )
    ).all()


def check_settings(settings: AgencySettings, dialect: str, transport: str) -> None:
    """What the shape alone cannot say.

    Raises:
        Refusal: `agency_settings_invalid`, with every fault.
    """
    faults = [
        _fault(f"/{what}", "unknown_name", f"not installed; there are: {', '.join(known(what))}", "未安装")
        for what, name in (("dialect", dialect), ("transport", transport))
        if name not in known(what)
    ]
    if transport == LIAISON and dialect != LIAISON_DIALECT:
        spoken = f"people are asked in {LIAISON_DIALECT}"
        faults.append(_fault("/dialect", "not_spoken", spoken, f"联络员方式须使用 {LIAISON_DIALECT}"))
    if transport == _HTTP and settings.endpoint is None:
        faults.append(_fault("/settings/endpoint", "missing", "where is it reached?", "请填写接口地址"))
    if len(str(settings.endpoint)) > _LONGEST_ADDRESS:
        faults.append(_fault("/settings/endpoint", "too_long", "the address is too long", "地址过长"))
    clocks = settings.deadlines
    if not clocks.remind_hours < clocks.answer_hours < clocks.give_up_hours:
        faults.append(
            _fault(
                "/settings/deadlines",
                "deadlines_out_of_order",
                "remind_hours < answer_hours < give_up_hours",
                "催办、答复、放弃三个时限须依次递增",
            )
        )
    for field in ("client_certificate", "trusted_authority"):
        name = getattr(settings, field)
        # A name, never a path: an administrator of the hub must not read the machine's other files through it.
        if name is not None and not _FILE_NAME.fullmatch(name):
            faults.append(
                _fault(
                    f"/settings/{field}",
                    "not_a_file_name",
                    "the name of a file in the secrets folder",
                    "须为密钥目录中的文件名",
                )
            )
    if faults:
        raise Refusal(ErrorCode.AGENCY_SETTINGS_INVALID, *faults)


async def _add_key(
    session: AsyncSession, caller: Caller, agency: Agency, demand: NewAgencyKey, pointer: str
) -> AgencyKey:
    not_before = demand.not_before or caller.at
    try:
        public_key = load_public_key(demand.public_key)
        algorithm = VerifyingKey(demand.key_id, public_key, not_before).algorithm
    except ValueError:
        # The parser's own text may quote the key.
        raise Refusal(
            ErrorCode.AGENCY_SETTINGS_INVALID,
            _fault(
                f"{pointer}/public_key",
                "key_unusable",
                "an Ed25519 or ECDSA P-256 public key in PEM or base64",
                "须为 PEM 或 base64 形式的 Ed25519 或 ECDSA P-256 公钥",
            ),
        ) from None
    key: AgencyKey | None = await session.scalar(
        insert(AgencyKey)
        .values(
            id=new_id(),
            agency_id=agency.id,
            key_id=demand.key_id,
            algorithm=algorithm.value,
            public_key=public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            not_before=not_before,
            not_after=demand.not_after,
            created_at=caller.at,
        )
        .on_conflict_do_nothing(index_elements=[AgencyKey.key_id])
        .returning(AgencyKey)
    )
    if key is None:
        raise Refusal(
            ErrorCode.CONFLICT,
            FieldError(f"{pointer}/key_id", "key_exists", "this key id is taken", "该密钥编号已使用"),
        )
    await _record_key(session, caller, agency, demand.key_id, "added")
    return key


async def _ensure_lane(session: AsyncSession, code: str, settings: AgencySettings, now: datetime) -> None:
    await ensure(
        session,
        LaneSettings(
            key=agency_lane(code),
            concurrency=settings.limits.concurrency,
            per_second=settings.limits.per_second,
            max_attempts=settings.retries.max_attempts,
            breaker_failures=settings.breaker.failures,
            breaker_open_seconds=settings.breaker.open_seconds,
        ),
        now,
    )


def _touch(agency: Agency, at: datetime) -> None:
    agency.version += 1
    agency.updated_at = at


def _fault(pointer: str, code: str, en: str, zh: str) -> FieldError:
    return FieldError(pointer, code, en, zh)


async def _record(session: AsyncSession, caller: Caller, agency: Agency, changed: str) -> None:
    entry = entry_of(
        caller,
        AuditAction.AGENCY_CHANGED,
        agency_code=agency.code,
        detail={"changed": changed, "version": str(agency.version)},
    )
    await record(session, [entry])


async def _record_key(
    session: AsyncSession, caller: Caller, agency: Agency, key_id: str, changed: str
) -> None:
    entry = entry_of(
        caller,
        AuditAction.AGENCY_KEY_CHANGED,
        agency_code=agency.code,
        detail={"key_id": key_id, "changed": changed},
    )
    await record(session, [entry])
