"""Audit entries of what is done through the API: who, for which court, when, and under which correlation id."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.entry import Actor, Entry
from app.errors import ErrorCode, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.vocabulary import ActorKind, AuditAction, Role


@dataclass(frozen=True, slots=True)
class Caller:
    """Any client in one request; `Acting` is one that speaks for a court."""

    client_id: UUID
    client_name: str
    role: Role
    court_id: UUID | None
    court_code: str | None
    correlation_id: str
    at: datetime
    kind: ActorKind = ActorKind.CLIENT

    def for_court(self) -> Acting:
        """Raises `Refusal(forbidden)` when no court stands behind the client."""
        if self.court_id is None or self.court_code is None:
            raise Refusal(ErrorCode.FORBIDDEN)
        return Acting(
            self.client_id, self.client_name, self.court_id, self.court_code, self.correlation_id, self.at
        )


class Facts(TypedDict, total=False):
    """What an entry may say beyond who and when; see `Entry`. Nothing personal goes into `detail`."""

    court_code: str
    officer: str
    case_number: str
    purpose: str
    subject_index: bytes
    agency_code: str
    order_id: UUID
    request_id: UUID
    digests: tuple[tuple[str, str], ...]
    outcome: str
    detail: dict[str, str]


def entry_of(who: Acting | Caller, action: AuditAction, **facts: Unpack[Facts]) -> Entry:
    facts.setdefault("court_code", who.court_code)  # type: ignore[typeddict-item]  # absent, where no court acts
    kind = who.kind if isinstance(who, Caller) else ActorKind.CLIENT
    return Entry(
        entry_id=new_id(),
        recorded_at=who.at,
        action=action,
        actor=Actor(kind, who.client_name),
        correlation_id=who.correlation_id,
        **facts,
    )


_ABOUT = "refusal_is_about"


def about(session: AsyncSession, **facts: Unpack[Facts]) -> None:
    """Note whom this request is about, so that a refusal of it can be recorded after the rollback."""
    session.info.setdefault(_ABOUT, {}).update(facts)


def whom_it_was_about(session: AsyncSession) -> Facts:
    facts: Facts = session.info.get(_ABOUT, {})
    return facts
