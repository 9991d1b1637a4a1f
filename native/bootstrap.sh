#!/bin/sh
# Makes .venv, the environment of the tools, from its hash-checked lock; does nothing when it is current.
# Needs Python 3.13 (uv fetches one if it may) and uv (installed into .bazaar/ if it is not there).
set -eu
cd "$(dirname "$0")/.."
stamp=.venv/bazaar-stamp
wanted=$(cat requirements-dev.txt shared/pyproject.toml | cksum)
[ -x .venv/bin/python ] && [ "$(cat $stamp 2>/dev/null)" = "$wanted" ] && exit 0

works() { "$@" >/dev/null 2>&1; }
fail() {
    echo "$1" >&2
    exit 2
}

# asked, not only found: a version manager's shim stands on PATH for versions it does not have
find_uv() {
    for candidate in uv .bazaar/uv/bin/uv "$HOME/.local/bin/uv"; do
        works "$candidate" --version && echo "$candidate" && return
    done
}
find_python() {
    for candidate in python3.13 python3 "$HOME"/.pyenv/versions/3.13*/bin/python3.13 \
        "$HOME"/.local/share/uv/python/cpython-3.13*/bin/python3.13 /usr/local/bin/python3.13; do
        works "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' && echo "$candidate" && return
    done
    echo 3.13 # uv looks for itself, and fetches it where it may
}

uv=$(find_uv || true)
if [ -z "$uv" ]; then
    works python3 --version || fail "no python3 here: install Python 3.13, or uv"
    echo "Installing uv into .bazaar/uv"
    python3 -m venv .bazaar/uv || fail "python3 has no venv: apt-get install python3-venv, or install uv"
    .bazaar/uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8' || fail "uv could not be installed"
    uv=.bazaar/uv/bin/uv
fi

echo "Making .venv, the tools' environment"
rm -f $stamp
python=$(find_python)
"$uv" venv --quiet --clear --python "$python" .venv ||
    fail "Python 3.13 was not found and could not be fetched: install it (uv python install 3.13, pyenv install 3.13)"
"$uv" pip sync --quiet --require-hashes --python .venv/bin/python requirements-dev.txt
"$uv" pip install --quiet --no-deps --python .venv/bin/python --editable shared
echo "$wanted" >$stamp
