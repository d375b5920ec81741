"""What is owed in a case on a day: claim, interest and costs, less what was paid or taken."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.record import record
from app.errors import ErrorCode, FieldError, Refusal
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.callers import about, entry_of
from app.linkage.control.demands import Sum
from app.linkage.courts import find_officer
from app.linkage.fields import Demand, Line
from app.measures.claims import LATE_RATE, Claim, Outstanding, PaidBy, Payment, outstanding
from app.measures.money import ZERO
from app.measures.terms import day_in_china
from app.models import Case, ClaimEntry, ClaimTerms
from app.models.claim import ClaimEntryKind
from app.vocabulary import AuditAction

_RATE = r"^0(\.[0-9]{1,10})?$"


def _rate(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not re.fullmatch(_RATE, value):
        raise PydanticCustomError("rate", "not a rate")
    return Decimal(value)


Rate = Annotated[
    Decimal,
    Field(le=Decimal("0.01")),
    BeforeValidator(_rate),
    WithJsonSchema({"type": "string", "pattern": _RATE, "examples": ["0.000175"]}),
]
"""A share of the principal for each day, at most a hundredth of it."""


class NewClaimEntry(Demand):
    """A payment or a cost. Transfers are booked by the agency's own receipt."""

    officer: Annotated[Line, Field(description="经办人工作证编号")]
    kind: Literal[ClaimEntryKind.PAYMENT, ClaimEntryKind.COST]
    amount: Sum
    booked_on: Annotated[date, Field(examples=["2026-09-18"])]
    note: Annotated[Line, Field(examples=["被执行人当庭给付"])]


class NewClaimTerms(Demand):
    """How interest runs on the unpaid principal; the terms replace those before, from the beginning on."""

    officer: Annotated[Line, Field(description="经办人工作证编号")]
    daily_rate: Rate
    interest_from: date
    late_performance_from: date | None = None
    """The day on which the period for performance ended; from then on the doubled part runs (法释〔2014〕8号 §2)."""

    late_daily_rate: Rate = LATE_RATE
    note: Annotated[Line, Field(examples=["（2017）豫1424民初1024号判决第二项"])]


@dataclass(frozen=True, slots=True)
class ClaimBook:
    """The claim of one case with all that changes it."""

    principal: Decimal
    entries: Sequence[ClaimEntry]
    terms: ClaimTerms | None

    def owed(self, at: datetime) -> Outstanding:
        """What is owed on the day of this instant in China; later entries do not count yet."""
        today = day_in_china(at)
        costs = (
            entry.amount
            for entry in self.entries
            if entry.kind is ClaimEntryKind.COST and entry.booked_on <= today
        )
        return outstanding(self._claim(sum(costs, ZERO)), self._payments(), at)

    def without(self, entry_ids: Collection[UUID]) -> "ClaimBook":
        """As it stood before these entries."""
        return replace(self, entries=[entry for entry in self.entries if entry.id not in entry_ids])

    def _claim(self, costs: Decimal) -> Claim:
        terms = self.terms
        if terms is None:
            return Claim(self.principal, costs)
        return Claim(
            self.principal,
            costs,
            terms.daily_rate,
            terms.interest_from,
            terms.late_performance_from,
            terms.late_daily_rate,
        )

    def _payments(self) -> list[Payment]:
        by = {ClaimEntryKind.PAYMENT: PaidBy.DEBTOR, ClaimEntryKind.TRANSFER: PaidBy.TRANSFER}
        return [
            Payment(entry.booked_on, entry.amount, by[entry.kind])
            for entry in self.entries
            if entry.kind in by
        ]


async def claim_books(session: AsyncSession, case_ids: Collection[UUID]) -> dict[UUID, ClaimBook]:
    principals = await session.execute(select(Case.id, Case.claim_amount).where(Case.id.in_(case_ids)))
    entries = await session.scalars(
        select(ClaimEntry)
        .where(ClaimEntry.case_id.in_(case_ids))
        .order_by(ClaimEntry.booked_on, ClaimEntry.id)
    )
    terms = await session.scalars(select(ClaimTerms).where(ClaimTerms.case_id.in_(case_ids)))
    by_case: dict[UUID, list[ClaimEntry]] = {}
    for entry in entries:
        by_case.setdefault(entry.case_id, []).append(entry)
    terms_of = {each.case_id: each for each in terms}
    return {
        case_id: ClaimBook(principal, by_case.get(case_id, []), terms_of.get(case_id))
        for case_id, principal in principals
    }


async def claim_book(session: AsyncSession, case: Case) -> ClaimBook:
    return (await claim_books(session, [case.id]))[case.id]


async def book_entry(session: AsyncSession, acting: Acting, case: Case, demand: NewClaimEntry) -> ClaimEntry:
    """Enter a payment or a cost in a case that the caller has locked.

    Raises:
        Refusal: `officer_unknown`, `officer_not_of_court`; `invalid_body` for a day that has not come.
    """
    await find_officer(session, acting.court_id, demand.officer)
    if demand.booked_on > day_in_china(acting.at):
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError("/booked_on", "in_the_future", "not later than today", "不得晚于今日"),
        )
    entry = ClaimEntry(
        id=new_id(),
        case_id=case.id,
        kind=demand.kind,
        amount=demand.amount,
        booked_on=demand.booked_on,
        request_id=None,
        note=demand.note,
        created_at=acting.at,
    )
    session.add(entry)
    await session.flush()
    detail = {"kind": demand.kind.value, "amount": str(demand.amount), "entry_id": str(entry.id)}
    await _record(session, acting, case, demand, detail)
    return entry


async def set_terms(session: AsyncSession, acting: Acting, case: Case, demand: NewClaimTerms) -> None:
    """Say how interest runs in a case that the caller has locked; raises `Refusal`: `officer_unknown` and so on."""
    await find_officer(session, acting.court_id, demand.officer)
    terms = {**demand.model_dump(exclude={"officer", "note"}), "changed_at": acting.at}
    await session.execute(
        insert(ClaimTerms)
        .values(case_id=case.id, **terms)
        .on_conflict_do_update(index_elements=[ClaimTerms.case_id], set_=terms)
    )
    detail = {"daily_rate": str(demand.daily_rate), "late_daily_rate": str(demand.late_daily_rate)}
    await _record(session, acting, case, demand, detail)


async def _record(
    session: AsyncSession,
    acting: Acting,
    case: Case,
    demand: NewClaimEntry | NewClaimTerms,
    detail: dict[str, str],
) -> None:
    about(session, case_number=case.case_number, officer=demand.officer)
    entry = entry_of(
        acting,
        AuditAction.CLAIM_CHANGED,
        case_number=case.case_number,
        officer=demand.officer,
        purpose=demand.note,
        detail=detail,
    )
    await record(session, [entry])
