"""How an agency finds out what to answer: pure, the same question gives the same finding.

It looks by number only and never picks: numbers that lead to several people are `ambiguous`, a number that leads to
somebody of another name is a `mismatch` (DOMAIN §2).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from app.adapters.assets import Asset
from app.adapters.kinds import KINDS
from app.adapters.liandong.wire import AssetQueryMessage, Mandate, Scope
from app.adapters.measures import MeasureReport
from app.identifiers import same_name
from app.sandbox import reporting
from app.sandbox.population import Person, Population, Subject
from app.vocabulary import AgencyKind, AnswerState, DocumentKind, RefusalReason


@dataclass(frozen=True, slots=True)
class Finding:
    state: AnswerState
    assets: tuple[Asset, ...] = field(default=(), repr=False)
    measures: tuple[MeasureReport, ...] = field(default=(), repr=False)
    refusal: RefusalReason | None = None
    explanation: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """One agency's books of facts. `code` tells a bank which accounts of the population are its own."""

    code: str
    kind: AgencyKind
    population: Population

    def look_up(self, request: AssetQueryMessage) -> Finding:
        refused = _objection(request.mandate) or self._beyond_its_books(request.scope)
        if refused:
            return refused
        numbers = (request.subject.certificate_number, *request.subject.also_known_as)
        found = self.subjects(numbers)
        if not found:
            return Finding(AnswerState.NOTHING_FOUND)
        if len(found) > 1:
            return ambiguous()
        (subject,) = found
        if not same_name(subject.name, request.subject.name):
            return Finding(AnswerState.MISMATCH, remark="证件号码登记的姓名与请求不符")
        return self._report(subject, numbers, request.scope)

    def subjects(self, numbers: Iterable[str]) -> list[Subject]:
        """Whom the numbers lead to."""
        found = {subject.number: subject for number in numbers if (subject := self.population.find(number))}
        return list(found.values())

    def _beyond_its_books(self, scope: Scope) -> Finding | None:
        if not scope.asset_kinds or not KINDS[self.kind].reports.isdisjoint(scope.asset_kinds):
            return None
        return refused_for(RefusalReason.NOT_COMPETENT, "本单位不登记所查询的财产种类")

    def _report(self, subject: Subject, numbers: tuple[str, ...], scope: Scope) -> Finding:
        assets = tuple(
            asset
            for asset in self.assets(subject, numbers, _period(scope))
            if not scope.asset_kinds or asset.kind in scope.asset_kinds
        )
        return Finding(AnswerState.FOUND if assets else AnswerState.NOTHING_FOUND, assets)

    def assets(
        self, subject: Subject, numbers: tuple[str, ...], period: tuple[date, date] | None = None
    ) -> list[Asset]:
        """All that is kept of a subject, with the transactions of a period if one is given."""
        match self.kind:
            case AgencyKind.BANK:
                return reporting.bank_assets(self.population, self.code, subject, period)
            case AgencyKind.LAND:
                return reporting.real_estate(self.population, numbers)
            case AgencyKind.VEHICLE:
                return reporting.vehicles(self.population, subject)
            case AgencyKind.TAX:
                return reporting.tax_records(self.population, subject)
            case AgencyKind.POLICE:
                if not isinstance(subject, Person):
                    return []
                return reporting.police_records(self.population, subject)


def ambiguous() -> Finding:
    return Finding(AnswerState.AMBIGUOUS, remark="所给证件号码对应多人，无法确定")


def refused_for(reason: RefusalReason, explanation: str) -> Finding:
    return Finding(AnswerState.REFUSED, refusal=reason, explanation=explanation)


def _objection(mandate: Mandate) -> Finding | None:
    """An agency acts on a notice, for officers whose two papers were filed with it (2013 Rules §2, §3)."""
    if all(document.kind is not DocumentKind.QUERY_NOTICE for document in mandate.documents):
        return refused_for(RefusalReason.DOCUMENT_MISSING, "缺少协助查询通知书")
    if not mandate.officers:
        return refused_for(RefusalReason.CREDENTIALS_MISSING, "缺少执行人员的工作证和执行公务证")
    return None


def _period(scope: Scope) -> tuple[date, date] | None:
    """Transactions are reported only for a period with both ends."""
    if scope.transactions_from is None or scope.transactions_to is None:
        return None
    return (scope.transactions_from, scope.transactions_to)
