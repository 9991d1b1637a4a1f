"""Settings for the tests: set before anything of Django is imported."""

import os
from pathlib import Path
from uuid import uuid4

HERE = Path(__file__).parent
# unit tests need no server; component tests say so themselves when theirs is missing
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "catalog.settings",
    "DATABASE_URL": os.environ.get("TEST_POSTGRES_URL") or "postgresql://nobody@127.0.0.1:1/none",
    "KAFKA_BOOTSTRAP_SERVERS": os.environ.get("TEST_KAFKA_BOOTSTRAP") or "127.0.0.1:1",
    "JWKS_URL": "http://127.0.0.1:1/jwks.json",
    "DJANGO_SECRET_KEY_FILE": str(HERE / "market" / "secret_key"),
    "DEMO_DIR": str(HERE / "market"),
    "LOG_LEVEL": "CRITICAL",
}
os.environ.pop("DATABASE_PASSWORD_FILE", None)

import django  # noqa: E402
from django.conf import settings  # noqa: E402

from bazaar_shared import telemetry  # noqa: E402

settings.DATABASES["default"] |= {"TEST": {"NAME": f"test_catalog_{uuid4().hex[:12]}"}, "CONN_MAX_AGE": 0}
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick, for tests only
django.setup()  # before the tests' modules import models
telemetry.configure("catalog", "tests")
