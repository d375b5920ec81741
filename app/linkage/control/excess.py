"""No clear excess over claim and costs, unless a thing cannot be divided and nothing else suffices (Seizure §19)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.measures import FreezeContent
from app.errors import ErrorCode, FieldError, Refusal
from app.linkage.control.claims import claim_book
from app.linkage.control.contents import Part
from app.linkage.control.frozen import bound_at_most, freezes_held, held_now, offer_of, realisable, standing
from app.measures.claims import excess
from app.measures.money import ZERO
from app.measures.words import MEASURED_IN_MONEY, ThingKind
from app.models import Case


@dataclass(frozen=True, slots=True)
class Weighing:
    """What an order would bind, laid beside what is owed."""

    owed: Decimal
    secured: Decimal
    """By earlier measures of the case: held, or ordered and not answered."""

    asked: Decimal
    """By this order: its limits, and what is expected in whole accounts."""

    needless: bool
    """A thing is to be sealed although the rest suffices."""

    indivisible: bool
    """A thing worth more than the gap is to be sealed, and nothing else suffices: lawful, for a reason."""

    @property
    def clear_excess(self) -> bool:
        return self.needless or (self.asked > ZERO and self.secured + self.asked > self.owed)


async def weigh(session: AsyncSession, case: Case, parts: Sequence[Part], at: datetime) -> Weighing:
    """The caller has locked the case, so that two orders cannot both be the one that still fits."""
    owed = (await claim_book(session, case)).owed(at).total
    freezes = standing((await freezes_held(session, [case.id]))[case.id])
    secured = sum((bound_at_most(freeze) or ZERO for freeze in freezes), ZERO)
    asked = sum((_asked(part) for part in parts if not _is_thing(part)), ZERO)
    things = {f"part-{place}": part for place, part in enumerate(parts) if _is_thing(part)}
    offers = [offer_of(freeze.thing_kind, str(freeze.id), held_now(freeze) or ZERO) for freeze in freezes]
    offers += [
        offer_of(ThingKind.ACCOUNT, f"money-{place}", _expected(part))
        for place, part in enumerate(parts)
        if not _is_thing(part)
    ]
    offers += [
        offer_of(_kind(part), name, realisable(part.expected) or ZERO) for name, part in things.items()
    ]
    judged = excess(offers, owed)
    released = {name for name, _ in judged.releases}
    enough = sum((offer.usable for offer in offers), ZERO) >= owed
    needless = any(name in released or (part.expected is None and enough) for name, part in things.items())
    return Weighing(owed, secured, asked, needless, bool(set(judged.excused) & set(things)))


def refuse_excess(weighing: Weighing) -> Refusal:
    texts = {"owed": weighing.owed, "secured": weighing.secured, "asked": weighing.asked}
    return Refusal(
        ErrorCode.AMOUNT_EXCEEDS_CLAIM,
        FieldError(
            "/things",
            ErrorCode.AMOUNT_EXCEEDS_CLAIM.value,
            "owed {owed}, secured {secured}, asked {asked}: lower the limits, or give excess_reason"
            " (Seizure Rules §19)".format(**texts),
            "应履行 {owed}，已控制 {secured}，本次 {asked}；请调低限额，或说明理由 excess_reason"
            "（查扣冻规定 §19）".format(**texts),
        ),
    )


def _content(part: Part) -> FreezeContent:
    assert isinstance(part.content, FreezeContent)
    return part.content


def _kind(part: Part) -> ThingKind:
    targets = _content(part).targets
    return targets[0].kind if targets else ThingKind.ACCOUNT


def _is_thing(part: Part) -> bool:
    return _kind(part) not in MEASURED_IN_MONEY


def _asked(part: Part) -> Decimal:
    limit = _content(part).limit
    return limit if isinstance(limit, Decimal) else part.expected or ZERO


def _expected(part: Part) -> Decimal:
    """What the money will really bring: no more than was reported to be there."""
    return _asked(part) if part.expected is None else min(_asked(part), part.expected)
