"""车辆管理所."""

from app.adapters.profile import Deadlines, KindProfile
from app.measures.words import ThingKind
from app.vocabulary import AgencyKind, AssetKind

PROFILE = KindProfile(
    kind=AgencyKind.VEHICLE,
    reports=frozenset({AssetKind.VEHICLE}),
    controls=frozenset({ThingKind.VEHICLE}),
    deadlines=Deadlines(),
)
