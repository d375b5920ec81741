"""Programs that speak to the hub: their credentials, and how a secret is rotated without an outage."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.errors import ErrorCode, FieldError, Refusal
from app.ids import new_id
from app.linkage.callers import Caller, entry_of
from app.linkage.fields import Demand, Line
from app.models import ApiClient, Court
from app.vocabulary import AuditAction, Role


class NewClient(Demand):
    name: Annotated[Line, Field(examples=["柘城法院办案系统"])]
    role: Role = Role.COURT
    court_id: UUID | None = None
    """Required for the role `court`; an auditor with a court sees that court's entries only."""


class ClientChange(Demand):
    name: Line | None = None
    active: bool | None = None


class SecretRotation(Demand):
    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24
    """How long the old secret still works; 0 after a leak."""


async def create_client(session: AsyncSession, caller: Caller, demand: NewClient) -> tuple[ApiClient, str]:
    """The client and its secret, which is shown this once and kept as a digest only.

    Raises:
        Refusal: `invalid_body`, when the court is missing or unknown, or has no business with the role.
    """
    await _check_court(session, demand)
    secret = secrets.token_urlsafe(32)
    client = ApiClient(
        id=new_id(),
        client_id=f"{demand.role}-{secrets.token_hex(6)}",
        name=demand.name,
        role=demand.role,
        court_id=demand.court_id,
        secret_sha256=_digest(secret),
        active=True,
        created_at=caller.at,
    )
    session.add(client)
    await session.flush()
    await _record(session, caller, client, "created")
    return client, secret


async def change_client(
    session: AsyncSession, caller: Caller, client: ApiClient, change: ClientChange
) -> None:
    given = change.model_dump(exclude_none=True)
    for name, value in given.items():
        setattr(client, name, value)
    await session.flush()
    await _record(session, caller, client, ",".join(given))


async def rotate_secret(
    session: AsyncSession, caller: Caller, client: ApiClient, rotation: SecretRotation
) -> str:
    """The new secret; the present one works on for `overlap_hours`, an older one no longer."""
    secret = secrets.token_urlsafe(32)
    client.previous_secret_sha256 = client.secret_sha256
    client.previous_secret_until = caller.at + timedelta(hours=rotation.overlap_hours)
    client.secret_sha256 = _digest(secret)
    await session.flush()
    await _record(session, caller, client, "secret")
    return secret


def secret_is_right(client: ApiClient, secret: str, now: datetime) -> bool:
    """Compared in constant time; the previous secret counts until its time is over."""
    given = _digest(secret)
    right = hmac.compare_digest(given, client.secret_sha256)
    before, until = client.previous_secret_sha256, client.previous_secret_until
    return right or (
        before is not None and until is not None and now < until and hmac.compare_digest(given, before)
    )


async def _check_court(session: AsyncSession, demand: NewClient) -> None:
    wanted = demand.role is Role.COURT
    allowed = demand.role in {Role.COURT, Role.AUDITOR}
    if demand.court_id is None:
        wrong = wanted
    else:
        wrong = not allowed or await session.get(Court, demand.court_id) is None
    if wrong:
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError(
                "/court_id",
                "court_required" if wanted else "court_not_allowed",
                "name a registered court for the role court; other roles but auditor have none",
                "法院角色须填写已登记的法院；除审计外其他角色不得填写",
            ),
        )


async def _record(session: AsyncSession, caller: Caller, client: ApiClient, changed: str) -> None:
    entry = entry_of(
        caller, AuditAction.CLIENT_CHANGED, detail={"client": client.client_id, "changed": changed}
    )
    await record(session, [entry])


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
