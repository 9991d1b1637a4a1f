"""Django's settings. Nothing here reads the environment but the first line."""

import os

import django_stubs_ext

from bazaar_shared.logs import logging_config
from catalog.config import Config
from catalog.web import csp

django_stubs_ext.monkeypatch()  # generic classes such as ModelAdmin[Product] exist at run time too

CONFIG = Config.from_environment(os.environ)

SECRET_KEY = CONFIG.secret_key
DEBUG = False
# no URL is ever built from the Host header (picture_url is a path), so the gateway's names need no list here
ALLOWED_HOSTS = list(CONFIG.allowed_hosts)
ROOT_URLCONF = "catalog.urls"
WSGI_APPLICATION = "catalog.wsgi.application"
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False
MARKET_CURRENCY = CONFIG.market_currency

INSTALLED_APPS = [
    "catalog.operations",  # first: its `migrate` takes the lock and then runs Django's
    "catalog.web",
    "catalog.events",
    "catalog.accounts",
    "catalog.sellers",
    "catalog.products",
    "catalog.availability",
    "catalog.ratings",
    "catalog.backoffice.apps.BackOfficeConfig",  # django.contrib.admin with our own site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "catalog.web.middleware.observe",  # outermost: what the others answer is seen too
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "catalog.web.middleware.limit_bodies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": CONFIG.database}

AUTH_USER_MODEL = "accounts.User"
# memory-hard, and in Python's own hashlib
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

SESSION_COOKIE_NAME = "catalog_session"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/admin/"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CONFIG.secure_cookies
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = "catalog_csrf"
CSRF_TRUSTED_ORIGINS = list(CONFIG.trusted_origins)
CSRF_FAILURE_VIEW = "catalog.web.problems.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = csp.PAGES

# below the API's prefix: whoever routes the API routes the admin's style sheets too
STATIC_URL = "/api/catalog/static/"
WHITENOISE_USE_FINDERS = True  # straight from the packages: no collectstatic, nothing written at start
WHITENOISE_MAX_AGE = 3600

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["catalog.web.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["catalog.web.permissions.IsStallStaffOrReadOnly"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["catalog.web.parsers.BoundedJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["catalog.web.throttling.WriteThrottle"],
    "DEFAULT_THROTTLE_RATES": {"writes": "600/min"},
    "DEFAULT_SCHEMA_CLASS": "catalog.web.schema.Schema",
    "EXCEPTION_HANDLER": "catalog.web.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Bazaar catalog",
    "DESCRIPTION": "Sellers, products, categories, prices and pictures. Money is in minor units.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/catalog",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "catalog.web.schema.complete"],
    "ENUM_NAME_OVERRIDES": {"ProductStatus": "catalog.products.models.Product.Status"},
}

LOGGING = logging_config("catalog", CONFIG.process_name, CONFIG.log_level)
