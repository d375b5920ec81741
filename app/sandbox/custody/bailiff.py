"""Carries the hub's orders out: freeze, renew, release, transfer, turn into enforcement.

It acts on the papers, on what the debtor holds here and on the register, and puts what came of it into reports.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from app.adapters.liandong import wire
from app.adapters.liandong.wire import (
    ConversionMessage,
    FreezeMessage,
    MeasureMessage,
    ReleaseMessage,
    RenewalMessage,
    Target,
    TransferMessage,
)
from app.adapters.measures import MeasureReport, WhyNot
from app.identifiers import same_name
from app.measures.books import ENDED
from app.measures.money import ZERO
from app.measures.operations import Conversion, FreezeOrder, Operation, Release, Renewal, Transfer
from app.measures.receipts import Receipt
from app.measures.terms import Term
from app.measures.words import LIVE, MEASURED_IN_MONEY, PAYS_OUT, RULES, Ground, Nature, Reach
from app.sandbox.custody.deed import Deed
from app.sandbox.custody.facts import as_registered
from app.sandbox.custody.holdings import Holding, Holdings
from app.sandbox.custody.journal import Line, Paper, Switch
from app.sandbox.custody.reports import report, report_ground
from app.sandbox.lookup import Finding, Registry, ambiguous, refused_for
from app.vocabulary import AnswerState, DocumentKind, OrderKind, RefusalReason

CURRENCY = "CNY"
_Cited = wire.Renewal | wire.Release | wire.Transfer | wire.Conversion

_EXPLANATIONS = {
    WhyNot.THING_UNKNOWN: "无申请控制的财产信息",
    WhyNot.HOLDER_MISMATCH: "该财产与被控制人证件信息不匹配",
    WhyNot.ACCOUNT_CLOSED: "账户已销户",
    WhyNot.EXEMPT: "农民工工资专用账户、社会保险基金不得冻结",
    WhyNot.FREEZE_UNKNOWN: RULES[Ground.FREEZE_UNKNOWN].zh,
    WhyNot.AMOUNT_INVALID: "仅支持人民币，且须为可扣划的资金",
}

_NOTICES = frozenset({DocumentKind.FREEZE_NOTICE, DocumentKind.ENFORCEMENT_NOTICE})
PAPERS: dict[OrderKind, frozenset[DocumentKind]] = {
    OrderKind.FREEZE: _NOTICES,
    OrderKind.RENEWAL: _NOTICES,
    OrderKind.RELEASE: frozenset({DocumentKind.RELEASE_NOTICE, DocumentKind.ENFORCEMENT_NOTICE}),
    OrderKind.TRANSFER: frozenset({DocumentKind.ENFORCEMENT_NOTICE}),
}
"""Beside the ruling, one of these notices (2013 Rules §3; Seizure §1). A preservation turns into enforcement by itself, so
that no ruling is needed (Interpretation §168; Preservation §17)."""


@dataclass(frozen=True, slots=True)
class Bailiff:
    """One agency's. `holdings` tells what the agency holds of whom."""

    registry: Registry
    holdings: Holdings

    def carry_out(self, message: MeasureMessage, deed: Deed) -> Finding:
        """Do what is ordered, as far as papers, holder and register allow, and say what came of it."""
        deed.let_time_pass()
        refused = _objection(message)
        if refused:
            return refused
        numbers = (message.subject.certificate_number, *message.subject.also_known_as)
        found = self.registry.subjects(numbers)
        if len(found) > 1:
            return ambiguous()
        subject = next((each for each in found if same_name(each.name, message.subject.name)), None)
        if found and subject is None and _is_of_all_money(message):
            return Finding(AnswerState.MISMATCH, remark="证件号码登记的姓名与请求不符")
        held = self.holdings.of(subject, numbers) if subject else {}
        finding = _done(_Work(self.holdings, deed, held, message))
        if subject is None or not finding.measures or not _is_of_all_money(message):
            return finding
        if _is_preservation(message):
            return finding  # beside what is frozen, nothing is disclosed (Preservation §12)
        assets = self.registry.assets(subject, numbers)
        return replace(finding, assets=as_registered(deed.custody, assets))


def _is_of_all_money(message: MeasureMessage) -> bool:
    return isinstance(message, FreezeMessage) and not message.freeze.targets


