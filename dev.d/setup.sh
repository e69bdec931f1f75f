# shellcheck shell=bash
# What the commands need: packages of the distribution, and the locked tools in .venv.

export PATH=$PWD/.venv/bin:$PATH:/usr/sbin:/sbin
export ANSIBLE_CONFIG=$PWD/ansible.cfg
export ANSIBLE_HOME=$PWD/.cache/ansible
export ANSIBLE_SSH_CONTROL_PATH_DIR=$HOME/.ansible/cp # sockets want a short path
[[ -t 1 ]] || export NO_COLOR=1 ANSIBLE_NOCOLOR=1 ANSIBLE_FORCE_COLOR=0 PY_COLORS=0
export UV_SYSTEM_CERTS=1 # trust what the machine trusts, as pip and apt do

say() { printf '==> %s\n' "$*" >&2; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    command -v sudo >/dev/null || die "This needs root, and there is no sudo here: $*"
    sudo "$@"
  fi
}

# Run something long-winded: its output matters only when it fails.
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

# Install those of the named packages that are missing.
packages() {
  local name missing=()
  for name; do
    [[ $(dpkg-query -Wf '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "This needs Debian or Ubuntu, to install ${missing[*]} with apt."
  say "installing with apt: ${missing[*]}"
  quietly as_root apt-get update -qq
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
}

# Make .venv what requirements-dev.txt says. It costs nothing when it is that already.
tools() {
  local python=/usr/bin/python3 want
  packages python3-venv ca-certificates
  want="$($python --version) $PWD $(sha256sum <requirements-dev.txt)"
  [[ $(cat .venv/made-from 2>/dev/null) != "$want" ]] || return 0
  $python -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Ansible needs Python 3.11 or newer on this side, as in Debian 12 and Ubuntu 24.04; here is $($python --version). (The hosts may have an older one.)"

  say "installing the tools of requirements-dev.txt into .venv"
  mkdir -p .cache
  awk '/^uv==/ {found = 1} found {print} found && !/\\$/ {exit}' requirements-dev.txt >.cache/uv.txt
  quietly $python -m venv --clear .venv
  quietly .venv/bin/python -m pip install --require-hashes --no-deps -r .cache/uv.txt
  quietly .venv/bin/uv pip sync --python .venv --require-hashes requirements-dev.txt
  echo "$want" >.venv/made-from
}

# app_environment NAME LOCK: make .cache/NAME what the lock says.
app_environment() {
  local env=$PWD/.cache/$1 want
  want="$PWD $(sha256sum <"$2")"
  [[ $(cat "$env/made-from" 2>/dev/null) != "$want" ]] || return 0
  say "installing $2 into .cache/$1"
  quietly uv venv --clear --python .venv "$env"
  quietly uv pip sync --python "$env" --require-hashes "$2"
  echo "$want" >"$env/made-from"
}

# Bring the locks up to date.
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
  say "resolving the laboratory's apps"
  lock_faults
}
