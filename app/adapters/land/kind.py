"""不动产登记机构."""

from app.adapters.profile import Deadlines, KindProfile
from app.measures.words import ThingKind
from app.vocabulary import AgencyKind, AssetKind

PROFILE = KindProfile(
    kind=AgencyKind.LAND,
    reports=frozenset({AssetKind.REAL_ESTATE}),
    controls=frozenset({ThingKind.REAL_ESTATE}),
    deadlines=Deadlines(),
)