def _is_preservation(message: MeasureMessage) -> bool:
    return isinstance(message, FreezeMessage) and message.freeze.nature is Nature.PRESERVATION


def _objection(message: MeasureMessage) -> Finding | None:
    """An agency acts on ruling and notice, for officers whose two papers were filed with it (2013 Rules §2, §3)."""
    papers = {document.kind for document in message.mandate.documents}
    wanted = PAPERS.get(message.kind)
    if wanted and (DocumentKind.RULING not in papers or papers.isdisjoint(wanted)):
        return refused_for(RefusalReason.DOCUMENT_MISSING, "缺少裁定书或协助执行通知书")
    if not message.mandate.officers:
        return refused_for(RefusalReason.CREDENTIALS_MISSING, "缺少执行人员的工作证和执行公务证")
    return None


@dataclass(frozen=True, slots=True)
class _Work:
    """One order, the debtor's holdings that it may touch, and what it does."""

    holdings: Holdings
    deed: Deed
    held: Mapping[str, Holding]
    message: MeasureMessage

    def reach(self, target: Target) -> WhyNot | None:
        """Put a thing on the register if it is the debtor's; or say why it is out of reach."""
        holding = self.held.get(target.identity)
        if holding is None:
            known = self.holdings.together(target.identity)
            return WhyNot.HOLDER_MISMATCH if known else WhyNot.THING_UNKNOWN
        if holding.thing.kind is not target.kind:
            return WhyNot.THING_UNKNOWN
        self.deed.open(target.identity, self.held)
        return None

    def carry_out(
        self, operation: Operation, paper: Paper | None = None, paid_to: str | None = None
    ) -> Receipt:
        line = Line(operation, self.message.request_id, self.message.order_id, paper, paid_to)
        return self.deed.carry_out(line)

    def refuse(self, target: Target, why_not: WhyNot) -> MeasureReport:
        """Without a word of what it holds: it may be somebody else's."""
        explanation = _EXPLANATIONS[why_not]
        return MeasureReport(
            kind=target.kind, identity=target.identity, why_not=why_not, explanation=explanation
        )


def _done(work: _Work) -> Finding:
    match work.message:
        case FreezeMessage() as message:
            return _freeze(work, message)
        case RenewalMessage() as message:
            return _follow_up(work, message.renewal)
        case ReleaseMessage() as message:
            return _follow_up(work, message.release)
        case TransferMessage() as message:
            return _follow_up(work, message.transfer)
        case ConversionMessage() as message:
            return _follow_up(work, message.conversion)


def _finding(reports: list[MeasureReport]) -> Finding:
    took_effect = any(each.state for each in reports)
    state = AnswerState.EXECUTED if took_effect else AnswerState.NOT_EXECUTED
    return Finding(state, measures=tuple(reports))


def _freeze(work: _Work, message: FreezeMessage) -> Finding:
    """Each thing in turn is frozen for what those before it do not hold (Seizure §19)."""
    freeze = message.freeze
    targets = freeze.targets or _all_money(work)
    if not targets:
        return Finding(AnswerState.NOTHING_FOUND)
    limit: Decimal | Reach = Reach.WHOLE if freeze.limit is None else freeze.limit
    reports: list[MeasureReport] = []
    for target in _each_once(targets, work.held):
        of_target = _freeze_one(work, message, target, limit)
        if isinstance(limit, Decimal):
            limit -= sum((each.held for each in of_target if each.state and each.held), ZERO)
        reports += of_target
    return _finding(reports)


def _all_money(work: _Work) -> list[Target]:
    """Accounts before products, the largest free sum first."""
    money = [each.thing for each in work.held.values() if each.thing.kind in MEASURED_IN_MONEY]
    for thing in money:
        work.deed.open(thing.thing_id, work.held)
    register = work.deed.custody.register
    money.sort(key=lambda thing: (thing.paid_into is not None, -(register.free(thing.thing_id) or ZERO)))
    return [Target(kind=thing.kind, identity=thing.thing_id) for thing in money]


def _each_once(targets: Iterable[Target], held: Mapping[str, Holding]) -> list[Target]:
    """A product is frozen with its return account, so that account is not frozen once more by itself."""
    once = {target.identity: target for target in targets}
    for target in list(once.values()):
        holding = held.get(target.identity)
        if holding and holding.thing.paid_into:
            once.pop(holding.thing.paid_into, None)
    return list(once.values())


