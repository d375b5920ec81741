"""The choice of least harm against every other choice there is."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.measures.choosing import Offer, choose
from app.measures.exemption import Circumstances, is_exempt
from app.measures.plan import Found, least_harm
from app.measures.truing import Answer, true_up
from app.measures.words import MEASURED_IN_MONEY, ThingKind
from app.vocabulary import AccountNature

sums = st.integers(0, 12).map(lambda hundreds: Decimal(hundreds * 100))
AS_OF = datetime(2024, 3, 1, tzinfo=UTC)


@st.composite
def offer_lists(draw: st.DrawFn) -> list[Offer]:
    """Within one degree of harm all can be divided or none, as in a plan."""
    offers = []
    for number in range(draw(st.integers(0, 6))):
        harm = draw(st.integers(1, 4))
        offers.append(Offer(f"asset-{number}", draw(sums), harm <= 2, (harm,)))
    return offers


def total(offers: list[Offer]) -> Decimal:
    return sum((offer.usable for offer in offers), Decimal(0))


@given(offer_lists(), sums)
@settings(deadline=None)
def test_the_sum_is_reached_whenever_possible_and_never_exceeded(
    offers: list[Offer], needed: Decimal
) -> None:
    picks = choose(offers, needed)
    assert sum(pick.counted for pick in picks) == min(needed, total(offers))
    assert all(0 < pick.counted <= pick.offer.usable for pick in picks)


@given(offer_lists(), sums)
@settings(deadline=None)
def test_more_harm_is_done_only_where_less_does_not_suffice(offers: list[Offer], needed: Decimal) -> None:
    for pick in choose(offers, needed):
        milder = [offer for offer in offers if offer.harm < pick.offer.harm]
        assert total(milder) < needed


@given(offer_lists(), sums)
@settings(deadline=None)
def test_among_equal_harm_no_fewer_assets_would_fill_the_gap(offers: list[Offer], needed: Decimal) -> None:
    picks = choose(offers, needed)
    if not picks:
        return
    hardest = max(pick.offer.harm for pick in picks)
    equals = [offer for offer in offers if offer.harm == hardest]
    gap = needed - total([offer for offer in offers if offer.harm < hardest])
    used = [pick.offer for pick in picks if pick.offer.harm == hardest]
    if total(equals) < gap:
        return
    for fewer in range(len(used)):
        assert all(total(list(some)) < gap for some in combinations(equals, fewer))
    others_filling = [
        each for each in equals if each not in used and total(used) - used[-1].usable + each.usable >= gap
    ]
    assert all(each.usable >= used[-1].usable for each in others_filling), "the smallest that still fills it"


@given(offer_lists(), sums)
@settings(deadline=None)
def test_no_thing_is_taken_that_the_others_make_needless(offers: list[Offer], needed: Decimal) -> None:
    picks = choose(offers, needed)
    bound = sum((pick.counted if pick.offer.divisible else pick.offer.usable for pick in picks), Decimal(0))
    for pick in picks:
        assert pick.offer.divisible or bound - pick.offer.usable < needed


@given(offer_lists(), sums, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_same_assets_give_the_same_choice(offers: list[Offer], needed: Decimal, dice: object) -> None:
    shuffled = list(offers)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types its random as Random only at run time
    assert choose(shuffled, needed) == choose(offers, needed)


found = st.builds(
    Found,
    asset_id=st.sampled_from([f"asset-{number}" for number in range(30)]),
    kind=st.sampled_from(ThingKind),
    amount=st.none() | sums,
    as_of=st.just(AS_OF),
    ahead=sums,
    nature=st.sampled_from(AccountNature),
    divisible=st.booleans(),
    business_critical=st.booleans(),
    disputed=st.booleans(),
    co_owned=st.booleans(),
)
found_lists = st.lists(found, max_size=8, unique_by=lambda asset: asset.asset_id)
circumstances = st.builds(
    Circumstances,
    claim_is_for_those_wages=st.booleans(),
    housing_fund_withdrawable=st.booleans(),
    monthly_standard=sums,
    persons=st.integers(1, 3),
    months=st.integers(1, 2),
)


@given(found_lists, sums, circumstances)
@settings(deadline=None)
def test_a_plan_touches_nothing_exempt_and_leaves_the_living_cost(
    assets: list[Found], owed: Decimal, case: Circumstances
) -> None:
    plan = least_harm(assets, owed, case)
    known = {asset.asset_id: asset for asset in assets}
    left = Decimal(0)
    for measure in plan.measures:
        asset = known[measure.asset_id]
        assert asset.amount is not None
        assert not is_exempt(asset.nature, case)
        assert measure.counted <= asset.amount - asset.ahead
        assert (measure.limit is not None) == (asset.kind in MEASURED_IN_MONEY)
    frozen = {measure.asset_id: measure.counted for measure in plan.measures}
    usable = [
        asset
        for asset in assets
        if asset.kind is ThingKind.ACCOUNT and asset.amount is not None and not is_exempt(asset.nature, case)
    ]
    for asset in usable:
        left += max(Decimal(0), (asset.amount or 0) - asset.ahead) - frozen.get(asset.asset_id, Decimal(0))
    free_at_first = sum((max(Decimal(0), (asset.amount or 0) - asset.ahead) for asset in usable), Decimal(0))
    assert left >= min(case.living_cost, free_at_first)
    assert plan.covered == min(owed, total(list(plan.offers)))
    assert len(plan.lines) == len(assets) + 1
    assert all(line.en and line.zh for line in plan.lines)


@given(found_lists, sums, st.data())
@settings(deadline=None)
def test_truing_up_never_releases_below_what_is_owed_nor_adds_beyond_it(
    assets: list[Found], owed: Decimal, data: st.DataObject
) -> None:
    plan = least_harm(assets, owed, Circumstances(), realisable_share=Decimal(1))
    answers = [
        Answer(measure.asset_id, data.draw(st.booleans()), data.draw(st.none() | sums))
        for measure in plan.measures
        if data.draw(st.booleans())
    ]
    trued = true_up(plan, answers)
    planned = {measure.asset_id: measure.counted for measure in plan.measures}
    awaited = sum((planned[asset_id] for asset_id in trued.awaited), Decimal(0))
    assert not (trued.releases and trued.additions)
    if trued.additions:
        added = sum((add.counted for add in trued.additions), Decimal(0))
        assert trued.secured + awaited + added + trued.shortfall == owed
    if trued.releases:
        worth = {offer.asset_id: offer.usable for offer in plan.offers}
        told = {answer.asset_id: answer for answer in answers}
        kept = trued.secured
        for low in trued.releases:
            if low.asset_id in told:
                held = told[low.asset_id].held
                whole = worth[low.asset_id] if low.asset_id in plan.things else (held or Decimal(0))
                kept -= whole if low.amount is None else low.amount
        assert kept >= owed
