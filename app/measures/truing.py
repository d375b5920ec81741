"""A plan trued up as the answers come in: what to release, what to add."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from app.measures import wording
from app.measures.choosing import Offer, choose
from app.measures.claims import excess
from app.measures.money import ZERO
from app.measures.plan import Measure, Plan


class Answer(NamedTuple):
    """What one agency did. `held` is what is really frozen; None when it was not told, and for a thing.

    A freeze that waits, or was refused, is not `in_force` and counts for nothing.
    """

    asset_id: str
    in_force: bool
    held: Decimal | None = None


class Lowered(NamedTuple):
    """Release of this measure so much, or all of it (None)."""

    asset_id: str
    amount: Decimal | None
    line: wording.Line


@dataclass(frozen=True)
class TrueUp:
    """`awaited` are measures without an answer; they count as planned until one comes."""

    secured: Decimal
    releases: tuple[Lowered, ...]
    additions: tuple[Measure, ...]
    awaited: tuple[str, ...]
    shortfall: Decimal


def true_up(plan: Plan, answers: Iterable[Answer], owed: Decimal | None = None) -> TrueUp:
    """Compare what is secured with what is owed, now perhaps less than when the plan was made.

    More secured than owed: release the surplus, and what is still awaited with it. Less, even when all that is awaited comes as
    planned: add, with the least harm, from what the plan left unused.
    """
    needed = plan.owed if owed is None else owed
    answered = {answer.asset_id: answer for answer in answers}
    offers = {offer.asset_id: offer for offer in plan.offers}
    secured = [
        replace(
            offers[measure.asset_id],
            usable=_worth(offers[measure.asset_id], measure, answered[measure.asset_id]),
        )
        for measure in plan.measures
        if measure.asset_id in answered
    ]
    awaited = [measure for measure in plan.measures if measure.asset_id not in answered]
    total = sum((offer.usable for offer in secured), ZERO)
    if total >= needed:
        releases = (*_surplus(secured, needed), *[_all_of(measure) for measure in awaited])
        return TrueUp(total, releases, (), tuple(measure.asset_id for measure in awaited), ZERO)
    gap = needed - total - sum((measure.counted for measure in awaited), ZERO)
    additions = _additions(plan, answered, gap)
    filled = sum((addition.counted for addition in additions), ZERO)
    return TrueUp(
        total, (), additions, tuple(measure.asset_id for measure in awaited), max(ZERO, gap - filled)
    )


def _worth(offer: Offer, measure: Measure, answer: Answer) -> Decimal:
    if not answer.in_force:
        return ZERO
    if measure.limit is None:
        return measure.counted if offer.divisible else offer.usable
    return ZERO if answer.held is None else answer.held


def _surplus(secured: list[Offer], needed: Decimal) -> list[Lowered]:
    worth = {offer.asset_id: offer for offer in secured}
    return [
        Lowered(asset_id, whole, wording.release(asset_id, whole))
        for asset_id, amount in excess(secured, needed).releases
        for whole in [None if amount == worth[asset_id].usable else amount]
    ]


def _all_of(measure: Measure) -> Lowered:
    return Lowered(measure.asset_id, None, wording.release(measure.asset_id, None))


def _additions(plan: Plan, answered: dict[str, Answer], gap: Decimal) -> tuple[Measure, ...]:
    planned = {measure.asset_id: measure for measure in plan.measures}
    spare = [_rest(offer, planned.get(offer.asset_id), answered.get(offer.asset_id)) for offer in plan.offers]
    return tuple(
        Measure(
            pick.offer.asset_id,
            None if pick.offer.asset_id in plan.things else pick.counted,
            pick.counted,
            wording.add(pick.offer.asset_id, pick.counted),
        )
        for pick in choose(spare, gap)
    )


def _rest(offer: Offer, planned: Measure | None, answer: Answer | None) -> Offer:
    """What the plan left of an asset; nothing where the agency held less than it was asked, for there was no more."""
    if planned is None:
        return offer
    if not offer.divisible:
        return replace(offer, usable=ZERO)
    if answer is not None and _worth(offer, planned, answer) < planned.counted:
        return replace(offer, usable=ZERO)
    return replace(offer, usable=offer.usable - planned.counted)
