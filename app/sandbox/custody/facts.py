"""What a query reports of things that are on the register: their balances and measures of this hour.

Of a thing that nobody has touched yet, what the population's books say is still true.
"""

from collections.abc import Iterable
from decimal import Decimal

from app.adapters.assets import Asset, BankAccount, RealEstate, Seizure, TaxRecord, Vehicle, WealthProduct
from app.adapters.facts import PriorFreeze
from app.measures.money import ZERO
from app.measures.receipts import Rung
from app.measures.terms import day_in_china, last_day_before
from app.measures.words import State
from app.sandbox.custody.reports import agency_number, as_prior
from app.sandbox.custody.state import Custody
from app.vocabulary import SeizureKind

_SIX_PLACES = Decimal("0.000001")
_MOST = 1000
"""As many as an asset may carry on the wire."""


def as_registered(custody: Custody, assets: Iterable[Asset]) -> tuple[Asset, ...]:
    """The same assets as they stand now; a thing that was sold is not the debtor's any more."""
    return tuple(_as_it_stands(custody, asset) for asset in assets if not _is_gone(custody, asset))


def _thing_of(asset: Asset) -> str:
    match asset:
        case BankAccount():
            return asset.account_number
        case WealthProduct():
            return f"{asset.product_account}/{asset.product_number}"
        case RealEstate():
            return asset.unit_number
        case Vehicle():
            return asset.vin
        case TaxRecord():
            return asset.taxpayer_number
        case _:
            return ""


def _is_gone(custody: Custody, asset: Asset) -> bool:
    ladder = custody.register.books.ladders.get(_thing_of(asset))
    return ladder is not None and ladder.disposed


def _as_it_stands(custody: Custody, asset: Asset) -> Asset:
    thing_id = _thing_of(asset)
    if thing_id not in custody.kept:
        return asset
    match asset:
        case BankAccount():
            return asset.model_copy(update=_account(custody, asset))
        case WealthProduct():
            return asset.model_copy(update=_product(custody, asset, thing_id))
        case TaxRecord():
            return asset.model_copy(update={"refund_due": custody.register.balance(thing_id)})
        case RealEstate() | Vehicle():
            return asset.model_copy(update={"seizures": _seizures(custody, thing_id)})
        case _:
            return asset


def _account(custody: Custody, account: BankAccount) -> dict[str, object]:
    """What is pledged is not available either."""
    number = account.account_number
    free = custody.register.free(number)
    pledged = sum((right.amount or ZERO for right in account.priority_rights), ZERO)
    facts: dict[str, object] = {
        "balance": custody.register.balance(number),
        "available_balance": max((free or ZERO) - pledged, ZERO),
        "prior_freezes": _priors(custody, number),
    }
    return {**facts, "status": "closed"} if number in custody.closed else facts


def _product(custody: Custody, product: WealthProduct, thing_id: str) -> dict[str, object]:
    total = custody.register.balance(thing_id)
    facts: dict[str, object] = {"total_amount": total, "prior_freezes": _priors(custody, thing_id)}
    if total is not None and product.unit_price:
        facts["quantity"] = (total / product.unit_price).quantize(_SIX_PLACES)
    return facts


def _priors(custody: Custody, thing_id: str) -> tuple[PriorFreeze, ...]:
    return tuple(as_prior(custody, rung) for rung in custody.register.ladder(thing_id)[:_MOST])


def _seizures(custody: Custody, thing_id: str) -> tuple[Seizure, ...]:
    return tuple(_seizure(custody, rung) for rung in custody.register.ladder(thing_id)[:_MOST])


def _seizure(custody: Custody, rung: Rung) -> Seizure:
    paper = custody.papers[rung.freeze_id]
    return Seizure(
        authority=paper.authority,
        kind=SeizureKind.SEIZURE if rung.state is State.IN_FORCE else SeizureKind.WAITING,
        document_number=paper.document_number,
        starts_on=day_in_china(rung.active_at or rung.received_at),
        ends_on=rung.ends_at and last_day_before(rung.ends_at),
        business_number=agency_number(rung),
    )
