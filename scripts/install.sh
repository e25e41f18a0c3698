# Sourced by serve and test: `install_into_venv EXTRAS` makes .venv on first use and installs synhub from this checkout
# into it; later calls install again only when setup.cfg or pyproject.toml has changed. PYTHON names the interpreter.

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 python}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "synhub needs Python 3.11 or later${PYTHON:+, and $PYTHON is not}; set PYTHON to one" >&2
    return 1
}

make_venv() {
    local python="$1" version
    # Debian keeps what venv needs in a package of its own.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            echo "installing python$version-venv" >&2
            apt-get update -qq >&2
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "python$version-venv" >&2
        else
            echo "$python has no venv module; on Debian and Ubuntu: apt-get install python$version-venv" >&2
            return 1
        fi
    fi
    rm -rf "$ROOT/.venv"
    "$python" -m venv "$ROOT/.venv"
    echo "$ROOT" >"$ROOT/.venv/made-for"
}

install_into_venv() {
    local extras="$1" python stamp wanted
    wanted="$ROOT $(cat "$ROOT/setup.cfg" "$ROOT/pyproject.toml" | cksum)"
    stamp="$ROOT/.venv/installed${extras:+-$extras}"
    if [ -x "$ROOT/.venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    # The commands in a virtual environment hold its path: a moved checkout needs a new one.
    if [ "$(cat "$ROOT/.venv/made-for" 2>/dev/null)" != "$ROOT" ] || ! "$ROOT/.venv/bin/python" -c 'import pip' 2>/dev/null; then
        python="$(find_python)"
        echo "making $ROOT/.venv with $python" >&2
        make_venv "$python"
    fi
    echo "installing synhub and what it needs" >&2
    "$ROOT/.venv/bin/python" -m pip install --quiet --disable-pip-version-check -e "$ROOT${extras:+[$extras]}"
    echo "$wanted" >"$stamp"
}
