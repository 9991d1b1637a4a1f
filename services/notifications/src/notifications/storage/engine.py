"""The synchronous side's engine: psycopg 3 under SQLAlchemy Core. Made after the fork, in each child anew."""

from sqlalchemy import Engine, create_engine, make_url


def make_engine(url: str, application_name: str, connections: int = 1) -> Engine:
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,  # a restart of PostgreSQL costs no task
        connect_args={
            "connect_timeout": 5,
            "application_name": application_name,
            "options": "-c statement_timeout=10000 -c lock_timeout=5000 -c timezone=UTC",
        },
    )
