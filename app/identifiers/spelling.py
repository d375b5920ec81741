"""One spelling for what people type: full-width forms, stray spaces, invisible characters."""

import unicodedata

PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"


def compact(text: str) -> str:
    """Narrow the full-width forms (NFKC) and drop every space and invisible format character.

    Numbers pasted from word processors carry zero-width spaces and direction marks that no eye can find.
    """
    if text.isascii() and text.isalnum():
        return text  # as nearly all numbers are that come from another system
    narrow = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in narrow if not sign.isspace() and unicodedata.category(sign) != "Cf")
