"""The extensions, made without an app; create_app gives them one by init_app."""

from flask_wtf.csrf import CSRFProtect

from reviews.database import Database
from reviews.web.observability import Observability
from reviews.web.tokens import Tokens

observability = Observability()
db = Database()
tokens = Tokens()
csrf = CSRFProtect()
