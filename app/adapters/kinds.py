"""The kinds of agency the hub knows, each with its folder."""

from app.adapters.bank.kind import PROFILE as BANK
from app.adapters.land.kind import PROFILE as LAND
from app.adapters.police.kind import PROFILE as POLICE
from app.adapters.profile import AgencySettings, KindProfile
from app.adapters.tax.kind import PROFILE as TAX
from app.adapters.vehicle.kind import PROFILE as VEHICLE
from app.vocabulary import AgencyKind

KINDS: dict[AgencyKind, KindProfile] = {
    profile.kind: profile for profile in (POLICE, TAX, LAND, VEHICLE, BANK)
}


def with_deadlines(kind: AgencyKind, settings: AgencySettings) -> AgencySettings:
    """The settings with the deadlines of the kind, unless they name their own."""
    if "deadlines" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"deadlines": KINDS[kind].deadlines})
