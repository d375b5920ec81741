"""How a freeze stands, and why an order had no effect, in the words of the wire."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from app.adapters.facts import PriorFreeze
from app.adapters.liandong import wire
from app.adapters.measures import MeasureReport, WhyNot
from app.ids import new_id
from app.measures.receipts import Consequence, Rung
from app.measures.terms import day_in_china, last_day_before
from app.measures.words import LIVE, RULES, Change, Ground
from app.sandbox.custody.state import Custody

WHY_NOT: dict[Ground, WhyNot] = {
    Ground.REQUEST_CONFLICT: WhyNot.OTHER,
    Ground.THING_UNKNOWN: WhyNot.THING_UNKNOWN,
    Ground.KEPT_ELSEWHERE: WhyNot.OTHER,
    Ground.THING_DISPOSED: WhyNot.DISPOSED,
    Ground.FREEZE_UNKNOWN: WhyNot.FREEZE_UNKNOWN,
    Ground.NOT_THIS_CASE: WhyNot.NOT_THIS_CASE,
    Ground.ALREADY_RELEASED: WhyNot.ALREADY_ENDED,
    Ground.ALREADY_LAPSED: WhyNot.ALREADY_ENDED,
    Ground.ALREADY_VOID: WhyNot.ALREADY_ENDED,
    Ground.ALREADY_EXHAUSTED: WhyNot.ALREADY_ENDED,
    Ground.NOT_IN_FORCE: WhyNot.NOT_IN_FORCE,
    Ground.AMOUNT_INVALID: WhyNot.AMOUNT_INVALID,
    Ground.AMOUNT_NEEDED: WhyNot.AMOUNT_INVALID,
    Ground.NOT_BY_AMOUNT: WhyNot.AMOUNT_INVALID,
    Ground.BEYOND_HELD: WhyNot.BEYOND_HELD,
    Ground.BEYOND_LIMIT: WhyNot.BEYOND_LIMIT,
    Ground.BEYOND_BALANCE: WhyNot.BEYOND_LIMIT,
    Ground.LIMIT_COVERED: WhyNot.LIMIT_REACHED,
    Ground.LEG_NEEDED: WhyNot.OTHER,
    Ground.MONEY_IS_TRANSFERRED: WhyNot.OTHER,
    Ground.NOT_FREE: WhyNot.OTHER,
    Ground.BALANCE_UNKNOWN: WhyNot.OTHER,
    Ground.NO_RETURN_ACCOUNT: WhyNot.OTHER,
    Ground.TERM_INVALID: WhyNot.TERM_INVALID,
    Ground.TERM_TOO_LONG: WhyNot.TERM_INVALID,
    Ground.RENEWED_ALREADY: WhyNot.TERM_INVALID,
    Ground.NOT_PRESERVATION: WhyNot.OTHER,
}

_MOST_PRIORS = 100
"""So many of those ahead are named; a rank says how many there are."""

_PAGE = 5_000
"""So many measures, about, go on one page of the live list."""

_GRAVITY = (
    Change.LAPSED,
    Change.VOIDED,
    Change.PROMOTED,
    Change.DISPLACED,
    Change.HELD_UNKNOWN,
    Change.HOLDS_LESS,
    Change.HOLDS_MORE,
    Change.RANK_CHANGED,
)
"""Of several changes at one time the first in this order is named as the cause; money caught up is seen in the sums."""


class NoticeDraft(NamedTuple):
    message_id: UUID
    request_id: UUID
    body: bytes


def report(custody: Custody, rung: Rung, *, transferred: Decimal | None = None) -> MeasureReport:
    """A freeze as it stands on one thing."""
    return MeasureReport.model_validate(
        {
            **_standing(custody, rung),
            **_beside(custody, rung),
            "state": rung.state,
            "transferred": transferred,
        }
    )


def report_ground(custody: Custody, identity: str, ground: Ground, rung: Rung | None = None) -> MeasureReport:
    """As the register says it, with the rule; and how the freeze stands that was named."""
    rule = RULES[ground]
    explanation = f"{rule.zh}（{rule.source}）" if rule.source else rule.zh
    if rung is None:
        return MeasureReport(
            kind=custody.kept[identity].thing.kind,
            identity=identity,
            why_not=WHY_NOT[ground],
            explanation=explanation,
            balance=custody.register.balance(identity),
        )
    return MeasureReport.model_validate(
        {
            **_standing(custody, rung),
            **_beside(custody, rung),
            "why_not": WHY_NOT[ground],
            "explanation": explanation,
        }
    )


def _standing(custody: Custody, rung: Rung) -> dict[str, object]:
    opened = custody.kept[rung.thing_id]
    return {
        "kind": opened.thing.kind,
        "identity": rung.thing_id,
        "rank": rung.rank,
        "limit": rung.limit if isinstance(rung.limit, Decimal) else None,
        "held": rung.held,
        "balance": custody.register.balance(rung.thing_id),
        "received_at": rung.received_at,
        "active_at": rung.active_at,
        "ends_at": rung.ends_at,
        "agency_number": agency_number(rung),
    }


def _beside(custody: Custody, rung: Rung) -> dict[str, object]:
    """What else lies on the thing."""
    return {
        "prior_freezes": _ahead_of(custody, rung),
        "priority_rights": custody.kept[rung.thing_id].rights,
    }


def agency_number(rung: Rung) -> str:
    """查封业务编号: one for each freeze on each thing."""
    return f"{rung.received_at:%Y%m%d}-{rung.freeze_id.partition('/')[0][-12:]}-{rung.thing_id[-6:]}"


def as_prior(custody: Custody, rung: Rung) -> PriorFreeze:
    """A freeze as those behind it hear of it."""
    paper = custody.papers[rung.freeze_id]
    return PriorFreeze(
        authority=paper.authority,
        document_number=paper.document_number,
        case_number=rung.case_number,
        amount=rung.limit if isinstance(rung.limit, Decimal) else None,
        rank=rung.rank,
        starts_on=day_in_china(rung.active_at or rung.received_at),
        ends_on=rung.ends_at and last_day_before(rung.ends_at),
    )


def _ahead_of(custody: Custody, rung: Rung) -> tuple[PriorFreeze, ...]:
    ahead = 0 if rung.rank is None else min(rung.rank - 1, _MOST_PRIORS)
    live = custody.register.books.ladders[rung.thing_id].live[:ahead]
    return tuple(as_prior(custody, hold.rung(rank)) for rank, hold in enumerate(live, 1))


def notices(custody: Custody, told: Iterable[Consequence], as_of: datetime) -> list[NoticeDraft]:
    """One for each freeze of the hub that changed, which tells how it stands now on the things concerned."""
    changed = [(each, custody.papers[each.freeze_id].request_id) for each in told]
    of_the_hub = sorted(
        ((request_id, each) for each, request_id in changed if request_id), key=lambda pair: pair[0]
    )
    return [
        _notice(custody, request_id, [each for _, each in group], as_of)
        for request_id, group in groupby(of_the_hub, key=lambda pair: pair[0])
    ]


def _notice(custody: Custody, request_id: UUID, changes: list[Consequence], as_of: datetime) -> NoticeDraft:
    places = dict.fromkeys((each.freeze_id, each.thing_id) for each in changes)
    rungs = [
        rung
        for freeze_id in dict.fromkeys(freeze_id for freeze_id, _ in places)
        for rung in custody.register.freeze(freeze_id)
        if (freeze_id, rung.thing_id) in places
    ]
    message = wire.NoticeMessage(
        message_id=new_id(),
        request_id=request_id,
        cause=min((each.change for each in changes), key=_GRAVITY.index),
        as_of=as_of,
        measures=tuple(report(custody, rung) for rung in rungs),
    )
    return NoticeDraft(message.message_id, request_id, wire.write(message))


def live_list(custody: Custody, after: UUID | None, as_of: datetime) -> bytes:
    """A page of the hub's live freezes, in the order of their request ids."""
    listed: list[wire.LiveFreeze] = []
    more = False
    for request_id in sorted(each for each in custody.ordered if after is None or each > after):
        live = [rung for rung in _rungs(custody, request_id) if rung.state in LIVE]
        if live and len(listed) >= _PAGE:
            more = True
            break
        listed += [wire.LiveFreeze(request_id=request_id, measure=_listed(custody, rung)) for rung in live]
    message = wire.LiveListMessage(message_id=new_id(), as_of=as_of, measures=tuple(listed), more=more)
    return wire.write(message)


def _listed(custody: Custody, rung: Rung) -> MeasureReport:
    """Without what lies on the thing beside it, which the list may leave out."""
    return MeasureReport.model_validate({**_standing(custody, rung), "state": rung.state})


def _rungs(custody: Custody, request_id: UUID) -> list[Rung]:
    return [rung for freeze_id in custody.ordered[request_id] for rung in custody.register.freeze(freeze_id)]
