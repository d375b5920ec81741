"""The lines in which a plan explains itself, in English and Chinese. They name assets by id and show nothing personal."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from app.measures.exemption import EXEMPTIONS
from app.measures.money import written
from app.measures.terms import day_in_china
from app.vocabulary import AccountNature


class Line(NamedTuple):
    en: str
    zh: str


CO_OWNED = Line("co-owners must be told (Seizure §12)", "共有财产，须通知共有人（查扣冻规定 §12）")
DISPUTED = Line("somebody contests it", "权属有争议")
BUSINESS_CRITICAL = Line(
    "the debtor's business needs it, and the rest does not suffice (Preservation §13)",
    "系生产经营所需，其余财产不足（财产保全规定 §13）",
)


def living_cost(spared: Decimal) -> Line:
    return Line(
        f"{written(spared)} stays free for living (Seizure §3)",
        f"保留生活必需费用 {written(spared)}（查扣冻规定 §3）",
    )


def freeze_money(asset_id: str, limit: Decimal, as_of: datetime, remarks: Sequence[Line]) -> Line:
    return _with(
        remarks,
        f"{asset_id}: freeze {written(limit)}, as reported on {day_in_china(as_of)}",
        f"{asset_id}：冻结 {written(limit)}，依据 {day_in_china(as_of)} 反馈",
    )


def seal_thing(asset_id: str, counted: Decimal, as_of: datetime, remarks: Sequence[Line]) -> Line:
    return _with(
        remarks,
        f"{asset_id}: seal, counted for {written(counted)}, as reported on {day_in_china(as_of)};"
        " money does not suffice (Seizure §19)",
        f"{asset_id}：查封，计入 {written(counted)}，依据 {day_in_china(as_of)} 反馈；资金不足以清偿（查扣冻规定 §19）",
    )


def seal_part(asset_id: str, counted: Decimal, as_of: datetime, remarks: Sequence[Line]) -> Line:
    return _with(
        remarks,
        f"{asset_id}: seal a part worth {written(counted)}, as reported on {day_in_china(as_of)} (Preservation §15)",
        f"{asset_id}：查封价值 {written(counted)} 的相应部分，依据 {day_in_china(as_of)} 反馈（财产保全规定 §15）",
    )


def _with(remarks: Sequence[Line], en: str, zh: str) -> Line:
    return Line(
        "; ".join([en, *(remark.en for remark in remarks)]), "；".join([zh, *(each.zh for each in remarks)])
    )


def exempt(asset_id: str, nature: AccountNature) -> Line:
    rule = EXEMPTIONS[nature]
    return Line(
        f"{asset_id}: left alone, {rule.en} ({rule.source})",
        f"{asset_id}：不采取措施，{rule.zh}（{rule.source}）",
    )


def unknown(asset_id: str) -> Line:
    return Line(
        f"{asset_id}: not counted on, its amount was not reported; ask again",
        f"{asset_id}：金额未反馈，不计入，须再次查询",
    )


def not_needed(asset_id: str) -> Line:
    return Line(
        f"{asset_id}: not needed, the rest suffices (Seizure §19)",
        f"{asset_id}：其余财产已足额，不采取措施（查扣冻规定 §19）",
    )


def nothing_left(asset_id: str) -> Line:
    return Line(
        f"{asset_id}: others go before and leave nothing; a waiting freeze is possible (Seizure §26)",
        f"{asset_id}：在先权利已无余额，可以轮候（查扣冻规定 §26）",
    )


def total(owed: Decimal, covered: Decimal) -> Line:
    if covered >= owed:
        return Line(f"owed {written(owed)}, covered in full", f"应履行 {written(owed)}，已足额覆盖")
    return Line(
        f"owed {written(owed)}, covered {written(covered)}, short of {written(owed - covered)}",
        f"应履行 {written(owed)}，可覆盖 {written(covered)}，尚缺 {written(owed - covered)}",
    )


def release(asset_id: str, amount: Decimal | None) -> Line:
    what_en, what_zh = ("all", "全部") if amount is None else (written(amount), f" {written(amount)}")
    return Line(
        f"{asset_id}: release {what_en}, more is frozen than is owed (Seizure §19)",
        f"{asset_id}：解除{what_zh}，超出应履行数额（查扣冻规定 §19）",
    )


def add(asset_id: str, counted: Decimal) -> Line:
    return Line(
        f"{asset_id}: add {written(counted)}, the answers fall short of the plan",
        f"{asset_id}：追加 {written(counted)}，反馈结果不足计划数额",
    )
