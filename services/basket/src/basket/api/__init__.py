"""The HTTP side: Sanic's blueprints, what they inject, and what errors are answered with."""
