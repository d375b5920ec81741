"""银行业金融机构: deposits and wealth products."""

from app.adapters.profile import Deadlines, KindProfile
from app.measures.words import ThingKind
from app.vocabulary import AgencyKind, AssetKind

PROFILE = KindProfile(
    kind=AgencyKind.BANK,
    reports=frozenset({AssetKind.BANK_ACCOUNT, AssetKind.WEALTH_PRODUCT}),
    controls=frozenset({ThingKind.ACCOUNT, ThingKind.WEALTH_PRODUCT}),
    deadlines=Deadlines(answer_hours=24, remind_hours=20),
)
