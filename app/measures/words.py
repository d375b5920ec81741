"""The closed lists of the register."""

from enum import StrEnum
from typing import NamedTuple


class ThingKind(StrEnum):
    """What a freeze can lie on; decides the legal maximum of its term and whether it is measured in money."""

    ACCOUNT = "account"
    WEALTH_PRODUCT = "wealth_product"
    TAX_REFUND = "tax_refund"
    REAL_ESTATE = "real_estate"
    VEHICLE = "vehicle"


MEASURED_IN_MONEY = frozenset({ThingKind.ACCOUNT, ThingKind.WEALTH_PRODUCT, ThingKind.TAX_REFUND})
PAYS_OUT = frozenset({ThingKind.ACCOUNT, ThingKind.TAX_REFUND})
"""From these money can be transferred to the court; a product must first be redeemed into its return account."""


class Reach(StrEnum):
    """How far a freeze goes when no sum says it."""

    WHOLE = "whole"
    """The thing itself; of an account: money comes in, none goes out (只收不付)."""

    UNKNOWN = "unknown"
    """Another court's freeze, whose sum the agency did not report."""


class Nature(StrEnum):
    PRESERVATION = "preservation"
    ENFORCEMENT = "enforcement"


class WaitingTerm(StrEnum):
    """From when the term of a freeze that had to wait is counted; practice is divided (domain-reference §3)."""

    FROM_ACTIVATION = "from_activation"
    FROM_REGISTRATION = "from_registration"


class State(StrEnum):
    IN_FORCE = "in_force"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    """Live, but whether it holds anything depends on sums nobody reported."""

    RELEASED = "released"
    LAPSED = "lapsed"
    VOID = "void"
    """The thing it lay on was disposed of (Seizure §27)."""

    EXHAUSTED = "exhausted"
    """All that its limit allowed was transferred."""


LIVE = frozenset({State.IN_FORCE, State.WAITING, State.UNKNOWN})
_ENDED = frozenset(State) - LIVE

NEXT: dict[State, frozenset[State]] = {
    # Only an order received earlier and booked later puts a freeze in force back into the queue.
    State.IN_FORCE: frozenset({State.WAITING, State.UNKNOWN}) | _ENDED,
    State.WAITING: frozenset({State.IN_FORCE, State.UNKNOWN}) | _ENDED,
    State.UNKNOWN: frozenset({State.IN_FORCE, State.WAITING}) | _ENDED,
    **{state: frozenset() for state in _ENDED},
}


class Extent(StrEnum):
    """How much of a thing was disposed of."""

    WHOLE = "whole"
    PART = "part"


class Change(StrEnum):
    """What an order did to freezes other than its own."""

    PROMOTED = "promoted"
    DISPLACED = "displaced"
    HOLDS_MORE = "holds_more"
    HOLDS_LESS = "holds_less"
    HELD_UNKNOWN = "held_unknown"
    LAPSED = "lapsed"
    VOIDED = "voided"
    RANK_CHANGED = "rank_changed"
    """Nothing but its place in the queue: said by whoever keeps a register for others, not by the register."""


class Ground(StrEnum):
    """Why an order has no effect. `RULES` says it to people and names the rule."""

    REQUEST_CONFLICT = "request_conflict"
    THING_UNKNOWN = "thing_unknown"
    KEPT_ELSEWHERE = "kept_elsewhere"
    THING_DISPOSED = "thing_disposed"
    FREEZE_UNKNOWN = "freeze_unknown"
    NOT_THIS_CASE = "not_this_case"
    ALREADY_RELEASED = "already_released"
    ALREADY_LAPSED = "already_lapsed"
    ALREADY_VOID = "already_void"
    ALREADY_EXHAUSTED = "already_exhausted"
    NOT_IN_FORCE = "not_in_force"
    AMOUNT_INVALID = "amount_invalid"
    AMOUNT_NEEDED = "amount_needed"
    NOT_BY_AMOUNT = "not_by_amount"
    BEYOND_HELD = "beyond_held"
    BEYOND_LIMIT = "beyond_limit"
    BEYOND_BALANCE = "beyond_balance"
    LIMIT_COVERED = "limit_covered"
    LEG_NEEDED = "leg_needed"
    MONEY_IS_TRANSFERRED = "money_is_transferred"
    NOT_FREE = "not_free"
    BALANCE_UNKNOWN = "balance_unknown"
    NO_RETURN_ACCOUNT = "no_return_account"
    TERM_INVALID = "term_invalid"
    TERM_TOO_LONG = "term_too_long"
    RENEWED_ALREADY = "renewed_already"
    NOT_PRESERVATION = "not_preservation"


