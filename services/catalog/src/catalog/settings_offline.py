"""Settings for what needs no server and no secret: describing the API, checking types, making migrations."""

import os

for name, value in {
    "DATABASE_URL": "postgresql://nobody@localhost/none",
    "KAFKA_BOOTSTRAP_SERVERS": "localhost",
    "JWKS_URL": "http://localhost/.well-known/jwks.json",
    "DJANGO_SECRET_KEY_FILE": __file__,
}.items():
    os.environ.setdefault(name, value)

from catalog.settings import *  # noqa: E402, F403
