"""税务机关."""

from app.adapters.profile import Deadlines, KindProfile
from app.measures.words import ThingKind
from app.vocabulary import AgencyKind, AssetKind

PROFILE = KindProfile(
    kind=AgencyKind.TAX,
    reports=frozenset({AssetKind.TAX_RECORD}),
    controls=frozenset({ThingKind.TAX_REFUND}),
    deadlines=Deadlines(),
)
