"""identity: accounts and sessions."""

from dataclasses import dataclass

from storefront.clients.base import Bearer, Service, document

# losing the answer of a refresh costs a rotation: it is waited for longer than other reads
_REFRESH_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Grant:
    access_token: str
    expires_in: int
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a shopper calls from: identity counts failed sign-ins by it, and lists sessions with it."""

    address: str
    user_agent: str

    def headers(self) -> dict[str, str]:
        return {"X-Forwarded-For": self.address, "User-Agent": self.user_agent}


class Identity(Service):
    name = "identity"

    async def sign_up(self, email: str, password: str, display_name: str, origin: Origin) -> None:
        body = {"email": email, "password": password, "display_name": display_name}
        await self.ask("POST", "/api/identity/accounts", json=body, headers=origin.headers())

    async def sign_in(self, email: str, password: str, origin: Origin) -> Grant:
        body = {"email": email, "password": password}
        answer = await self.ask("POST", "/api/identity/sessions", json=body, headers=origin.headers())
        return self._grant(document(self.name, answer))

    async def refresh(self, refresh_token: str) -> Grant:
        answer = await self.ask(
            "POST",
            "/api/identity/sessions/refresh",
            json={"refresh_token": refresh_token},
            seconds=_REFRESH_SECONDS,
        )
        return self._grant(document(self.name, answer))

    async def name_of(self, bearer: Bearer) -> str | None:
        answer = await self.ask("GET", "/api/identity/accounts/me", bearer=bearer)
        name: str | None = document(self.name, answer)["display_name"]
        return name

    async def sign_out(self, bearer: Bearer) -> None:
        await self.ask("DELETE", "/api/identity/sessions/current", bearer=bearer)

    @staticmethod
    def _grant(answer: dict[str, str | int]) -> Grant:
        return Grant(str(answer["access_token"]), int(answer["expires_in"]), str(answer["refresh_token"]))
