"""Requests to look out, their entries, hits and custodies, as a court reads them. Every look is recorded."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.crypto import Vault
from app.errors import ErrorCode, Refusal
from app.linkage.acting import Acting
from app.linkage.locating.custodies import SEALED_FOR
from app.models import (
    Agency,
    AgencyAnswer,
    AgencyRequest,
    Custody,
    LocateEntry,
    LocateHit,
    LocateRequest,
    WatchedFact,
)
from app.models.locating import CustodyState, EntryState, HitState, LocateState
from app.models.message import Disposition
from app.vocabulary import AnswerState, RefusalReason


async def find_locate(session: AsyncSession, acting: Acting, locate_id: UUID) -> LocateRequest:
    """Raises `Refusal(locate_request_unknown)`, for another court's request as for one that does not exist."""
    locate: LocateRequest | None = await session.scalar(
        select(LocateRequest).where(LocateRequest.id == locate_id, LocateRequest.court_id == acting.court_id)
    )
    if locate is None:
        raise Refusal(ErrorCode.LOCATE_REQUEST_UNKNOWN)
    return locate


def select_locates(acting: Acting, state: LocateState | None, case_id: UUID | None) -> Select[LocateRequest]:
    query = select(LocateRequest).where(LocateRequest.court_id == acting.court_id)
    if state is not None:
        query = query.where(LocateRequest.state == state)
    return query if case_id is None else query.where(LocateRequest.case_id == case_id)


def select_hits(acting: Acting, state: HitState | None, locate_id: UUID | None) -> Select[LocateHit]:
    query = select(LocateHit).where(LocateHit.court_id == acting.court_id)
    if state is not None:
        query = query.where(LocateHit.state == state)
    return query if locate_id is None else query.where(LocateHit.locate_id == locate_id)


async def find_hit(session: AsyncSession, acting: Acting, hit_id: UUID) -> LocateHit:
    """Raises `Refusal(not_found)`; so for the two below."""
    return await _one(
        session, select(LocateHit).where(LocateHit.id == hit_id, LocateHit.court_id == acting.court_id)
    )


async def find_custody(session: AsyncSession, acting: Acting, custody_id: UUID) -> Custody:
    return await _one(
        session, select(Custody).where(Custody.id == custody_id, Custody.court_id == acting.court_id)
    )


async def find_watched(session: AsyncSession, acting: Acting, notice_id: UUID) -> WatchedFact:
    return await _one(
        session,
        select(WatchedFact).where(WatchedFact.id == notice_id, WatchedFact.court_id == acting.court_id),
    )


Row = TypeVar("Row")


async def _one(session: AsyncSession, query: Select[Row]) -> Row:
    row: Row | None = await session.scalar(query)
    if row is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return row


def open_place(vault: Vault, sealed: bytes) -> str:
    return vault.open_text(sealed, SEALED_FOR)


async def counts_of(session: AsyncSession, locate_id: UUID) -> dict[HitState, int]:
    """How many hits there are in each state."""
    rows = await session.execute(
        select(LocateHit.state, func.count())
        .where(LocateHit.locate_id == locate_id)
        .group_by(LocateHit.state)
    )
    return dict(rows.all())


def select_custodies(acting: Acting, state: CustodyState | None, locate_id: UUID | None) -> Select[Custody]:
    query = select(Custody).where(Custody.court_id == acting.court_id)
    if state is not None:
        query = query.where(Custody.state == state)
    return query if locate_id is None else query.where(Custody.locate_id == locate_id)


def select_watched(acting: Acting, case_id: UUID | None) -> Select[WatchedFact]:
    query = select(WatchedFact).where(WatchedFact.court_id == acting.court_id)
    return query if case_id is None else query.where(WatchedFact.case_id == case_id)


@dataclass(frozen=True, slots=True)
class Holder:
    """One agency's entry, with what became of the last recall."""

    entry: LocateEntry
    agency_code: str
    agency_name: str
    recall: AgencyRequest | None


async def holders_of(session: AsyncSession, locate_ids: Collection[UUID]) -> dict[UUID, list[Holder]]:
    """By request to look out."""
    rows = await session.execute(
        _holders().where(LocateEntry.locate_id.in_(locate_ids)).order_by(Agency.code)
    )
    holders: dict[UUID, list[Holder]] = {locate_id: [] for locate_id in locate_ids}
    for row in rows:
        holders[row[0].locate_id].append(Holder(*row))
    return holders


@dataclass(frozen=True, slots=True)
class Refusing:
    """Why a holder does not look out."""

    reason: RefusalReason | None
    remark: str | None = field(repr=False)
    """In its own words, which may name people."""


async def refusals_of(
    session: AsyncSession, vault: Vault, entries: Collection[LocateEntry]
) -> dict[UUID, Refusing]:
    """By entry; of those that were refused, also where their holder had to be recalled all the same."""
    by_request = {entry.request_id: entry.id for entry in entries}
    rows = await session.scalars(
        select(AgencyAnswer).where(
            AgencyAnswer.request_id.in_(by_request),
            AgencyAnswer.disposition == Disposition.APPLIED,
            AgencyAnswer.state.in_([AnswerState.REFUSED, AnswerState.NOT_EXECUTED]),
        )
    )
    return {by_request[row.request_id]: _refusing(vault, row) for row in rows}


def _refusing(vault: Vault, answer: AgencyAnswer) -> Refusing:
    told = answer.explanation
    remark = None if told is None else vault.open_text(told, "answers.explanation")
    return Refusing(answer.refusal_reason, remark)


def select_recalled(acting: Acting, *, overdue: bool) -> Select[LocateEntry]:
    """Entries whose holders have not confirmed that they ended: all, or those whose clock has run out."""
    query = select(LocateEntry).where(
        LocateEntry.court_id == acting.court_id, LocateEntry.state == EntryState.RECALLING
    )
    if not overdue:
        return query
    return query.where(
        select(AgencyRequest.id)
        .where(AgencyRequest.id == LocateEntry.recall_request_id, AgencyRequest.overdue)
        .exists()
        | (LocateEntry.recalls > 1)
    )


async def as_holders(session: AsyncSession, entries: Sequence[LocateEntry]) -> list[Holder]:
    rows = await session.execute(
        _holders().where(LocateEntry.id.in_([entry.id for entry in entries])).order_by(LocateEntry.id.desc())
    )
    return [Holder(*row) for row in rows]


def _holders() -> Select[LocateEntry, str, str, AgencyRequest]:
    return (
        select(LocateEntry, Agency.code, Agency.name, AgencyRequest)
        .join(Agency, Agency.id == LocateEntry.agency_id)
        .outerjoin(AgencyRequest, AgencyRequest.id == LocateEntry.recall_request_id)
    )
