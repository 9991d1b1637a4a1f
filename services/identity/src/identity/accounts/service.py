from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bazaar_shared import pagination
from identity.accounts.interfaces import AccountPage, IPasswordHasher
from identity.accounts.models import Account, AccountState, Role
from identity.accounts.passwords import check_new_password
from identity.clock import IClock
from identity.errors import Conflict, NotThere

CURSOR = {"created_at": str, "id": str}


class Accounts:
    def __init__(self, db: Session, hasher: IPasswordHasher, clock: IClock) -> None:
        self._db = db
        self._hasher = hasher
        self._clock = clock

    def register(self, email: str, password: str, display_name: str) -> Account:
        email = email.lower()
        check_new_password(password, email)
        # Two at once with one address: the second waits for the first to commit and then gets no row.
        account = self._db.scalars(
            insert(Account)
            .values(
                email=email,
                display_name=display_name,
                password_hash=self._hasher.hash(password),
                roles=[Role.SHOPPER],
                created_at=self._clock.now(),
            )
            .on_conflict_do_nothing(index_elements=[Account.email])
            .returning(Account)
        ).first()
        if account is None:
            raise Conflict("There is an account with this e-mail address.")
        return account

    def by_email(self, email: str) -> Account | None:
        return self._db.scalars(select(Account).where(Account.email == email.lower())).first()

    def by_id(self, account_id: UUID) -> Account | None:
        account = self._db.get(Account, account_id)
        return account if account and account.state == AccountState.ACTIVE else None

    def page(self, *, role: str | None, q: str | None, cursor: str | None, limit: int) -> AccountPage:
        newest_first = select(Account).order_by(Account.created_at.desc(), Account.id.desc())
        if role:
            newest_first = newest_first.where(Account.roles.contains([role]))
        if q:
            in_email = Account.email.icontains(q, autoescape=True)
            newest_first = newest_first.where(
                or_(in_email, Account.display_name.icontains(q, autoescape=True))
            )
        if cursor:
            newest_first = newest_first.where(tuple_(Account.created_at, Account.id) < _position(cursor))
        found = list(self._db.scalars(newest_first.limit(limit + 1)))
        return AccountPage(found[:limit], _cursor(found[limit - 1]) if len(found) > limit else None)

    def assign_roles(self, account_id: UUID, roles: list[str]) -> Account:
        operators = self._lock_operators()
        account = self._db.get(Account, account_id, with_for_update=True, populate_existing=True)
        if account is None or account.state != AccountState.ACTIVE:
            raise NotThere("There is no such account.")
        if Role.OPERATOR not in roles:
            _keep_an_operator(operators, account)
        account.roles = sorted(set(roles))
        return account

    def erase(self, account: Account) -> None:
        _keep_an_operator(self._lock_operators(), account)
        account.erase(self._clock.now())

    def _lock_operators(self) -> list[UUID]:
        """All operators, locked in the order of their ids: of two that leave at once, one has to wait."""
        operators = select(Account.id).where(Account.roles.contains([Role.OPERATOR])).order_by(Account.id)
        return list(self._db.scalars(operators.with_for_update()))


def _keep_an_operator(operators: list[UUID], leaving: Account) -> None:
    if operators == [leaving.id]:
        raise Conflict("This is the last operator: give the role to somebody else first.")


def _cursor(account: Account) -> str:
    return pagination.encode({"created_at": account.created_at.isoformat(), "id": str(account.id)})


def _position(cursor: str) -> tuple[datetime, UUID]:
    position = pagination.decode(cursor, CURSOR)
    try:
        return datetime.fromisoformat(position["created_at"]), UUID(position["id"])
    except ValueError as error:
        raise pagination.InvalidCursor("the cursor cannot be read") from error
