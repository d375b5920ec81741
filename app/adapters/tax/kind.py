"""税务机关."""

from app.adapters.profile import Deadlines, KindProfile
from app.vocabulary import AgencyKind, AssetKind

PROFILE = KindProfile(
    kind=AgencyKind.TAX,
    reports=frozenset({AssetKind.TAX_RECORD}),
    deadlines=Deadlines(),
)
