"""Names and places to draw from. None of them is meant to be anybody or anywhere."""

from random import Random

from app.identifiers import Sex

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗宋郑韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
_RARE_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "令狐")
_MIDDLE = "长建文国志家春秋德明永宝树玉海东世承振兴思书子景立学"
_LAST = {
    Sex.MALE: "军强伟勇涛斌超鹏辉刚健磊峰杰浩宇林山河柱田虎根",
    Sex.FEMALE: "芳娟敏静丽艳霞燕玲桂英梅兰菊萍红云莲秀珍娥凤荷",
}

_TOWNS = ("城关镇", "槐店镇", "柳河镇", "望湖乡", "石桥镇", "春水乡", "大杨集镇", "南岗乡")
_STREETS = ("槐树街", "春水路", "望湖巷", "文峰路", "北关街", "学苑路", "粮库街", "惠民路")

_COMPANY_STEMS = (
    "丰禾",
    "顺达",
    "恒泰",
    "宏远",
    "金穗",
    "瑞祥",
    "博源",
    "万兴",
    "东升",
    "嘉木",
    "安澜",
    "晨曦",
)
_COMPANY_TRADES = ("农资", "商贸", "物流", "建材", "食品", "纺织", "机械", "置业", "建筑劳务", "粮油")

COURTS = ("商丘示范区人民法院", "亳南县人民法院", "鹿邑东区人民法院", "睢水市中级人民法院")
"""Other courts, whose measures lie on things already."""


def personal_name(dice: Random, sex: Sex) -> str:
    surname = dice.choice(_RARE_SURNAMES) if dice.random() < 0.01 else dice.choice(_SURNAMES)
    middle = dice.choice(_MIDDLE) if dice.random() < 0.75 else ""
    return surname + middle + dice.choice(_LAST[sex])


def company_name(dice: Random) -> str:
    return f"柘城县{''.join(dice.sample(_COMPANY_STEMS, 2))}{dice.choice(_COMPANY_TRADES)}有限公司"


def address(dice: Random) -> str:
    return f"河南省柘城县{dice.choice(_TOWNS)}{dice.choice(_STREETS)}{dice.randint(1, 199)}号"