def _freeze_one(
    work: _Work, message: FreezeMessage, target: Target, limit: Decimal | Reach
) -> list[MeasureReport]:
    freeze, deed = message.freeze, work.deed
    obstacle = work.reach(target) or _exemption(work, target, freeze.currency)
    if obstacle:
        return [work.refuse(target, obstacle)]
    if limit == 0:
        return [report_ground(deed.custody, target.identity, Ground.LIMIT_COVERED)]
    receipt = work.carry_out(
        FreezeOrder(
            request_id=f"{message.request_id}/{target.identity}",
            at=deed.at,
            thing_id=target.identity,
            case_number=message.mandate.case_number,
            term=_term(freeze.term),
            limit=limit,
            nature=freeze.nature,
        ),
        Paper(message.mandate.court_name, freeze.ruling_number, message.request_id),
    )
    return _reports(work, target, receipt)


def _exemption(work: _Work, target: Target, currency: str) -> WhyNot | None:
    custody = work.deed.custody
    if target.identity in custody.closed:
        return WhyNot.ACCOUNT_CLOSED
    if work.held[target.identity].exempt and custody.is_on(Switch.EXEMPTIONS):
        return WhyNot.EXEMPT
    return None if currency == CURRENCY else WhyNot.AMOUNT_INVALID


def _follow_up(work: _Work, cited: _Cited) -> Finding:
    """What comes after a freeze, and names it by request and case (domain-reference §6.4)."""
    target, custody = cited.target, work.deed.custody
    obstacle = work.reach(target) or _money_objection(cited)
    freeze_id = custody.freeze_on(cited.freeze_request_id, target.identity)
    if obstacle or freeze_id is None:
        return _finding([work.refuse(target, obstacle or WhyNot.FREEZE_UNKNOWN)])
    before = custody.rung(freeze_id, target.identity)
    if before.state not in LIVE:  # though the freeze may live on in another thing
        return _finding([report_ground(custody, target.identity, ENDED[before.state], before)])
    case_number = work.message.mandate.case_number
    if isinstance(cited, wire.Conversion) and before.case_number == case_number:
        # It was turned together with another thing that the freeze lies on.
        return _finding([report(custody, before)])
    amount, paid_to = (
        (cited.amount, cited.account.number) if isinstance(cited, wire.Transfer) else (None, None)
    )
    receipt = work.carry_out(_operation(work, cited, freeze_id), paid_to=paid_to)
    if receipt.ground:
        standing = custody.rung(freeze_id, target.identity)
        return _finding([report_ground(custody, target.identity, receipt.ground, standing)])
    return _finding(_reports(work, target, receipt, amount))


def _money_objection(cited: _Cited) -> WhyNot | None:
    if not isinstance(cited, wire.Transfer):
        return None
    payable = cited.target.kind in PAYS_OUT and cited.currency == CURRENCY
    return None if payable else WhyNot.AMOUNT_INVALID


def _operation(work: _Work, cited: _Cited, freeze_id: str) -> Operation:
    """In the register's words."""
    request_id, at = str(work.message.request_id), work.deed.at
    case, thing_id = cited.freeze_case_number, cited.target.identity
    match cited:
        case wire.Renewal():
            return Renewal(request_id, at, freeze_id, case, _term(cited.term), thing_id)
        case wire.Release():
            return Release(request_id, at, freeze_id, case, cited.amount, thing_id)
        case wire.Transfer():
            return Transfer(request_id, at, freeze_id, case, cited.amount)
        case wire.Conversion():
            return Conversion(request_id, at, freeze_id, case, work.message.mandate.case_number)


def _term(term: wire.Term) -> Term:
    return Term(term.years, term.months, term.days)


def _reports(
    work: _Work, target: Target, receipt: Receipt, transferred: Decimal | None = None
) -> list[MeasureReport]:
    """One for each thing that the order reached, and for each that it should have reached, too."""
    custody = work.deed.custody
    if receipt.ground:
        return [report_ground(custody, target.identity, receipt.ground)]
    reached = [
        report(custody, rung, transferred=transferred if rung.thing_id == target.identity else None)
        for rung in receipt.rungs
    ]
    return reached + [report_ground(custody, missed.thing_id, missed.ground) for missed in receipt.missed]
