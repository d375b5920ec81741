"""Names, made comparable. A name alone identifies nobody: this serves to tell a mismatch beside a number."""

import re
import unicodedata

from app.identifiers.spelling import compact

# Every sign that registries write for the dot in 买买提·艾力; full-width and half-width forms are narrowed before.
_DOTS = str.maketrans(dict.fromkeys("\u2022\u2027\u2219\u22c5\u2e31\u30fb\ua78f\u16eb\u25cf", "\u00b7"))
_FULL_STOP_IN_A_NAME = re.compile(r"(?<=[\u3400-\u9fff])\.(?=[\u3400-\u9fff])")


def normalise_name(name: str) -> str:
    """One form per name: width, case, spaces and middle dots no longer differ; brackets are half-width."""
    dotted = _FULL_STOP_IN_A_NAME.sub("\u00b7", compact(name).translate(_DOTS))
    return unicodedata.normalize("NFKC", dotted.casefold())


def same_name(one: str, other: str) -> bool:
    """Whether two registers mean the same name. Nothing is like nothing: an empty name never agrees."""
    normalised = normalise_name(one)
    return bool(normalised) and normalised == normalise_name(other)
