"""车辆管理所."""

from app.adapters.profile import Deadlines, KindProfile
from app.vocabulary import AgencyKind, AssetKind

PROFILE = KindProfile(
    kind=AgencyKind.VEHICLE,
    reports=frozenset({AssetKind.VEHICLE}),
    deadlines=Deadlines(),
)
