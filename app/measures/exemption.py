"""Which funds no court may freeze, by what the account is for.

An account's nature comes from the agency's answer. Where the law protects a part, the part is reckoned once for the
debtor and the family, not once for each account.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.measures.money import ZERO, to_cents
from app.vocabulary import AccountNature


class Protection(StrEnum):
    NONE = "none"
    LIVING_COST = "living_cost"
    """Income: may be frozen above what the debtor and dependants need to live on."""

    CONDITIONAL = "conditional"
    """Exempt unless the case meets the exception that the rule names."""

    NOT_FOR_PAYMENT = "not_for_payment"
    """May be frozen, but not transferred while it secures another's claim: of no use to a plan."""

    FULL = "full"


@dataclass(frozen=True)
class Exemption:
    protection: Protection
    en: str
    zh: str
    source: str


EXEMPTIONS: dict[AccountNature, Exemption] = {
    AccountNature.ORDINARY: Exemption(Protection.NONE, "not exempt", "不属于豁免资金", ""),
    AccountNature.WAGE: Exemption(
        Protection.LIVING_COST,
        "wages: the living cost of the debtor and dependants stays free",
        "工资收入，须保留被执行人及其所扶养家属的生活必需费用",
        "民事诉讼法 §254；查扣冻规定 §3(2)",
    ),
    AccountNature.PENSION: Exemption(
        Protection.LIVING_COST,
        "pension: the living cost of the debtor and dependants stays free",
        "养老金，须保留被执行人及其所扶养家属的生活必需费用",
        "民事诉讼法 §254；查扣冻规定 §3(2)",
    ),
    AccountNature.SOCIAL_INSURANCE: Exemption(
        Protection.FULL,
        "social insurance fund: earmarked, nobody may use it otherwise",
        "社会保险基金专款专用，任何组织和个人不得侵占或者挪用",
        "社会保险法 §64",
    ),
    AccountNature.MIGRANT_WORKERS_WAGE: Exemption(
        Protection.CONDITIONAL,
        "migrant workers' wage account: for the wages of that project only",
        "农民工工资专用账户，除支付本项目农民工工资外不得查封、冻结或者划拨",
        "保障农民工工资支付条例 §33",
    ),
    AccountNature.SUBSISTENCE: Exemption(
        Protection.FULL,
        "subsistence allowance: necessary living cost",
        "最低生活保障金，属生活必需费用",
        "查扣冻规定 §3(2)",
    ),
    AccountNature.HOUSING_FUND: Exemption(
        Protection.CONDITIONAL,
        "housing fund: only once the conditions of withdrawal are met",
        "住房公积金，符合提取条件后方可执行",
        "住房公积金管理条例 §5, §24",
    ),
    AccountNature.DEPOSIT: Exemption(
        Protection.NOT_FOR_PAYMENT,
        "margin deposit: may be frozen, not transferred while it secures a claim",
        "保证金，丧失保证金功能前可以冻结，不得扣划",
        "法释〔1997〕4号 §1；法发〔2000〕21号 §9",
    ),
}


@dataclass(frozen=True)
class Circumstances:
    """What decides a conditional exemption in this case, and what the family needs to live on.

    `monthly_standard` is the local minimum-living standard for one person, from configuration; zero for an organisation.
    """

    claim_is_for_those_wages: bool = False
    housing_fund_withdrawable: bool = False
    monthly_standard: Decimal = ZERO
    persons: int = 1
    months: int = 1

    @property
    def living_cost(self) -> Decimal:
        """What stays free, once for the debtor and those who depend on the debtor (Seizure §3(2))."""
        return to_cents(self.monthly_standard * self.persons * self.months)


def is_exempt(nature: AccountNature, case: Circumstances) -> bool:
    """Whether nothing of this account may be used for the claim."""
    protection = EXEMPTIONS[nature].protection
    if protection is not Protection.CONDITIONAL:
        return protection in {Protection.FULL, Protection.NOT_FOR_PAYMENT}
    if nature is AccountNature.MIGRANT_WORKERS_WAGE:
        return not case.claim_is_for_those_wages
    return not case.housing_fund_withdrawable


def keeps_living_cost(nature: AccountNature) -> bool:
    return EXEMPTIONS[nature].protection is Protection.LIVING_COST
