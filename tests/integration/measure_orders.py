"""Orders that bind, as a hub would send them, and the debtors they are about."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from app.adapters.contract import Answer, MeasureOrder
from app.adapters.measures import (
    ConversionContent,
    CourtAccount,
    FreezeContent,
    MeasureReport,
    ReleaseContent,
    RenewalContent,
    Target,
    TransferContent,
    WhyNot,
)
from app.measures.terms import Term
from app.measures.words import Nature, Reach, ThingKind
from app.sandbox.population import Subject
from app.sandbox.population.records import Debtor
from app.vocabulary import AnswerState
from tests.integration.sandbox_hub import POPULATION, HubSide, measure

CASE = "（2018）豫1424执1352号"
YEAR = Term(years=1)
COURT_ACCOUNT = CourtAccount("柘城县人民法院", "4100000000000000001", "示例银行", "900000000001")


def as_debtor(subject: Subject) -> Debtor:
    return Debtor(subject.name, subject.certificate_type, subject.number)


def person(index: int) -> Debtor:
    return as_debtor(POPULATION.person(index))


def company(index: int) -> Debtor:
    return as_debtor(POPULATION.company(index))


def account(number: str) -> Target:
    return Target(ThingKind.ACCOUNT, number)


def house(number: str) -> Target:
    return Target(ThingKind.REAL_ESTATE, number)


class Owned(NamedTuple):
    """A thing with its owner; `balance` is zero for what is not money."""

    about: Debtor
    target: Target
    balance: Decimal


def unburdened_accounts(code: str) -> Iterator[Owned]:
    """Accounts of single holders at a bank, with 1,000 yuan and more and nothing on them."""
    for subject in map(POPULATION.person, range(12, 200)):
        for each in POPULATION.accounts(subject, code)[:1]:
            burdened = each.prior_freezes or each.priority_rights or each.co_holders
            invested = POPULATION.wealth_products(subject, code)
            if each.balance > 1000 and not burdened and not invested:
                yield Owned(as_debtor(subject), account(each.account_number), each.balance)


def unburdened_houses() -> Iterator[Owned]:
    for subject in map(POPULATION.person, range(12, 200, 2)):
        for each in POPULATION.houses(subject)[:1]:
            if not each.seizures:
                yield Owned(as_debtor(subject), house(each.unit_number), Decimal(0))


def yuan(text: str) -> Decimal:
    return Decimal(text)


def freeze(
    code: str,
    about: Debtor,
    *targets: Target,
    limit: Decimal | Reach = Reach.WHOLE,
    term: Term = YEAR,
    nature: Nature = Nature.ENFORCEMENT,
    currency: str = "CNY",
) -> MeasureOrder:
    content = FreezeContent(targets, limit, currency, term, nature, f"{CASE}之一")
    return measure(code, about, content)


def renewal(order: MeasureOrder, target: Target, term: Term = YEAR, case: str = CASE) -> MeasureOrder:
    content = RenewalContent(order.request_id, case, target, term, f"{CASE}之二")
    return following(order, content)


def release(
    order: MeasureOrder, target: Target, amount: Decimal | None = None, case: str = CASE
) -> MeasureOrder:
    return following(order, ReleaseContent(order.request_id, case, target, amount, "被执行人已履行"))


def transfer(order: MeasureOrder, target: Target, amount: Decimal, currency: str = "CNY") -> MeasureOrder:
    content = TransferContent(order.request_id, CASE, target, amount, currency, COURT_ACCOUNT)
    return following(order, content)


def conversion(order: MeasureOrder, target: Target, new_case: str) -> MeasureOrder:
    content = ConversionContent(order.request_id, CASE, target)
    return following(order, content, case=new_case)


def following(
    order: MeasureOrder,
    content: RenewalContent | ReleaseContent | TransferContent | ConversionContent,
    case: str = CASE,
) -> MeasureOrder:
    subject = order.subject
    about = Debtor(subject.name, subject.certificate.certificate_type, subject.certificate.number)
    return measure(order.agency_code, about, content, mandate={"case_number": case})


async def executed(side: HubSide, order: MeasureOrder) -> tuple[MeasureReport, ...]:
    answer = await side.answer(order)
    assert answer.state is AnswerState.EXECUTED, answer.measures and answer.measures[0].why_not
    return answer.measures


async def only(side: HubSide, order: MeasureOrder) -> MeasureReport:
    (report,) = await executed(side, order)
    return report


async def declined(side: HubSide, order: MeasureOrder) -> WhyNot:
    answer = await side.answer(order)
    assert answer.state is AnswerState.NOT_EXECUTED
    (report,) = answer.measures
    assert report.why_not is not None
    assert report.explanation
    return report.why_not


async def listed(side: HubSide) -> dict[tuple[UUID, str], MeasureReport]:
    """The live list, by request and thing."""
    return {
        (each.request_id, each.measure.identity): each.measure for each in (await side.live_list()).measures
    }


def by_thing(answer: Answer) -> dict[str, MeasureReport]:
    return {report.identity: report for report in answer.measures}
