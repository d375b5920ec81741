"""Is this demand lawful? Pure: the docket is read before, nothing is written here.

No look-up without an open case, a debtor of that case, a legal basis, a notice and an enrolled officer
(2013 Rules §2, §3, §7). All that is wrong with a demand is said at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import UUID

from app.crypto import Vault
from app.errors import ErrorCode, FieldError, Refusal
from app.identifiers import (
    CaseNumber,
    CaseNumberError,
    CertificateError,
    check_certificate,
    same_name,
)
from app.linkage.demand import AgencySelection, AssetQueryDemand, DebtorReference
from app.linkage.docket import Debtor, Docket, DocketAgency, DocketCase, DocketOfficer, query_notices
from app.linkage.subjects import certificate_index
from app.vocabulary import DocumentKind


@dataclass(frozen=True, slots=True)
class Plan:
    """A lawful demand, resolved: one request for each debtor at each agency."""

    case: DocketCase
    officer: DocketOfficer
    purpose: str
    scope: dict[str, object]
    debtors: tuple[Debtor, ...]
    documents: tuple[UUID, ...]
    agencies: tuple[DocketAgency, ...]


@dataclass(frozen=True, slots=True)
class _Fault:
    code: ErrorCode
    error: FieldError


class _Faults(list[_Fault]):
    def say(self, code: ErrorCode, pointer: str, en: str, zh: str) -> None:
        self.append(_Fault(code, FieldError(pointer, code.value, en, zh)))


@lru_cache(maxsize=1_000)
def parse_case_number(given: str) -> str:
    """The normalised number; raises `Refusal(case_number_malformed)` that says what is wrong and how to mend it."""
    try:
        return str(CaseNumber.parse(given).case)
    except CaseNumberError as error:
        finding = error.finding
        raise Refusal(
            ErrorCode.CASE_NUMBER_MALFORMED,
            FieldError("/case_number", finding.code, finding.en, finding.zh),
        ) from error


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges demands against one docket."""

    docket: Docket
    vault: Vault
    today: date

    def judge(self, demand: AssetQueryDemand) -> Plan:
        """The plan that carries out `demand`.

        Raises:
            Refusal: with every fault found; its code is that of the first.
        """
        number = parse_case_number(demand.case_number)
        case = self.docket.cases.get(number)
        if case is None:
            raise Refusal(
                ErrorCode.CASE_UNKNOWN,
                FieldError(
                    "/case_number",
                    ErrorCode.CASE_UNKNOWN.value,
                    "register the case first: POST /v1/cases",
                    "请先登记案件（POST /v1/cases）",
                ),
            )
        faults = _Faults()
        if case.status.value != "open":
            faults.say(
                ErrorCode.CASE_CLOSED,
                "/case_number",
                "a closed case allows no query",
                "已结案件不得查询",
            )
        officer = self._officer(demand.officer, faults)
        debtors = self._debtors(case, demand.debtors, faults)
        documents = _documents(case, demand.documents, faults)
        agencies = _agencies(self.docket, demand.agencies, faults)
        if faults or officer is None:
            raise Refusal(faults[0].code, *(fault.error for fault in faults))
        scope = demand.scope.model_dump(mode="json", exclude_defaults=True)
        return Plan(case, officer, demand.purpose, scope, debtors, documents, agencies)

    def _officer(self, permit: str, faults: _Faults) -> DocketOfficer | None:
        officer = self.docket.officers.get(permit)
        if officer is None and permit in self.docket.officers_elsewhere:
            faults.say(
                ErrorCode.OFFICER_NOT_OF_COURT,
                "/officer",
                "name an officer enrolled with this court",
                "请使用本院登记的执行人员",
            )
        elif officer is None:
            faults.say(
                ErrorCode.OFFICER_UNKNOWN,
                "/officer",
                "enrol the officer first: POST /v1/officers",
                "请先登记执行人员（POST /v1/officers）",
            )
        return officer

    def _debtors(
        self, case: DocketCase, references: tuple[DebtorReference, ...], faults: _Faults
    ) -> tuple[Debtor, ...]:
        if not references:
            if not case.debtors:
                faults.say(ErrorCode.NOT_A_DEBTOR, "/debtors", "the case has no debtor", "本案未登记被执行人")
            return tuple(case.debtors)
        chosen: dict[UUID, Debtor] = {}
        for position, reference in enumerate(references):
            debtor = self._debtor(case, reference, f"/debtors/{position}", faults)
            if debtor is not None:
                chosen[debtor.id] = debtor
        return tuple(chosen.values())

    def _debtor(
        self, case: DocketCase, reference: DebtorReference, pointer: str, faults: _Faults
    ) -> Debtor | None:
        if reference.debtor_id is not None:
            matches: Callable[[Debtor], bool] = lambda debtor: debtor.id == reference.debtor_id  # noqa: E731
        else:
            index = self._index(reference, pointer, faults)
            if index is None:
                return None
            matches = lambda debtor: debtor.number_index == index  # noqa: E731
        debtor = next(filter(matches, case.debtors), None)
        if debtor is None:
            faults.say(ErrorCode.NOT_A_DEBTOR, pointer, "name a debtor of this case", "请填写本案被执行人")
        elif reference.name is not None and not self._named(debtor, reference.name):
            faults.say(
                ErrorCode.NAME_MISMATCH,
                f"{pointer}/name",
                "the case has another name under this number; correct one of them",
                "该证件号码在本案中登记的姓名不同，请核对",
            )
        return debtor

    def _index(self, reference: DebtorReference, pointer: str, faults: _Faults) -> bytes | None:
        if reference.certificate_type is None or reference.certificate_number is None:
            faults.say(
                ErrorCode.CERTIFICATE_REQUIRED,
                f"{pointer}/certificate_number",
                "give certificate_type and certificate_number, or debtor_id",
                "请填写证件种类和证件号码，或 debtor_id",
            )
            return None
        try:
            checked = check_certificate(
                reference.certificate_type, reference.certificate_number, today=self.today
            )
        except CertificateError as error:
            finding = error.finding
            field = FieldError(f"{pointer}/certificate_number", finding.code, finding.en, finding.zh)
            faults.append(_Fault(ErrorCode.CERTIFICATE_INVALID, field))
            return None
        return certificate_index(self.vault, checked.certificate_type, checked.normalised)

    def _named(self, debtor: Debtor, name: str) -> bool:
        return same_name(self.vault.open_text(debtor.name, "parties.name"), name)


