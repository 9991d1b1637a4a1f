"""The database as a Flask extension: one engine for the app, one session for a request, closed in teardown.

psycopg 3 is the driver: one synchronous library, maintained, with binary wheels, server-side parameters, and
the same SQLAlchemy dialect name for an asynchronous future that nobody needs here. The relay alone brings its
own (asyncpg).
"""

from flask import Flask, current_app, g
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.orm import Session, sessionmaker

from reviews.settings import Settings

_KEY = "reviews.sessions"


def make_engine(settings: Settings, *, connections: int) -> Engine:
    return create_engine(
        make_url(settings.database_url).set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,  # a restart of PostgreSQL costs no request
        connect_args={
            "connect_timeout": 5,
            "application_name": settings.process_name,
            "options": "-c statement_timeout=10000 -c lock_timeout=5000 -c timezone=UTC",
        },
    )


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    # what was committed may still be shown: an answer is made from it after the transaction
    return sessionmaker(engine, expire_on_commit=False)


def answers(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.execute(text("select true")).scalar_one() is True


class Database:
    """`db.session` belongs to the request (or to a command's app context); who changes something says
    `with db.session.begin():`, once, in the resource or view.
    """

    def init_app(self, app: Flask) -> None:
        settings: Settings = app.config["SETTINGS"]
        # a connection for each thread, and one for the readiness check
        engine = make_engine(settings, connections=settings.http_threads + 1)
        app.extensions[_KEY] = make_sessions(engine)
        app.teardown_appcontext(self._close)

    @property
    def session(self) -> Session:
        if "session" not in g:
            g.session = current_app.extensions[_KEY]()
        session: Session = g.session
        return session

    def engine(self, app: Flask) -> Engine:
        engine: Engine = app.extensions[_KEY].kw["bind"]
        return engine

    def _close(self, _error: BaseException | None) -> None:
        session = g.pop("session", None)
        if session is not None:
            session.close()  # rolls back what nobody committed
