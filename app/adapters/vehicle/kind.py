"""车辆管理所 of the traffic police: what it registers, its patrols and cameras meet."""

from app.adapters.profile import Deadlines, KindProfile
from app.measures.words import ThingKind
from app.vocabulary import AgencyKind, AssetKind, Wanted

PROFILE = KindProfile(
    kind=AgencyKind.VEHICLE,
    reports=frozenset({AssetKind.VEHICLE}),
    controls=frozenset({ThingKind.VEHICLE}),
    deadlines=Deadlines(),
    looks_for=frozenset({Wanted.VEHICLE}),
)
