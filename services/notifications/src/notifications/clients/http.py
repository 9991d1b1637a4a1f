"""GET from another service as this service itself. Synchronous: a worker's child does one thing at a time."""

import threading
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from bazaar_shared import telemetry
from bazaar_shared.settings import read_secret
from notifications import SERVICE
from notifications.errors import Hopeless, Passing

TIMEOUT = httpx.Timeout(5, connect=2)


class ServiceToken:
    """The service's own access token by client credentials, kept until a minute before it ends."""

    def __init__(self, client: httpx.Client, identity_url: str, secret_file: Path) -> None:
        self._client = client
        self._url = f"{identity_url}/api/identity/oauth/token"
        self._secret_file = secret_file
        self._lock = threading.Lock()
        self._token = ""
        self._until = float("-inf")

    def get(self) -> str:
        with self._lock:
            if monotonic() >= self._until:
                self._fetch()
            return self._token

    def forget(self) -> None:
        with self._lock:
            self._until = float("-inf")

    def _fetch(self) -> None:
        try:
            # read anew each time: a secret may be changed while this process runs
            auth = httpx.BasicAuth(SERVICE, read_secret(self._secret_file))
            answer = self._client.post(self._url, data={"grant_type": "client_credentials"}, auth=auth)
            granted = answer.raise_for_status().json()
            self._token, self._until = granted["access_token"], monotonic() + granted["expires_in"] - 60
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Passing(f"no token from identity: {error!r}") from error


class Asking:
    """Answers, or None for a 404. Whatever else is not an answer is Passing, but for a request that the other
    side calls wrong.
    """

    def __init__(self, client: httpx.Client, base_url: str, token: ServiceToken | None = None) -> None:
        self._client = client
        self._base_url = base_url
        self._token = token

    def get(self, path: str, params: Mapping[str, str] | None = None) -> httpx.Response | None:
        answer = self._send(path, params)
        if answer.status_code == 401 and self._token is not None:
            # identity changed its keys, or was set up anew: once more with a token of now
            self._token.forget()
            answer = self._send(path, params)
        if answer.status_code == 404:
            return None
        if answer.is_success:
            return answer
        said = f"{path} answers {answer.status_code}"
        if answer.status_code in (400, 422):
            raise Hopeless(f"{said}: {answer.text[:200]}")
        raise Passing(said)

    def json(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        answer = self.get(path, params)
        if answer is None:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise Passing(f"{path} answers no JSON") from error

    def _send(self, path: str, params: Mapping[str, str] | None) -> httpx.Response:
        headers: dict[str, str] = {}
        telemetry.inject(headers)
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.get()}"
        try:
            return self._client.get(f"{self._base_url}{path}", params=params, headers=headers)
        except httpx.HTTPError as error:
            raise Passing(f"{path}: {type(error).__name__}: {error}") from error
