"""Which dialects and transports there are, and an agency's row made into its adapter.

Ours are listed here, explicitly. Those of other packages come in by entry points of two groups, through the same
door, and cannot take the name of one of ours:

    [project.entry-points."liandong.dialects"]
    province-1 = "province.dialect:ProvinceDialect"

A dialect's entry point is called without arguments; a transport's with the agency's profile, the clock and the folder
of the hub's secrets.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from app.adapters.contract import Adapter, Dialect, Transport
from app.adapters.kinds import KINDS
from app.adapters.liandong.dialect import LiandongDialect
from app.adapters.profile import AgencyProfile
from app.adapters.transports.http import open_http
from app.adapters.transports.liaison import LIAISON, open_liaison
from app.clock import Clock
from app.errors import ErrorCode, FieldError, Refusal

DIALECTS: Mapping[str, Callable[[], Dialect]] = {"liandong-1": LiandongDialect}
TRANSPORTS: Mapping[str, Callable[[AgencyProfile, Clock, Path], Transport]] = {
    "http": open_http,
    LIAISON: open_liaison,
}


def build_adapter(profile: AgencyProfile, clock: Clock, secrets: Path) -> Adapter:
    """The adapter of one agency; its transport opens connections, which its `aclose` closes.

    Raises:
        Refusal: `agency_settings_invalid`, naming the field, when the row names what is not installed or not usable.
    """
    return Adapter(
        agency_code=profile.agency_code,
        capabilities=profile.capabilities,
        kind=KINDS[profile.kind],
        dialect=dialect(profile.dialect),
        transport=_named("transport", profile.transport, TRANSPORTS)(profile, clock, secrets),
    )


@cache
def dialect(name: str) -> Dialect:
    """The dialect of that name, which has no state and is shared. Raises as `build_adapter` does."""
    made: Dialect = _named("dialect", name, DIALECTS)()
    return made


def known(what: str) -> tuple[str, ...]:
    """The names of all that is installed; `what` is `dialect` or `transport`."""
    ours = DIALECTS if what == "dialect" else TRANSPORTS
    return tuple(dict.fromkeys((*ours, *_installed(what))))


def _named(what: str, name: str, ours: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    if name in ours:
        return ours[name]
    installed = _installed(what)
    if name not in installed:
        names = ", ".join(known(what))
        raise _refusal(what, "unknown_name", f"not installed; there are: {names}", f"未安装；可用：{names}")
    try:
        loaded: Callable[..., Any] = installed[name].load()
    except (ImportError, AttributeError) as error:
        package = installed[name].value
        raise _refusal(what, "not_loadable", f"{package} cannot be loaded", f"{package} 无法加载") from error
    return loaded


@cache
def _installed(what: str) -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"liandong.{what}s")}


def _refusal(what: str, code: str, en: str, zh: str) -> Refusal:
    return Refusal(ErrorCode.AGENCY_SETTINGS_INVALID, FieldError(f"/{what}", code, en, zh))
