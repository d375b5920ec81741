"""Which ground allows what: the one table. Nobody is looked for because somebody would like to know where he is.

The courts may have others help find whom they summoned in vain (Property Investigation §15) and vehicles that are sealed
on paper only (§16). 网上追逃 is for criminal suspects with a warrant, not for mere debtors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.errors import ErrorCode, FieldError, Refusal
from app.vocabulary import DocumentKind, LocateGround, Wanted, WantedAction

_REPORT, _HOLD, _PURSUE = WantedAction.REPORT_ONLY, WantedAction.HOLD_AND_NOTIFY, WantedAction.ONLINE_PURSUIT


@dataclass(frozen=True, slots=True)
class Rule:
    wanted: Wanted
    actions: frozenset[WantedAction]
    paper: DocumentKind
    """Travels with the request, besides the notice of assistance in enforcement."""

    longest: timedelta
    """From the beginning to the end. Common practice, three months for a person; longer needs a new approved request."""

    law_en: str
    law_zh: str


RULES: Final[Mapping[LocateGround, Rule]] = {
    LocateGround.SUMMONS_BY_FORCE: Rule(
        Wanted.PERSON,
        frozenset({_REPORT, _HOLD}),
        DocumentKind.SUMMONS,
        timedelta(days=92),
        "Interpretation §482, Property Investigation Rules §15",
        "民诉法解释 §482、财产调查规定 §15",
    ),
    LocateGround.DETENTION_DECISION: Rule(
        Wanted.PERSON,
        frozenset({_REPORT, _HOLD}),
        DocumentKind.DETENTION_DECISION,
        timedelta(days=92),
        "Civil Procedure Law §118-119, Property Investigation Rules §15",
        "民事诉讼法 §118-119、财产调查规定 §15",
    ),
    LocateGround.SEIZURE_RULING: Rule(
        Wanted.VEHICLE,
        frozenset({_REPORT, _HOLD}),
        DocumentKind.RULING,
        timedelta(days=366),
        "Property Investigation Rules §16",
        "财产调查规定 §16",
    ),
    LocateGround.CRIMINAL_WARRANT: Rule(
        Wanted.PERSON,
        frozenset({_REPORT, _HOLD, _PURSUE}),
        DocumentKind.CRIMINAL_WARRANT,
        timedelta(days=366),
        "Criminal Law §313, 法释〔2024〕13号",
        "刑法 §313、法释〔2024〕13号",
    ),
}


def check_ground(ground: LocateGround, wanted: Wanted, action: WantedAction) -> Rule:
    """Raises `Refusal(ground_forbids)`, naming the law."""
    rule = RULES[ground]
    if wanted is not rule.wanted:
        raise _forbidden(
            rule, "/ground", f"{ground} is no ground to look for a {wanted}", "该依据不适用于该查找对象"
        )
    if action not in rule.actions:
        raise _forbidden(rule, "/action", f"{ground} does not allow {action}", "该依据不允许该处置方式")
    return rule


def check_validity(rule: Rule, valid_from: datetime, valid_until: datetime, now: datetime) -> None:
    """Raises `Refusal`: `invalid_body` for an end that is not ahead, `term_too_long`."""
    if valid_until <= max(valid_from, now):
        raise Refusal(
            ErrorCode.INVALID_BODY,
            FieldError(
                "/valid_until",
                "in_the_past",
                "later than the beginning and than now",
                "须晚于起始时间和当前时间",
            ),
        )
    if valid_until - valid_from > rule.longest:
        days = rule.longest.days
        raise Refusal(
            ErrorCode.TERM_TOO_LONG,
            FieldError(
                "/valid_until", ErrorCode.TERM_TOO_LONG.value, f"at most {days} days", f"不超过{days}日"
            ),
        )


def _forbidden(rule: Rule, pointer: str, en: str, zh: str) -> Refusal:
    code = ErrorCode.GROUND_FORBIDS
    return Refusal(code, FieldError(pointer, code.value, f"{en} ({rule.law_en})", f"{zh}（{rule.law_zh}）"))
