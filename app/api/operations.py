"""Lanes and dead letters, for operators."""

import struct
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.bodies import StrictRoute
from app.api.dependencies import CallerDep, HubDep, SessionDep
from app.api.paging import Page, PageDep, cursor, invalid_cursor, read_cursor
from app.api.problems import problems
from app.api.tags import Tag
from app.errors import ErrorCode
from app.linkage import lanes
from app.linkage.fields import Demand
from app.models.outbox import BreakerState, LaneState
from app.outbox.dead import Chosen, Place, dead_letters
from app.outbox.stats import LaneStats, lane_stats

router = APIRouter(prefix="/v1", tags=[Tag.OPERATIONS], route_class=StrictRoute)

LaneKey = Annotated[str, Field(max_length=120)]


class LaneView(BaseModel):
    """A destination: `agency:CODE`, or `webhook:` and the endpoint's id."""

    key: str = Field(examples=["agency:BANK-ZC"])
    state: LaneState
    breaker: BreakerState
    failures: int
    """In a row."""
    probe_at: datetime | None
    concurrency: int
    per_second: float | None
    ready: int
    delayed: int
    behind: int
    """Waiting for an earlier item about the same subject."""
    leased: int
    dead: int
    backlog_seconds: float | None
    """Age of the oldest item that waits."""


class LaneList(BaseModel):
    items: list[LaneView]


class LaneStopped(BaseModel):
    lane: LaneView
    buried: int
    """Items that became dead letters."""


class DeadLetterView(BaseModel, from_attributes=True):
    id: int
    lane: str
    kind: str
    reference: UUID
    """What it is about: an agency request, or an event."""
    attempts: int
    last_error: str | None
    created_at: datetime
    died_at: datetime


class Replay(Demand):
    """Which dead letters: those that fit everything given. `{}` means all of them."""

    lane: LaneKey | None = None
    kind: Annotated[str, Field(max_length=40)] | None = None
    error_prefix: Annotated[str, Field(max_length=200)] | None = None
    died_before: AwareDatetime | None = None
    ids: Annotated[tuple[Annotated[int, Field(ge=1, le=2**62)], ...], Field(max_length=1000)] | None = None
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000


class Replayed(BaseModel):
    replayed: int
    references: list[UUID]


@router.get("/lanes", summary="通道列表 · List lanes")
async def list_lanes(caller: CallerDep, session: SessionDep) -> LaneList:
    """Every destination with its backlog and breaker. 各通道的积压与熔断状态。"""
    return LaneList(items=[_view(lane) for lane in await lane_stats(session, caller.at)])


@router.post("/lanes/{key}/pause", summary="暂停通道 · Pause a lane", responses=problems(ErrorCode.NOT_FOUND))
async def pause_lane(key: LaneKey, caller: CallerDep, session: SessionDep) -> LaneView:
    """Nothing more is sent; what waits, waits. 暂停发送，积压保留。"""
    await lanes.pause_lane(session, caller, key)
    return await _lane(session, caller.at, key)


@router.post(
    "/lanes/{key}/resume", summary="恢复通道 · Resume a lane", responses=problems(ErrorCode.NOT_FOUND)
)
async def resume_lane(key: LaneKey, caller: CallerDep, session: SessionDep) -> LaneView:
    """Send again. Dead letters stay dead until they are replayed. 恢复发送；死信须另行重放。"""
    await lanes.resume_lane(session, caller, key)
    return await _lane(session, caller.at, key)


@router.post("/lanes/{key}/stop", summary="停用通道 · Stop a lane", responses=problems(ErrorCode.NOT_FOUND))
async def stop_lane(key: LaneKey, caller: CallerDep, session: SessionDep, hub: HubDep) -> LaneStopped:
    """What waits becomes dead letters, and the courts are told. 积压转为死信并通知法院。"""
    buried = await lanes.stop_lane(session, caller, hub.keys.vault, key)
    return LaneStopped(lane=await _lane(session, caller.at, key), buried=buried)


@router.get(
    "/dead-letters", summary="死信列表 · List dead letters", responses=problems(ErrorCode.CURSOR_INVALID)
)
async def list_dead_letters(  # noqa: PLR0913, PLR0917 - one parameter for each filter
    _caller: CallerDep,
    session: SessionDep,
    page: PageDep,
    lane: Annotated[LaneKey | None, Query()] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    error_prefix: Annotated[str | None, Query(max_length=200)] = None,
    died_before: Annotated[AwareDatetime | None, Query()] = None,
) -> Page[DeadLetterView]:
    """What was given up, lane by lane, the oldest first. 按通道列出死信，先旧后新。"""
    chosen = Chosen(lane, kind, error_prefix, died_before)
    found = await dead_letters(session, chosen, after=_place(page.after), limit=page.limit + 1)
    shown = found[: page.limit]
    following = None
    if len(found) > page.limit:
        place = shown[-1].place
        following = cursor(struct.pack(">q", place.id) + place.lane.encode())
    return Page(items=[DeadLetterView.model_validate(letter) for letter in shown], next=following)


@router.post("/dead-letters/replay", summary="重放死信 · Replay dead letters")
async def replay_dead_letters(
    wanted: Replay, caller: CallerDep, session: SessionDep, hub: HubDep
) -> Replayed:
    """Send again, in bulk, and recorded. What may have arrived is asked about first. 批量重发并留痕；可能已送达的先查询状态。"""
    chosen = Chosen(wanted.lane, wanted.kind, wanted.error_prefix, wanted.died_before, wanted.ids)
    replayed = await lanes.replay_dead_letters(session, caller, hub.keys.vault, chosen, limit=wanted.limit)
    return Replayed(replayed=len(replayed), references=[item.reference for item in replayed])


async def _lane(session: AsyncSession, now: datetime, key: str) -> LaneView:
    (stats,) = await lane_stats(session, now, key)
    return _view(stats)


def _view(lane: LaneStats) -> LaneView:
    return LaneView(
        key=lane.key,
        state=lane.state,
        breaker=lane.breaker,
        failures=lane.failures,
        probe_at=lane.probe_at,
        concurrency=lane.concurrency,
        per_second=lane.per_second,
        ready=lane.ready,
        delayed=lane.delayed,
        behind=lane.behind,
        leased=lane.leased,
        dead=lane.dead,
        backlog_seconds=lane.backlog_age.total_seconds() if lane.backlog_age is not None else None,
    )


def _place(text: str | None) -> Place | None:
    if text is None:
        return None
    raw = read_cursor(text)
    try:
        (letter,) = struct.unpack(">q", raw[:8])
        return Place(raw[8:].decode(), letter)
    except (struct.error, UnicodeDecodeError) as error:
        raise invalid_cursor() from error
