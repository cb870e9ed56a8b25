#!/usr/bin/env bash
# Installs what the tests need where it is missing and permitted, builds everything, and runs every test there is.
# The last line says "N passed, N failed, N skipped" over all of them; the exit status is 0 only when none failed.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

install_packages() { # Debian packages; never fatal: tests that need them skip and say so
    local missing=()
    for package in "$@"; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing ${missing[*]}"
        (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null) \
            || echo "Could not install ${missing[*]}; tests that need them are skipped."
    else
        echo "Missing, and not permitted to install: ${missing[*]}. Tests that need them are skipped."
    fi
}

install_packages strace python3-anndata python3-zarr python3-h5py python3-numpy python3-pandas python3-scipy \
    python3-pytest python3-joblib python3-flask python3-pip python3-venv python3-wheel gunicorn mypy
command -v clang >/dev/null || command -v gcc >/dev/null || install_packages clang zlib1g-dev
if [ -f tests/foreign/package.json ] && command -v npm >/dev/null && [ ! -d tests/foreign/node_modules/zarrita ]; then
    (cd tests/foreign && npm ci --no-audit --no-fund --silent) || echo "No foreign readers: their tests are skipped."
fi

echo "Building"
dotnet build AnnDataCache.slnx -c Release -v quiet --nologo

if command -v clang >/dev/null || command -v gcc >/dev/null; then
    echo "Publishing the native executable"
    dotnet publish src/AnnDataCache.Cli -c Release -o artifacts -v quiet --nologo
else
    echo "No C linker: the native executable is not built, and its tests are skipped."
fi

passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

count() { # the number behind a word of xunit's closing line
    grep -E 'Total: [0-9]+' "$log" | tail -1 | sed -n "s/.*$1: \([0-9]*\).*/\1/p"
}

echo "Running the C# tests"
status=0
dotnet run --no-build -c Release --project tests/AnnDataCache.Tests -- -noLogo -noColor 2>&1 | tee "$log" || status=$?
total=$(count Total) errors=$(count Errors) bad=$(count Failed) left=$(count Skipped)
failed=$((failed + ${bad:-0} + ${errors:-0}))
skipped=$((skipped + ${left:-0}))
passed=$((passed + ${total:-0} - ${bad:-0} - ${left:-0}))
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi

echo "Running the Python tests"
if /usr/bin/python3 -c 'import pytest, numpy' 2>/dev/null; then
    status=0
    (cd python && /usr/bin/python3 -m pytest -q -rs tests) 2>&1 | tee "$log" || status=$?
    word() { tail -1 "$log" | sed -n "s/.*\b\([0-9][0-9]*\) $1.*/\1/p"; } # a number in pytest's closing line
    bad=$(word failed) errors=$(word error) good=$(word passed) left=$(word skipped)
    failed=$((failed + ${bad:-0} + ${errors:-0}))
    skipped=$((skipped + ${left:-0}))
    passed=$((passed + ${good:-0}))
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
else
    echo "pytest or numpy is missing: the Python tests are skipped."
    skipped=$((skipped + $(cat python/tests/test_*.py | grep -c '^def test_')))
fi

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
