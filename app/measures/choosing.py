"""Which of several assets to bind for a sum, with the least harm (Preservation §13; Seizure §19).

What is promised, exactly:

1. Assets are ranked by harm; an asset is taken only where all that do less harm cannot reach the sum together.
2. What is counted never exceeds the sum, and reaches it whenever all assets together do.
3. Of a divisible asset no more is taken than is counted. An indivisible one is taken whole and counted for the gap that the
   others leave: that is the exception of Seizure §19 for things that cannot be divided when nothing else suffices.
4. Among assets of equal harm, the fewest that fill the gap, and of the last one the smallest that still fills it.
5. No indivisible thing is taken when what is bound beside it covers the sum, not even one of less harm: when a house must
   be sealed anyway and covers the sum, the car is left alone. Money is kept beside it, since it pays at once.
6. The same assets give the same choice, in whatever order they come.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from app.measures.money import ZERO

Harm = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """`usable` is what the asset can bring; the smaller its `harm`, the sooner it is taken."""

    asset_id: str
    usable: Decimal
    divisible: bool = True
    harm: Harm = (0,)


@dataclass(frozen=True, slots=True)
class Pick:
    offer: Offer
    counted: Decimal


def choose(offers: Iterable[Offer], needed: Decimal) -> tuple[Pick, ...]:
    """Which offers to take, in the order of harm, and what each is counted for."""
    usable = sorted((offer for offer in offers if offer.usable > 0), key=_by_harm)
    taken: list[Offer] = []
    gap = needed
    for _, equals in groupby(usable, key=attrgetter("harm")):
        if gap <= 0:
            break
        fewest = _fewest(list(equals), gap)
        taken += fewest
        gap -= sum((offer.usable for offer in fewest), ZERO)
    return _without_needless(_counted(taken, needed), needed)


def _by_harm(offer: Offer) -> tuple[Harm, Decimal, str]:
    return offer.harm, -offer.usable, offer.asset_id


def _fewest(equals: list[Offer], gap: Decimal) -> list[Offer]:
    """The largest first; the last is exchanged for the smallest that fills what they leave."""
    taken: list[Offer] = []
    for place, offer in enumerate(equals):
        if offer.usable >= gap:
            return [*taken, min((each for each in equals[place:] if each.usable >= gap), key=_by_size)]
        taken.append(offer)
        gap -= offer.usable
    return taken


def _by_size(offer: Offer) -> tuple[Decimal, str]:
    return offer.usable, offer.asset_id


def _counted(taken: list[Offer], needed: Decimal) -> tuple[Pick, ...]:
    picks: list[Pick] = []
    for offer in taken:
        counted = min(offer.usable, needed)
        needed -= counted
        picks.append(Pick(offer, counted))
    return tuple(picks)


def _without_needless(picks: tuple[Pick, ...], needed: Decimal) -> tuple[Pick, ...]:
    """Drop things for which an indivisible one, bound in any case, makes up; the most harmful and then the smallest first."""
    spare = sum((pick.offer.usable if not pick.offer.divisible else pick.counted for pick in picks), -needed)
    kept = [pick.offer for pick in picks]
    for offer in sorted(kept, key=lambda each: (tuple(-step for step in each.harm), *_by_size(each))):
        if not offer.divisible and offer.usable <= spare:
            kept.remove(offer)
            spare -= offer.usable
    return _counted(kept, needed)
