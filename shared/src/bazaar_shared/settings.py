"""Reading settings: all that is missing is said at once, secrets come from files and never show in a repr."""

from collections.abc import Mapping
from pathlib import Path
from typing import overload
from urllib.parse import quote, urlsplit, urlunsplit


class SettingsError(Exception):
    """The process can't start with these settings."""


class MissingSetting(SettingsError):
    def __init__(self, *names: str) -> None:
        super().__init__(f"missing settings: {', '.join(names)}")
        self.names = names


class InvalidSetting(SettingsError):
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name


class Redacted(str):
    """A secret text: usable as any str, but its repr (and so a settings object's) hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


@overload
def require(env: Mapping[str, str], name: str, /) -> str: ...
@overload
def require(env: Mapping[str, str], name: str, second: str, /, *more: str) -> tuple[str, ...]: ...
def require(env: Mapping[str, str], *names: str) -> str | tuple[str, ...]:
    """One name: its value. Several: their values. An empty value counts as missing; the error names all that
    are.
    """
    missing = [name for name in names if not env.get(name)]
    if missing:
        raise MissingSetting(*missing)
    return env[names[0]] if len(names) == 1 else tuple(env[name] for name in names)


def integer(env: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = env.get(name) or (require(env, name) if default is None else str(default))
    try:
        return int(text)
    except ValueError as error:
        raise InvalidSetting(name, f"a whole number is required, not {text!r}") from error


def flag(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = (env.get(name) or str(default)).lower()
    if text not in {"true", "false", "1", "0", "yes", "no"}:
        raise InvalidSetting(name, f"true or false is required, not {text!r}")
    return text in {"true", "1", "yes"}


def read_secret(path: str | Path) -> Redacted:
    """The file's text without the line's end; a file that is missing or empty is an error that names the
    file.
    """
    try:
        secret = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(str(path), f"cannot be read ({type(error).__name__})") from error
    if not secret:
        raise InvalidSetting(str(path), "the file is empty")
    return Redacted(secret)


def secret(env: Mapping[str, str], name: str) -> Redacted:
    """The secret whose file `<name>_FILE` names."""
    return read_secret(require(env, f"{name}_FILE"))


def with_password(url: str, password: str) -> Redacted:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        raise InvalidSetting("URL", f"{url} names no user that the password is for")
    netloc = f"{user.partition(':')[0]}:{quote(password, safe='')}@{host}"
    return Redacted(urlunsplit(parts._replace(netloc=netloc)))


def without_password(url: str) -> str:
    """For logs."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}"))


def database_url(env: Mapping[str, str], prefix: str = "") -> Redacted:
    """`DATABASE_URL` with the password of `DATABASE_PASSWORD_FILE` if there is one; prefix as in
    `INVENTORY_`.
    """
    return _url(env, f"{prefix}DATABASE_URL", f"{prefix}DATABASE_PASSWORD_FILE")


def amqp_url(env: Mapping[str, str]) -> Redacted:
    return _url(env, "AMQP_URL", "AMQP_PASSWORD_FILE")


def _url(env: Mapping[str, str], name: str, file_name: str) -> Redacted:
    url = require(env, name)
    return with_password(url, read_secret(env[file_name])) if env.get(file_name) else Redacted(url)
