"""公安机关: who somebody is and where; its vehicle data is the vehicle registry's."""

from app.adapters.profile import Deadlines, KindProfile
from app.vocabulary import AgencyKind, AssetKind, Wanted

PROFILE = KindProfile(
    kind=AgencyKind.POLICE,
    reports=frozenset(
        {AssetKind.IDENTITY_RECORD, AssetKind.TRAVEL_RECORD, AssetKind.HOTEL_STAY, AssetKind.VEHICLE}
    ),
    controls=frozenset(),
    deadlines=Deadlines(),
    looks_for=frozenset(Wanted),
)
