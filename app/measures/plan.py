"""The freeze plan that does least harm: what to bind of what was found, to reach the claim with its costs.

Preservation §13: choose what touches the debtor's business least. In this order of harm:

1. money that nobody needs for anything in particular: ordinary accounts, tax refunds due
2. wealth products
3. income above the living cost: wage and pension accounts
4. things of which a part can be sealed
5. things that are sealed whole, only when money does not suffice
6. whatever the debtor's business needs to run, money first

Within a step, what nobody contests and nobody else owns comes first. Exempt funds are never touched; the living cost of
the debtor and dependants stays free, out of income first and then of other money (Seizure §3). How the choice is made
within these steps, and what is promised, stands in choosing.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from app.measures import wording
from app.measures.choosing import Harm, Offer, choose
from app.measures.exemption import Circumstances, is_exempt, keeps_living_cost
from app.measures.money import ZERO, to_cents
from app.measures.words import MEASURED_IN_MONEY, ThingKind
from app.vocabulary import AccountNature

REALISABLE_SHARE = Decimal("0.56")
"""What of its estimated value a thing is counted for: the lowest reserve price of the second auction, 70 % less a fifth.

法释〔2016〕18号 §10, §26. A plan that counted on the full estimate would leave the creditor short.
"""


@dataclass(frozen=True)
class Found:
    """One asset, as an agency reported it.

    `amount` is the money there, or the estimated value of a thing; None when it was not reported. `ahead` is what goes before
    us of it: prior freezes, mortgages, pledges. An available balance is net of them already: pass it with nothing ahead.
    """

    asset_id: str
    kind: ThingKind
    amount: Decimal | None
    as_of: datetime
    ahead: Decimal = ZERO
    nature: AccountNature = AccountNature.ORDINARY
    divisible: bool = False
    business_critical: bool = False
    disputed: bool = False
    co_owned: bool = False

    @property
    def in_money(self) -> bool:
        return self.kind in MEASURED_IN_MONEY


class Measure(NamedTuple):
    """Freeze this asset: money up to `limit`, a thing (None) whole or, when it can be divided, a part worth `counted`.

    `counted` is what it brings of what is owed.
    """

    asset_id: str
    limit: Decimal | None
    counted: Decimal
    line: wording.Line


class LeftOut(NamedTuple):
    asset_id: str
    line: wording.Line


@dataclass(frozen=True)
class Plan:
    """`owed` is the claim with its costs; `offers` all that could be used, and `things` what is not money, for truing up."""

    owed: Decimal
    measures: tuple[Measure, ...]
    left_out: tuple[LeftOut, ...]
    offers: tuple[Offer, ...]
    things: frozenset[str]

    @property
    def covered(self) -> Decimal:
        return sum((measure.counted for measure in self.measures), ZERO)

    @property
    def shortfall(self) -> Decimal:
        return self.owed - self.covered

    @property
    def lines(self) -> tuple[wording.Line, ...]:
        """The plan, explained: what is taken, what is not, and what it comes to."""
        taken = [measure.line for measure in self.measures]
        spared = [left.line for left in self.left_out]
        return (*taken, *spared, wording.total(self.owed, self.covered))


def least_harm(
    found: Iterable[Found],
    owed: Decimal,
    case: Circumstances,
    *,
    realisable_share: Decimal = REALISABLE_SHARE,
) -> Plan:
    """Choose an allocation that reaches what is owed, whenever what may be used reaches it.

    Args:
        found: what the agencies reported.
        owed: claim and costs outstanding, in the unit of the currency.
        case: decides conditional exemptions, and the living cost.
        realisable_share: of the estimated value of a thing, what it is counted for.
    """
    assets = {asset.asset_id: asset for asset in sorted(found, key=lambda each: each.asset_id)}
    spared = _living_cost_spared(assets.values(), case)
    offers: list[Offer] = []
    for asset in assets.values():
        usable = _usable(asset, case, realisable_share)
        if usable is not None:
            divisible = asset.in_money or asset.divisible
            usable = max(ZERO, usable - spared.get(asset.asset_id, ZERO))
            offers.append(Offer(asset.asset_id, usable, divisible, _harm(asset)))
    picks = choose(offers, owed)
    measures = [
        Measure(
            pick.offer.asset_id,
            pick.counted if assets[pick.offer.asset_id].in_money else None,
            pick.counted,
            _why(assets[pick.offer.asset_id], pick.counted, spared.get(pick.offer.asset_id, ZERO)),
        )
        for pick in picks
    ]
    taken = {measure.asset_id for measure in measures}
    worth = {offer.asset_id: offer.usable for offer in offers}
    left_out = [
        LeftOut(asset.asset_id, _why_not(asset, case, worth.get(asset.asset_id)))
        for asset in assets.values()
        if asset.asset_id not in taken
    ]
    things = frozenset(asset.asset_id for asset in assets.values() if not asset.in_money)
    return Plan(owed, tuple(measures), tuple(left_out), tuple(offers), things)


def _usable(asset: Found, case: Circumstances, realisable_share: Decimal) -> Decimal | None:
    """What the asset can bring for us; None when it may not be used, or nobody knows."""
    if asset.amount is None or is_exempt(asset.nature, case):
        return None
    worth = asset.amount if asset.in_money else to_cents(asset.amount * realisable_share)
    return max(ZERO, worth - asset.ahead)


def _living_cost_spared(assets: Iterable[Found], case: Circumstances) -> dict[str, Decimal]:
    """From which accounts the living cost stays free: income first, then the money that would be frozen last."""
    spared: dict[str, Decimal] = {}
    needed = case.living_cost
    for asset in sorted(assets, key=lambda each: (not keeps_living_cost(each.nature), _mildest_last(each))):
        free = _usable(asset, case, ZERO) if asset.kind is ThingKind.ACCOUNT else None
        if needed > 0 and free:
            spared[asset.asset_id] = min(free, needed)
            needed -= spared[asset.asset_id]
    return spared


def _mildest_last(asset: Found) -> tuple[Harm, str]:
    return tuple(-step for step in _harm(asset)), asset.asset_id


def _harm(asset: Found) -> Harm:
    return (
        6 if asset.business_critical else _step(asset),
        _step(asset),
        int(asset.disputed),
        int(asset.co_owned),
    )


def _step(asset: Found) -> int:
    if asset.kind is ThingKind.WEALTH_PRODUCT:
        return 2
    if asset.in_money:
        return 3 if keeps_living_cost(asset.nature) else 1
    return 4 if asset.divisible else 5


def _why(asset: Found, counted: Decimal, spared: Decimal) -> wording.Line:
    remarks = [
        remark
        for remark, applies in (
            (wording.living_cost(spared), spared > 0),
            (wording.CO_OWNED, asset.co_owned),
            (wording.DISPUTED, asset.disputed),
            (wording.BUSINESS_CRITICAL, asset.business_critical),
        )
        if applies
    ]
    if asset.in_money:
        return wording.freeze_money(asset.asset_id, counted, asset.as_of, remarks)
    if asset.divisible:
        return wording.seal_part(asset.asset_id, counted, asset.as_of, remarks)
    return wording.seal_thing(asset.asset_id, counted, asset.as_of, remarks)


def _why_not(asset: Found, case: Circumstances, usable: Decimal | None) -> wording.Line:
    if is_exempt(asset.nature, case):
        return wording.exempt(asset.asset_id, asset.nature)
    if usable is None:
        return wording.unknown(asset.asset_id)
    return wording.not_needed(asset.asset_id) if usable > 0 else wording.nothing_left(asset.asset_id)