def _documents(case: DocketCase, named: tuple[UUID, ...], faults: _Faults) -> tuple[UUID, ...]:
    for position, document_id in enumerate(named):
        if document_id not in case.documents:
            faults.say(
                ErrorCode.DOCUMENT_UNKNOWN,
                f"/documents/{position}",
                "name a document of this case",
                "请使用本案文书",
            )
    chosen = named or query_notices(case)
    known = [case.documents[document_id] for document_id in chosen if document_id in case.documents]
    if not chosen:
        faults.say(
            ErrorCode.DOCUMENT_MISSING,
            "/documents",
            "file a notice of assistance in query first: POST /v1/cases/{case_id}/documents",
            "请先提交协助查询通知书（POST /v1/cases/{case_id}/documents）",
        )
    elif known and DocumentKind.QUERY_NOTICE not in known:
        faults.say(
            ErrorCode.DOCUMENT_WRONG_KIND,
            "/documents",
            "a query travels with a notice of assistance in query",
            "查询须附协助查询通知书",
        )
    return chosen


def _agencies(docket: Docket, selection: AgencySelection, faults: _Faults) -> tuple[DocketAgency, ...]:
    named = _named_agencies(docket, selection.codes, faults)
    if selection.codes and not selection.kinds:
        return named
    of_kind = tuple(
        agency
        for agency in docket.agencies
        if agency.capable and (not selection.kinds or agency.kind in selection.kinds)
    )
    chosen = tuple({agency.id: agency for agency in (*named, *of_kind)}.values())
    if not chosen and not faults:
        faults.say(
            ErrorCode.NO_AGENCY,
            "/agencies",
            "no active agency can answer this query",
            "没有可答复此查询的协助执行单位",
        )
    return chosen


def _named_agencies(docket: Docket, codes: tuple[str, ...], faults: _Faults) -> tuple[DocketAgency, ...]:
    by_code = {agency.code: agency for agency in docket.agencies}
    chosen = []
    for position, code in enumerate(codes):
        agency = by_code.get(code)
        if agency is None:
            faults.say(
                ErrorCode.AGENCY_UNKNOWN,
                f"/agencies/codes/{position}",
                "not an active agency",
                "不是已启用的协助执行单位",
            )
        elif not agency.capable:
            faults.say(
                ErrorCode.AGENCY_INCAPABLE,
                f"/agencies/codes/{position}",
                "this agency answers no asset queries",
                "该单位不提供财产查询",
            )
        else:
            chosen.append(agency)
    return tuple(chosen)
