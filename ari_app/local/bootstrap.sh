#!/bin/sh
# Make the virtual environment, with the packages of requirements-dev.txt and this program in it.
#
#   ari_app/local/bootstrap.sh PYTHON DIRECTORY
#
# Runs before there is anything else: only a POSIX shell and a Python are expected. As root on Debian and Ubuntu the
# module venv is installed when it is not there.
set -eu

python=${1:?usage: bootstrap.sh PYTHON DIRECTORY}
venv=${2:?usage: bootstrap.sh PYTHON DIRECTORY}

fail() {
    echo "$*" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "$python not found: install Python 3.11 or newer"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is older than Python 3.11; name a newer one: make PYTHON=python3.12"

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        fail "Python cannot make virtual environments here. Install the package python3-venv, or use: docker compose up"
    fi
    echo "Installing python3-venv …"
    # The lists of a fresh machine are empty or old; the options are the ones that ari-app uses too.
    # shellcheck disable=SC2086
    apt-get -q ${ARI_APP_APT_OPTIONS-} update
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -q -y ${ARI_APP_APT_OPTIONS-} install --no-install-recommends python3-venv
fi

if [ ! -x "$venv/bin/python" ]; then
    echo "Making $venv …"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$venv/bin/python" -m pip install --require-hashes -r requirements-dev.txt
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation -e .
