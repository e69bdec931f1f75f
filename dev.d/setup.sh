# shellcheck shell=bash
# What the commands need: distribution packages, and the locked tools in .venv.

export PATH=$PWD/.venv/bin:$PATH:/usr/sbin:/sbin
export ANSIBLE_CONFIG=$PWD/ansible.cfg
export ANSIBLE_HOME=$PWD/.cache/ansible
export ANSIBLE_SSH_CONTROL_PATH_DIR=$HOME/.ansible/cp # socket paths must be short
[[ -t 1 ]] || export NO_COLOR=1 ANSIBLE_NOCOLOR=1 ANSIBLE_FORCE_COLOR=0 PY_COLORS=0
export UV_SYSTEM_CERTS=1 # trust the machine's certificates, as pip and apt do

say() { printf '==> %s\n' "$*" >&2; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    command -v sudo >/dev/null || die "This command needs root, and sudo is not installed: $*"
    sudo "$@"
  fi
}

# Run a command; show its output only if it fails.
quietly() {
  local log
  log=$(mktemp)
  "$@" &>"$log" || {
    cat "$log" >&2
    rm "$log"
    die "failed: $*"
  }
  rm "$log"
}

# Install the named packages that are missing.
packages() {
  local name missing=()
  for name; do
    [[ $(dpkg-query -Wf '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "This command needs Debian or Ubuntu, to install ${missing[*]} with apt."
  say "installing with apt: ${missing[*]}"
  quietly as_root apt-get update -qq
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
}

# Install requirements-dev.txt into .venv, unless it is installed already.
tools() {
  local python=/usr/bin/python3 want
  packages python3-venv ca-certificates
  want="$($python --version) $PWD $(sha256sum <requirements-dev.txt)"
  [[ $(cat .venv/made-from 2>/dev/null) != "$want" ]] || return 0
  $python -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Ansible needs Python 3.11 or newer on this machine, as in Debian 12 and Ubuntu 24.04; $python is $($python --version). (The hosts may have an older Python.)"

  say "installing the tools of requirements-dev.txt into .venv"
  mkdir -p .cache
  awk '/^uv==/ {found = 1} found {print} found && !/\\$/ {exit}' requirements-dev.txt >.cache/uv.txt
  quietly $python -m venv --clear .venv
  quietly .venv/bin/python -m pip install --require-hashes --no-deps -r .cache/uv.txt
  quietly .venv/bin/uv pip sync --python .venv --require-hashes requirements-dev.txt
  echo "$want" >.venv/made-from
}

# app_environment NAME LOCK: install the lock file into .cache/NAME, unless it is installed already.
app_environment() {
  local env=$PWD/.cache/$1 want
  want="$PWD $(sha256sum <"$2")"
  [[ $(cat "$env/made-from" 2>/dev/null) != "$want" ]] || return 0
  say "installing $2 into .cache/$1"
  quietly uv venv --clear --python .venv "$env"
  quietly uv pip sync --python "$env" --require-hashes "$2"
  echo "$want" >"$env/made-from"
}

# Update the lock files.
cmd_lock() {
  tools
  say "resolving requirements-dev.in"
  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --custom-compile-command './dev lock' \
    requirements-dev.in --output-file requirements-dev.txt
  say "resolving the reference app's tests"
  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --custom-compile-command './dev lock' --constraints files/app/requirements.txt \
    --group files/app/pyproject.toml:dev files/app/pyproject.toml --output-file files/app/requirements-dev.txt
  say "resolving what the role installs on hosts"
  local server
  mapfile -t server < <(python -c 'import yaml
print(*yaml.safe_load(open("roles/streaming_api/defaults/main.yml"))["streaming_api_gunicorn_packages"], sep="\n")')
  lock_for_hosts server "${server[@]}"
  lock_for_hosts otlp opentelemetry-exporter-otlp-proto-http
  lock_for_hosts uv "uv==$(sed -n 's/^UV_VERSION = "\(.*\)"/\1/p' module_utils/deploy/app.py)"
  say "resolving the laboratory's apps"
  lock_faults
  say "resolving the stand-in for AWS"
  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --custom-compile-command './dev lock' \
    tests/aws/requirements.in --output-file tests/aws/requirements.txt
  say "resolving the benchmark's proxies"
  lock_peers
}

# lock_for_hosts NAME PACKAGE...: the first line of the lock lists the packages.
lock_for_hosts() {
  local lock=roles/streaming_api/files/$1.txt
  shift
  {
    echo "# $*"
    echo "# Written by ./dev lock."
    printf '%s\n' "$@" | uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes \
      --no-annotate --no-header --no-emit-index-url -
  } >"$lock.new"
  mv "$lock.new" "$lock"
}
