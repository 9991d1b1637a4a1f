import logging
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select, tuple_, update
from sqlalchemy.orm import Session

from bazaar_shared import pagination
from identity.accounts.models import Account, AccountState
from identity.errors import NotAuthenticated
from identity.keyring import Keyring
from identity.metrics import refreshes
from identity.persistence import ISecurityUnit
from identity.security.interfaces import Identity
from identity.sessions.family import PresentedToken, Verdict, judge, parse, token_of
from identity.sessions.interfaces import Grant, SessionPage
from identity.sessions.models import AccountSession, Ended
from identity.settings import Settings
from identity.tokens.interfaces import ITokenIssuer

logger = logging.getLogger(__name__)

CURSOR = {"created_at": str, "id": str}
USER_AGENT_LENGTH = 200


class Sessions:
    def __init__(
        self,
        db: Session,
        unit: ISecurityUnit,
        issuer: ITokenIssuer,
        keyring: Keyring,
        settings: Settings,
        now: datetime,
    ) -> None:
        self._db = db
        self._unit = unit
        self._issuer = issuer
        self._keyring = keyring
        self._settings = settings
        self._now = now

    def open(self, account: Account, user_agent: str | None) -> Grant:
        roles = self._roles_for_good(account)
        self._forget_expired(account.id)
        session = AccountSession(
            account_id=account.id,
            secret=secrets.token_bytes(32),
            generation=1,
            rotated_at=self._now,
            user_agent=user_agent[:USER_AGENT_LENGTH] if user_agent else None,
            created_at=self._now,
            expires_at=self._now + self._settings.session_life,
        )
        self._db.add(session)
        self._db.flush()
        return self._grant(session, roles)

    def _roles_for_good(self, account: Account) -> list[str]:
        """The account's roles, locked: an erasure at the same moment ends this one too, or is seen."""
        active = select(Account.roles).where(Account.id == account.id, Account.state == AccountState.ACTIVE)
        roles = self._db.scalars(active.with_for_update(key_share=True)).first()
        if roles is None:
            raise NotAuthenticated("The e-mail address or the password is wrong.")
        return roles

    def refresh(self, refresh_token: str) -> Grant:
        presented = parse(refresh_token)
        if presented is None:
            raise self._refused(Verdict.UNKNOWN)
        # The judgement is a unit of its own: when a refusal is raised, the family's end is committed already.
        with self._unit.begin() as db:
            verdict, session, roles = self._rotate(db, presented)
        if session is None:
            raise self._refused(verdict)
        refreshes.labels(verdict.name.lower()).inc()
        return self._grant(session, roles)

    def _rotate(
        self, db: Session, presented: PresentedToken
    ) -> tuple[Verdict, AccountSession | None, list[str]]:
        found = db.execute(
            select(AccountSession, Account.roles)
            .join(Account, Account.id == AccountSession.account_id)
            .where(AccountSession.id == presented.session_id, Account.state == AccountState.ACTIVE)
            .with_for_update(of=AccountSession)  # of two at once, the second finds what the first made
        ).first()
        if found is None or not found.AccountSession.is_living(self._now):
            return Verdict.UNKNOWN, None, []
        session, roles = found
        verdict = judge(presented, session, self._keyring, self._now, self._settings.refresh_grace)
        if verdict is Verdict.CURRENT:
            session.generation += 1
            session.rotated_at = self._now
        elif verdict is Verdict.REUSED:
            session.end(Ended.TOKEN_REUSED, self._now)
            logger.warning(
                "a refresh token was reused, its session ends", extra={"session_id": str(session.id)}
            )
        return verdict, session if verdict in {Verdict.CURRENT, Verdict.REPEATED} else None, roles

    def _refused(self, verdict: Verdict) -> NotAuthenticated:
        refreshes.labels(verdict.name.lower()).inc()
        return NotAuthenticated("The refresh token is not valid. Sign in again.")

    def _grant(self, session: AccountSession, roles: list[str]) -> Grant:
        access = self._issuer.issue(str(session.account_id), roles, session.id)
        return Grant(access, token_of(session, self._keyring), session.id)

    def identity_of(self, account_id: UUID, session_id: UUID) -> Identity | None:
        found = self._db.execute(
            select(AccountSession.id, AccountSession.account_id, Account.roles)
            .join(Account, Account.id == AccountSession.account_id)
            .where(
                AccountSession.id == session_id,
                AccountSession.account_id == account_id,
                self._is_good(),
            )
        ).first()
        return Identity(str(account_id), frozenset(found.roles), account_id, session_id) if found else None

    def ended(self, session_ids: Sequence[UUID]) -> list[UUID]:
        good = set(
            self._db.scalars(
                select(AccountSession.id)
                .join(Account, Account.id == AccountSession.account_id)
                .where(AccountSession.id.in_(session_ids), self._is_good())
            )
        )
        return [session_id for session_id in dict.fromkeys(session_ids) if session_id not in good]

    def _is_good(self) -> ColumnElement[bool]:
        """That a token of this session speaks for somebody; the account must be joined."""
        return and_(
            AccountSession.ended_at.is_(None),
            AccountSession.expires_at > self._now,
            Account.state == AccountState.ACTIVE,
        )

    def living(self, identity: Identity, *, cursor: str | None, limit: int) -> SessionPage:
        living = select(AccountSession).where(
            AccountSession.account_id == identity.account_id,
            AccountSession.ended_at.is_(None),
            AccountSession.expires_at > self._now,
        )
        if cursor:
            living = living.where(tuple_(AccountSession.created_at, AccountSession.id) < _position(cursor))
        newest_first = living.order_by(AccountSession.created_at.desc(), AccountSession.id.desc())
        found = list(self._db.scalars(newest_first.limit(limit + 1)))
        return SessionPage(found[:limit], _cursor(found[limit - 1]) if len(found) > limit else None)

    def by_id(self, session_id: UUID) -> AccountSession | None:
        session = self._db.get(AccountSession, session_id)
        return session if session and session.is_living(self._now) else None

    def end(self, session: AccountSession, because: Ended) -> None:
        session.end(because, self._now)

    def end_all(self, account_id: UUID, because: Ended) -> None:
        living = (AccountSession.account_id == account_id) & AccountSession.ended_at.is_(None)
        self._db.execute(
            update(AccountSession)
            .where(living)
            .values(ended_at=self._now, ended_because=because, user_agent=None)
        )

    def _forget_expired(self, account_id: UUID) -> None:
        expired = (AccountSession.account_id == account_id) & (AccountSession.expires_at <= self._now)
        self._db.execute(delete(AccountSession).where(expired))


def _cursor(session: AccountSession) -> str:
    return pagination.encode({"created_at": session.created_at.isoformat(), "id": str(session.id)})


def _position(cursor: str) -> tuple[datetime, UUID]:
    position = pagination.decode(cursor, CURSOR)
    try:
        return datetime.fromisoformat(position["created_at"]), UUID(position["id"])
    except ValueError as error:
        raise pagination.InvalidCursor("the cursor cannot be read") from error