class Rule(NamedTuple):
    en: str
    zh: str
    source: str = ""


RULES: dict[Ground, Rule] = {
    Ground.REQUEST_CONFLICT: Rule(
        "Another order is on record under this request number", "该请求单号已用于内容不同的请求"
    ),
    Ground.THING_UNKNOWN: Rule("No such thing is registered here", "本登记簿无此财产"),
    Ground.KEPT_ELSEWHERE: Rule(
        "It goes with this thing but another registry keeps it; order there, too",
        "关联财产由其他机构登记，须另行办理",
        "查扣冻规定 §21",
    ),
    Ground.THING_DISPOSED: Rule(
        "The thing was disposed of and is out of reach", "财产已处置完毕，不得再查封", "查扣冻规定 §23, §27"
    ),
    Ground.FREEZE_UNKNOWN: Rule("No freeze is on record under the cited request", "无原冻结请求信息"),
    Ground.NOT_THIS_CASE: Rule("The freeze belongs to another case", "该控制措施不属于本案"),
    Ground.ALREADY_RELEASED: Rule("The freeze was released", "该控制措施已解除", "查扣冻规定 §28"),
    Ground.ALREADY_LAPSED: Rule(
        "The freeze lapsed at its end; only a new one can be ordered",
        "期限届满未续，效力已消灭",
        "查扣冻规定 §27；民诉法解释 §485",
    ),
    Ground.ALREADY_VOID: Rule(
        "The freeze ended when the thing was disposed of", "财产处置后效力已消灭", "查扣冻规定 §27"
    ),
    Ground.ALREADY_EXHAUSTED: Rule("All of the limit was transferred", "冻结限额已全部扣划"),
    Ground.NOT_IN_FORCE: Rule(
        "The freeze waits in the queue and is not in force", "轮候中，尚未生效", "查扣冻规定 §26"
    ),
    Ground.AMOUNT_INVALID: Rule(
        "The amount must be more than zero, with two decimals at most", "金额须大于零且至多两位小数"
    ),
    Ground.AMOUNT_NEEDED: Rule(
        "In preservation, money in an account is frozen up to a stated sum",
        "保全银行账户资金须明确具体冻结数额",
        "财产保全规定 §15",
    ),
    Ground.NOT_BY_AMOUNT: Rule("This thing is not divided by sums of money", "该财产不能按金额控制"),
    Ground.BEYOND_HELD: Rule(
        "More than is really frozen for this case", "超出本案实际冻结金额", "民事诉讼法 §253"
    ),
    Ground.BEYOND_LIMIT: Rule("More than this freeze covers", "超出本冻结的限额"),
    Ground.BEYOND_BALANCE: Rule("More than the product is worth", "超出产品余额"),
    Ground.LIMIT_COVERED: Rule(
        "The return account holds the whole limit already", "资金回款账户已足额控制", "查扣冻规定 §19"
    ),
    Ground.LEG_NEEDED: Rule(
        "The freeze lies on several things; say on which one it is to be lowered",
        "该措施及于多项财产，须指明部分解除的财产",
    ),
    Ground.MONEY_IS_TRANSFERRED: Rule("Money is transferred, not sold", "资金应扣划而非拍卖、变卖"),
    Ground.NOT_FREE: Rule("The money is frozen", "资金已被冻结，不得支付", "查扣冻规定 §24"),
    Ground.BALANCE_UNKNOWN: Rule("The balance was not reported", "余额未反馈，无法确定"),
    Ground.NO_RETURN_ACCOUNT: Rule("No return account is registered here", "无登记的资金回款账户"),
    Ground.TERM_INVALID: Rule("The term must be longer than nothing", "期限无效"),
    Ground.TERM_TOO_LONG: Rule(
        "Longer than the law allows for this kind of thing", "超过法定最长期限", "民诉法解释 §485"
    ),
    Ground.RENEWED_ALREADY: Rule(
        "The term after the running one is booked already", "本期限之后的续行期限已办理", "民诉法解释 §485"
    ),
    Ground.NOT_PRESERVATION: Rule("The measure is one of enforcement already", "该措施已是执行措施"),
}
