"""Control measures at an agency that knows only docs/agency-protocol.md: when they begin, rank, hold, and end."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from app.adapters.contract import Answer, AssetQueryOrder, MeasureOrder
from app.adapters.measures import (
    ConversionContent,
    CourtAccount,
    FreezeContent,
    LiveList,
    MeasureContent,
    MeasureReport,
    Notice,
    ReleaseContent,
    RenewalContent,
    Target,
    TransferContent,
    WhyNot,
)
from app.ids import new_id
from app.measures.terms import Term, ends_at, renewed_end
from app.measures.words import Change, Nature, Reach, State, ThingKind
from app.vocabulary import AnswerState, DocumentKind, RefusalReason
from tests.contract.peer import AT_ONCE, LATER, Ear, Line, Peer, about, until

CASE, OTHER_CASE = "（2026）豫1424执18号", "（2026）豫1424执26号"
FIRST, SECOND = Target(ThingKind.ACCOUNT, "62170001"), Target(ThingKind.ACCOUNT, "62170002")
COURT = CourtAccount("柘城县人民法院", "41990100180000001", "某某银行", "18")
A_YEAR = Term(years=1)
PAPERS = (
    DocumentKind.RULING,
    DocumentKind.FREEZE_NOTICE,
    DocumentKind.RELEASE_NOTICE,
    DocumentKind.ENFORCEMENT_NOTICE,
)


def freeze(
    limit: Decimal | Reach, *targets: Target, term: Term = A_YEAR, nature: Nature = Nature.ENFORCEMENT
) -> FreezeContent:
    return FreezeContent(targets, limit, "CNY", term, nature, "裁定1号")


def release(freeze_id: UUID, amount: Decimal | None = None, case_number: str = CASE) -> ReleaseContent:
    return ReleaseContent(freeze_id, case_number, FIRST, amount, "已履行完毕")


def transfer(freeze_id: UUID, amount: str) -> TransferContent:
    return TransferContent(freeze_id, CASE, FIRST, Decimal(amount), "CNY", COURT)


@dataclass(frozen=True)
class Court:
    """Orders in one case about the one who is answered at once."""

    line: Line
    order: AssetQueryOrder
    case_number: str = CASE

    def decided(self, content: MeasureContent, number: str = AT_ONCE) -> MeasureOrder:
        query = about(self.order, number)
        (paper,) = query.mandate.documents
        mandate = replace(
            query.mandate,
            case_number=self.case_number,
            documents=tuple(replace(paper, kind=kind) for kind in PAPERS),
        )
        return MeasureOrder(
            query.request_id, query.order_id, query.agency_code, mandate, query.subject, content,
            query.asked_at, query.answer_due_at,
        )  # fmt: skip

    async def orders(self, content: MeasureContent, number: str = AT_ONCE) -> Answer:
        answer = await self.line.ask(self.decided(content, number))
        assert isinstance(answer, Answer)
        return answer

    async def does(self, content: MeasureContent) -> MeasureReport:
        """What becomes of the one thing that the order is about."""
        (report,) = (await self.orders(content)).measures
        return report

    async def live(self) -> LiveList:
        message = self.line.adapter.dialect.encode_live_list(new_id())
        return self.line.adapter.decode_live_list(
            await self.line.adapter.transport.exchange(message, attempt=1)
        )


@pytest.fixture
def court(line: Line, order: AssetQueryOrder) -> Court:
    return Court(line, order)


@pytest.fixture
def other_court(line: Line, order: AssetQueryOrder) -> Court:
    return Court(line, order, OTHER_CASE)


def notices(line: Line, ear: Ear) -> list[Notice]:
    heard = [line.adapter.decode_callback("application/json", body) for body in ear.heard]
    return [each for each in heard if isinstance(each, Notice)]


async def test_it_freezes_from_receipt_what_is_there_and_reports_it_apart_from_the_limit(
    court: Court,
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    report = await court.does(freeze(Decimal(500), FIRST))
    assert (report.state, report.rank, report.limit, report.held) == (
        State.IN_FORCE,
        1,
        Decimal(500),
        Decimal("120.50"),
    )
    assert report.received_at == report.active_at
    assert report.active_at is not None
    assert before <= report.active_at <= datetime.now(UTC)
    assert report.ends_at == ends_at(report.active_at, A_YEAR)


async def test_a_freeze_that_comes_ten_times_at_once_is_one_freeze(
    line: Line, court: Court, peer: Peer
) -> None:
    order = court.decided(freeze(Decimal(50), FIRST))
    answers = await asyncio.gather(*(line.ask(order, attempt) for attempt in range(1, 11)))
    assert answers == [answers[0]] * 10
    assert peer.books("SELECT count(*) FROM freezes") == [(1,)]


async def test_a_freeze_of_what_is_found_has_one_limit_for_all(court: Court) -> None:
    answer = await court.orders(freeze(Decimal(200)))
    assert answer.state is AnswerState.EXECUTED
    assert [(each.limit, each.held) for each in answer.measures] == [
        (Decimal(200), Decimal("120.50")),
        (Decimal("79.50"), Decimal("79.50")),
    ]
    reached = await court.orders(freeze(Decimal(100), FIRST, SECOND), number=LATER)
    assert {each.why_not for each in reached.measures} == {WhyNot.HOLDER_MISMATCH}


async def test_a_freeze_of_what_is_found_finds_nobody_as_a_query_does(court: Court) -> None:
    nobody = await court.orders(freeze(Decimal(200)), number="41990119900101001X")
    assert nobody.state is AnswerState.NOTHING_FOUND


async def test_the_next_takes_effect_by_itself_and_its_court_is_told(
    court: Court, other_court: Court, line: Line, ear: Ear
) -> None:
    """Seizure §26."""
    first = await court.orders(freeze(Reach.WHOLE, FIRST))
    second = await other_court.orders(freeze(Decimal(80), FIRST))
    (waiting,) = second.measures
    assert (waiting.state, waiting.rank, waiting.active_at, waiting.ends_at) == (State.WAITING, 2, None, None)
    lifted = await court.does(release(first.request_id))
    assert (lifted.state, lifted.rank, lifted.held) == (State.RELEASED, None, Decimal(0))
    await until(lambda: bool(notices(line, ear)))
    (told,) = notices(line, ear)
    (promoted,) = told.measures
    assert (told.request_id, told.cause) == (second.request_id, Change.PROMOTED)
    assert (promoted.state, promoted.rank, promoted.held) == (State.IN_FORCE, 1, Decimal(80))
    assert promoted.active_at is not None
    assert promoted.ends_at == ends_at(promoted.active_at, A_YEAR)


async def test_money_that_comes_free_is_caught_up_to_the_limit(
    court: Court, other_court: Court, line: Line, ear: Ear
) -> None:
    first = await court.orders(freeze(Decimal(100), FIRST))
    second = await other_court.orders(freeze(Decimal(60), FIRST))
    assert [(each.state, each.rank, each.held) for each in second.measures] == [
        (State.IN_FORCE, 2, Decimal("20.50"))
    ]
    lowered = await court.does(release(first.request_id, Decimal(90)))
    assert (lowered.limit, lowered.held) == (Decimal(10), Decimal(10))
    await until(lambda: bool(notices(line, ear)))
    (told,) = notices(line, ear)
    assert (told.cause, told.measures[0].held) == (Change.HOLDS_MORE, Decimal(60))


async def test_a_renewal_runs_on_and_no_longer_than_the_law_allows(court: Court) -> None:
    """Interpretation §485: deposits one year, and one term ahead."""
    frozen = await court.orders(freeze(Decimal(50), FIRST, term=Term(months=6)))
    (before,) = frozen.measures
    assert before.ends_at is not None

    def again(term: Term) -> RenewalContent:
        return RenewalContent(frozen.request_id, CASE, FIRST, term, "裁定2号")

    assert (await court.does(again(Term(years=1, days=1)))).why_not is WhyNot.TERM_INVALID
    renewed = await court.does(again(A_YEAR))
    assert (renewed.ends_at, renewed.rank) == (renewed_end(before.ends_at, A_YEAR), before.rank)
    assert (await court.does(again(A_YEAR))).why_not is WhyNot.TERM_INVALID


async def test_it_transfers_what_is_held_once_and_never_more(court: Court, line: Line, peer: Peer) -> None:
    """Civil Procedure §253."""
    frozen = await court.orders(freeze(Decimal(100), FIRST))
    assert (await court.does(transfer(frozen.request_id, "100.01"))).why_not is WhyNot.BEYOND_HELD
    order = court.decided(transfer(frozen.request_id, "40"))
    assert await line.ask(order) == await line.ask(order, attempt=2)
    rest = await court.does(transfer(frozen.request_id, "60"))
    assert (rest.state, rest.transferred, rest.balance) == (State.EXHAUSTED, Decimal(60), Decimal("20.50"))
    assert peer.books("SELECT amount, goes_to FROM transfers ORDER BY amount") == [
        ("40", COURT.number),
        ("60", COURT.number),
    ]


async def test_a_preservation_turns_into_enforcement_and_keeps_its_rank(
    court: Court, other_court: Court
) -> None:
    """Interpretation §168."""
    preserved = await court.orders(freeze(Decimal(50), FIRST, nature=Nature.PRESERVATION))
    turned = await other_court.does(ConversionContent(preserved.request_id, CASE, FIRST))
    assert (turned.state, turned.rank, turned.ends_at) == (State.IN_FORCE, 1, preserved.measures[0].ends_at)
    lifted = await other_court.does(release(preserved.request_id, case_number=OTHER_CASE))
    assert lifted.state is State.RELEASED


async def test_it_says_why_an_order_has_no_effect(court: Court) -> None:
    frozen = (await court.orders(freeze(Decimal(50), FIRST))).request_id
    nowhere = Target(ThingKind.ACCOUNT, "62179999")
    refused: dict[WhyNot, MeasureContent] = {
        WhyNot.THING_UNKNOWN: freeze(Decimal(50), nowhere),
        WhyNot.HOLDER_MISMATCH: freeze(Decimal(50), Target(ThingKind.ACCOUNT, "62170003")),
        WhyNot.AMOUNT_INVALID: freeze(Reach.WHOLE, FIRST, nature=Nature.PRESERVATION),
        WhyNot.TERM_INVALID: freeze(Decimal(50), FIRST, term=Term(years=3)),
        WhyNot.FREEZE_UNKNOWN: release(new_id()),
        WhyNot.NOT_THIS_CASE: release(frozen, case_number=OTHER_CASE),
        WhyNot.BEYOND_LIMIT: release(frozen, Decimal("50.01")),
    }
    assert {why_not: (await court.does(content)).why_not for why_not, content in refused.items()} == {
        why_not: why_not for why_not in refused
    }
    await court.does(release(frozen))
    assert (await court.does(release(frozen))).why_not is WhyNot.ALREADY_ENDED


async def test_rank_and_receipt_survive_a_crash_and_the_list_shows_them(
    court: Court, other_court: Court, peer: Peer
) -> None:
    ahead = await court.orders(freeze(Reach.WHOLE, FIRST))
    behind = await other_court.orders(freeze(Decimal(80), FIRST))
    before = await court.live()
    peer.kill()
    peer.start()
    after = await court.live()
    assert after.measures == before.measures
    assert [(each.request_id, each.measure.rank) for each in after.measures] == [
        (ahead.request_id, 1),
        (behind.request_id, 2),
    ]


async def test_a_list_goes_on_where_it_is_asked_to(court: Court, line: Line) -> None:
    made = [(await court.orders(freeze(Decimal(1), FIRST))).request_id for _ in range(3)]
    message = line.adapter.dialect.encode_live_list(new_id(), after=made[0])
    reply = await line.adapter.transport.exchange(message, attempt=1)
    listed = line.adapter.decode_live_list(reply, after=made[0])
    assert [each.request_id for each in listed.measures] == made[1:]
    assert not listed.more


async def test_without_its_ruling_a_freeze_is_refused_and_leaves_no_trace(
    court: Court, line: Line, peer: Peer
) -> None:
    order = court.decided(freeze(Decimal(50), FIRST))
    papers = tuple(paper for paper in order.mandate.documents if paper.kind is not DocumentKind.RULING)
    answer = await line.ask(replace(order, mandate=replace(order.mandate, documents=papers)))
    assert isinstance(answer, Answer)
    assert answer.refusal
    assert answer.refusal.reason is RefusalReason.DOCUMENT_MISSING
    assert peer.books("SELECT count(*) FROM freezes") == [(0,)]
