"""Access tokens: short-lived JWTs (RFC 7519), signed by the hub with Ed25519 and read by nobody but the hub."""

from datetime import datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from app.errors import ErrorCode, Refusal
from app.ids import new_id
from app.vocabulary import Role

_ALGORITHM = "Ed25519"
_AUDIENCE = "liandong-api"


class Tokens:
    def __init__(self, key: Ed25519PrivateKey, issuer: str, lifetime: timedelta) -> None:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._key = OKPKey.import_key(pem)
        self._issuer = issuer
        self.lifetime = lifetime

    def issue(self, client_id: UUID, role: Role, now: datetime) -> str:
        claims = {
            "iss": self._issuer,
            "aud": _AUDIENCE,
            "sub": str(client_id),
            "scope": role.value,
            "jti": str(new_id()),
            "iat": int(now.timestamp()),
            "exp": int((now + self.lifetime).timestamp()),
        }
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key, algorithms=[_ALGORITHM])

    def client_of(self, token: str, now: datetime) -> UUID:
        """The client that the token was issued to.

        Raises:
            Refusal: `unauthenticated`, whatever is wrong with it.
        """
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            ours = claims["iss"] == self._issuer and claims["aud"] == _AUDIENCE
            client_id, expires = UUID(claims["sub"]), int(claims["exp"])
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refusal(ErrorCode.UNAUTHENTICATED) from error
        if not ours or expires <= now.timestamp():
            raise Refusal(ErrorCode.UNAUTHENTICATED)
        return client_id
