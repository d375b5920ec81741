"""Bulk intake: thousands of queries handed in at once, each judged by itself; one bad row stops no other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.crypto import Vault
from app.errors import ErrorCode, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import entry_of
from app.linkage.demand import AssetQueryDemand
from app.linkage.docket import Docket, load_docket
from app.linkage.judging import Judge, Plan, parse_case_number
from app.linkage.querying import issue
from app.measures.terms import day_in_china
from app.models import Batch
from app.vocabulary import AuditAction

T = TypeVar("T")

_TOGETHER = 500
"""Rows judged, and plans carried out, at once: all of them would fill the memory before the first is written."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one row. Exactly one of `order_id` and `refusal` is given."""

    row: int
    order_id: UUID | None = None
    requests: int = 0
    refusal: Refusal | None = None


async def order_query(
    session: AsyncSession, acting: Acting, vault: Vault, demand: AssetQueryDemand
) -> tuple[UUID, Plan]:
    """Judge and carry out one demand. Raises `Refusal`; nothing was changed then."""
    docket = await _docket(session, acting, [demand])
    plan = Judge(docket, vault, day_in_china(acting.at)).judge(demand)
    [order_id] = await issue(session, acting, [plan])
    return order_id, plan


async def take_in(
    session: AsyncSession, acting: Acting, vault: Vault, rows: Sequence[AssetQueryDemand | Refusal]
) -> tuple[UUID, list[Verdict]]:
    """Judge all rows and carry out the lawful ones; returns the batch and a verdict per row, in their order.

    A row that could not even be read comes as its `Refusal`. What is refused leaves an audit entry each.
    """
    judged = [
        outcome for some in _in_portions(rows) for outcome in await _judge(session, acting, vault, some)
    ]
    plans = [plan for plan in judged if isinstance(plan, Plan)]
    batch_id = new_id()
    await session.execute(
        insert(Batch).values(
            id=batch_id,
            court_id=acting.court_id,
            accepted=len(plans),
            refused=len(rows) - len(plans),
            created_at=acting.at,
        )
    )
    order_ids = [
        order_id for some in _in_portions(plans) for order_id in await issue(session, acting, some, batch_id)
    ]
    verdicts = list(_verdicts(judged, iter(order_ids)))
    await _record_refusals(session, acting, verdicts)
    return batch_id, verdicts


def _in_portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _TOGETHER):
        yield items[start : start + _TOGETHER]


async def _judge(
    session: AsyncSession, acting: Acting, vault: Vault, rows: Sequence[AssetQueryDemand | Refusal]
) -> list[Plan | Refusal]:
    demands = [row for row in rows if isinstance(row, AssetQueryDemand)]
    judge = Judge(await _docket(session, acting, demands), vault, day_in_china(acting.at))
    return [_judged(judge, row) for row in rows]


def _judged(judge: Judge, row: AssetQueryDemand | Refusal) -> Plan | Refusal:
    if isinstance(row, Refusal):
        return row
    try:
        return judge.judge(row)
    except Refusal as refusal:
        return refusal


def _verdicts(judged: Sequence[Plan | Refusal], order_ids: Iterator[UUID]) -> Iterator[Verdict]:
    for number, outcome in enumerate(judged):
        if isinstance(outcome, Plan):
            yield Verdict(number, next(order_ids), len(outcome.debtors) * len(outcome.agencies))
        else:
            yield Verdict(number, refusal=outcome)


async def _docket(session: AsyncSession, acting: Acting, demands: Sequence[AssetQueryDemand]) -> Docket:
    numbers = {number for demand in demands if (number := _case_number(demand)) is not None}
    return await load_docket(session, acting, numbers, {demand.officer for demand in demands})


def _case_number(demand: AssetQueryDemand) -> str | None:
    try:
        return parse_case_number(demand.case_number)
    except Refusal:
        return None  # the judge says what is wrong with it


async def _record_refusals(session: AsyncSession, acting: Acting, verdicts: Sequence[Verdict]) -> None:
    entries = []
    for verdict in verdicts:
        if verdict.refusal is None or verdict.refusal.code is ErrorCode.MALFORMED_JSON:
            continue
        entry = entry_of(
            acting,
            AuditAction.ORDER_REFUSED,
            outcome=verdict.refusal.code.value,
            detail={"operation": "create_asset_query_batch", "row": str(verdict.row)},
        )
        entries.append(entry)
    await record(session, entries)
