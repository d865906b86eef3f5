"""Whether a request may be answered: its key's scope, and how many it has sent."""

from math import ceil
from typing import Literal

from aiohttp import web

from app.gateway.keys import Caller, Keys, given
from app.gateway.limits import Addresses, Allowance
from app.gateway.problem import problem
from app.settings import Settings

Scope = Literal["read", "ingest", "admin"]
CALLER = web.RequestKey("caller", Caller)
ALLOWANCE = web.RequestKey("allowance", Allowance)


class Denied(Exception):
    """The request is not answered; `response` says why."""

    def __init__(self, response: web.Response) -> None:
        super().__init__()
        self.response = response


class Access:
    """Decides on every request of the API."""

    def __init__(self, settings: Settings) -> None:
        self._keys = Keys(settings)
        self._anonymous = settings.anonymous_read
        self._addresses = Addresses(settings.read_rate)

    def admit(self, request: web.Request, scope: Scope, *, counted: bool = True) -> None:
        """Note on the request who asks. Raises Denied with 401, 403 or 429."""
        caller = self._keys.caller(request)
        if caller is None:
            anonymous = scope == "read" and self._anonymous and not given(request)
            if not anonymous:
                raise Denied(_unknown(scope, bool(given(request))))
            allowance = self._addresses.of(request.remote or "")
        else:
            if not caller.may(scope):
                raise Denied(problem(403, f"this key has no scope `{scope}`: `geonews keys create --scope {scope}`"))
            request[CALLER] = caller
            allowance = caller.requests
        if not counted:
            return
        request[ALLOWANCE] = allowance
        if wait := allowance.take(1):
            detail = f"more than {allowance.rate:g} requests a second"
            raise Denied(problem(429, detail, {"Retry-After": str(ceil(wait))}))


def _unknown(scope: Scope, tried: bool) -> web.Response:
    what = "this API key is not known, or not valid any more" if tried else "an API key is needed here"
    detail = f"{what}: `geonews keys create --scope {scope}` makes one, `Authorization: Bearer KEY` sends it"
    return problem(401, detail, {"WWW-Authenticate": 'Bearer realm="geonews"'})
