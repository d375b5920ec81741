"""The named characters: the people a demo and a test speak of. They come first, whatever the seed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from app.identifiers import Sex


class Part(StrEnum):
    DEBTOR = "debtor"
    CREDITOR = "creditor"
    HOMONYM = "homonym"
    OTHER_HOMONYM = "other_homonym"
    OLD_NUMBER = "old_number"
    DESTITUTE = "destitute"
    MISWRITTEN = "miswritten"
    DISPUTED = "disputed"
    JOINT_HUSBAND = "joint_husband"
    JOINT_WIFE = "joint_wife"
    DECEASED = "deceased"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Role:
    """What is fixed about a character; None leaves it to the dice.

    `written_name` is what a court puts down for the person. `balances` (yuan) fixes number and content of the accounts.
    """

    part: Part
    name: str
    sex: Sex
    born_on: date
    story_zh: str
    story_en: str
    written_name: str | None = None
    former_names: tuple[str, ...] = ()
    spouse: Part | None = None
    deceased_on: date | None = None
    balances: tuple[Decimal, ...] | None = None
    houses: int | None = None
    vehicles: int | None = None
    has_tax_record: bool | None = None
    on_record: bool = True


CAST: tuple[Role, ...] = (
    Role(
        Part.DEBTOR,
        "谢长顺",
        Sex.MALE,
        date(1976, 3, 8),
        "欠款85000元，变更住址、关闭手机，名下有一处房屋和少量存款；有阿克苏住宿记录",
        "Owes 85,000 yuan, moved and switched off his phone; a house and little money are found, and a hotel stay in Aksu",
        balances=(Decimal("312.60"), Decimal("1580.25")),
        houses=1,
        vehicles=1,
        has_tax_record=False,
    ),
    Role(
        Part.CREDITOR,
        "梁玉兰",
        Sex.FEMALE,
        date(1968, 11, 21),
        "申请执行人",
        "The creditor",
        balances=(Decimal("20450.00"),),
    ),
    Role(
        Part.HOMONYM,
        "王建军",
        Sex.MALE,
        date(1971, 8, 1),
        "与另一人同名，证件号码不同",
        "Shares his name with another man; the numbers differ",
        balances=(Decimal("66120.40"),),
    ),
    Role(
        Part.OTHER_HOMONYM,
        "王建军",
        Sex.MALE,
        date(1984, 2, 14),
        "与另一人同名，证件号码不同",
        "The other man of that name",
        balances=(Decimal("905.00"),),
    ),
    Role(
        Part.OLD_NUMBER,
        "孙德厚",
        Sex.MALE,
        date(1949, 5, 30),
        "不动产登记簿仅有其15位旧号",
        "The land register knows him by his 15-digit number only",
        balances=(Decimal("8800.00"),),
        houses=1,
        vehicles=0,
    ),
    Role(
        Part.DESTITUTE,
        "何小满",
        Sex.FEMALE,
        date(1990, 5, 21),
        "名下无任何财产，仅有户籍信息",
        "Owns nothing anywhere; the police know her household register",
        balances=(),
        houses=0,
        vehicles=0,
        has_tax_record=False,
    ),
    Role(
        Part.MISWRITTEN,
        "贾文韬",
        Sex.MALE,
        date(1979, 10, 2),
        "法院文书误写姓名，与登记不符",
        "The court's papers miswrite his name: it does not match the number",
        written_name="贾文涛",
        balances=(Decimal("40210.77"),),
        houses=1,
    ),
    Role(
        Part.DISPUTED,
        "冯秀英",
        Sex.FEMALE,
        date(1965, 7, 19),
        "房屋有异议登记，权属存在争议",
        "An objection is registered against her house: somebody contests the title",
        balances=(Decimal("3300.00"),),
        houses=1,
    ),
    Role(
        Part.JOINT_HUSBAND,
        "韩立新",
        Sex.MALE,
        date(1973, 1, 27),
        "与配偶共有账户和房屋",
        "Shares an account and a house with his wife",
        spouse=Part.JOINT_WIFE,
        balances=(Decimal("15000.00"),),
        houses=1,
    ),
    Role(
        Part.JOINT_WIFE,
        "邓桂芳",
        Sex.FEMALE,
        date(1975, 9, 9),
        "与配偶共有账户和房屋",
        "Shares an account and a house with her husband",
        spouse=Part.JOINT_HUSBAND,
        balances=(Decimal("7200.00"),),
        houses=1,
    ),
    Role(
        Part.DECEASED,
        "曹永福",
        Sex.MALE,
        date(1941, 12, 3),
        "公安记录显示已死亡",
        "The police have him as deceased",
        former_names=("曹狗剩",),
        deceased_on=date(2024, 2, 11),
        balances=(Decimal("27.15"),),
        vehicles=0,
    ),
    Role(
        Part.STRANGER,
        "石无忧",
        Sex.FEMALE,
        date(1982, 6, 6),
        "证件号码有效，但任何登记簿都没有此人",
        "A valid number that no registry has ever seen",
        balances=(),
        houses=0,
        vehicles=0,
        has_tax_record=False,
        on_record=False,
    ),
)

INDEX: dict[Part, int] = {role.part: index for index, role in enumerate(CAST)}
