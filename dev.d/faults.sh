# shellcheck shell=bash
# The fault laboratory: measure and judge real stacks with one fault each, and healthy stacks.

cmd_faults() { # [ARG...]: --write (docs/faults.md and docs/pictures.json), --rounds N, -k NAME and other arguments of pytest
  tools
  packages curl openssl util-linux gcc libc6-dev nodejs # Varnish compiles what it is told
  command -v npm >/dev/null || packages npm
  nginx_binary
  haproxy_binary
  fronts
  node_app
  app_environment faults tests/faults/requirements.txt
  app_environment faults-old tests/faults/requirements-old.txt
  say "fault laboratory"
  # They wait more than they work, so more of them than there are cores.
  pytest -n 4 --junitxml=.cache/results/faults.xml tests/faults "$@"
}

# Unpack HAProxy, like nginx, together with the libraries that most machines lack.
haproxy_binary() {
  local root=$PWD/.cache/haproxy libraries
  PATH+=:$root
  ! command -v haproxy >/dev/null || return 0
  say "unpacking haproxy"
  mkdir -p "$root"
  quietly as_root apt-get update -qq
  mapfile -t libraries < <(apt-cache depends --recurse --important haproxy |
    grep -oE '^lib(lua|opentracing)[^ ]*' | sort -u)
  quietly unpack "$root" haproxy "${libraries[@]}"
  # shellcheck disable=SC2016 # the script expands these
  printf '#!/bin/sh\nroot=%q\nLD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu) exec "$root/usr/sbin/haproxy" "$@"\n' \
    "$root" >"$root/haproxy"
  chmod +x "$root/haproxy"
  haproxy -v >/dev/null || die "HAProxy does not start; install it with apt."
}

# What can stand in front of an app, of .cache/fronts; Nginx itself is above, these are its modules.
FRONTS=(
  apache2-bin libapache2-mod-security2 caddy hitch lighttpd lighttpd-mod-deflate nghttp2-proxy
  squid squid-common squid-langpack stunnel4 varnish
  libnginx-mod-http-brotli-filter libnginx-mod-http-modsecurity
)

# Unpack these servers, with the libraries that the machine lacks: nothing of it starts by itself.
fronts() {
  local root=$PWD/.cache/fronts missing
  [[ $(cat "$root/made-from" 2>/dev/null) != "${FRONTS[*]}" ]] || return 0
  say "unpacking ${FRONTS[*]}"
  rm -rf "$root"
  mkdir -p "$root"
  quietly as_root apt-get update -qq
  mapfile -t missing < <(apt-get install --simulate --no-install-recommends "${FRONTS[@]}" |
    awk '$1 == "Inst" && $2 !~ /perl|nss3|-dev$|^(logrotate|nginx.*)$/ { print $2 }')
  # Those that the machine has are unpacked too: their files are looked for there.
  mapfile -t missing < <(printf '%s\n' "${FRONTS[@]}" "${missing[@]}" | sort -u)
  quietly unpack "$root" "${missing[@]}"
  rm "$root"/*.deb
  echo "${FRONTS[*]}" >"$root/made-from"
}

# Install the packages of the front that is written for Node.
node_app() {
  local root=$PWD/.cache/node want
  want=$(cat tests/faults/node/*.json | sha256sum)
  [[ $(cat "$root/made-from" 2>/dev/null) != "$want" ]] || return 0
  say "installing tests/faults/node/package-lock.json into .cache/node"
  mkdir -p "$root"
  cp tests/faults/node/*.json "$root"
  quietly npm ci --prefix "$root" --ignore-scripts --no-audit --no-fund
  echo "$want" >"$root/made-from"
}

# unpack DIRECTORY PACKAGE...: download packages and unpack them there.
unpack() (
  cd "$1" || exit
  apt-get download -qq "${@:2}"
  for package in *.deb; do dpkg-deb -x "$package" .; done
)

# Update the lock files of the laboratory's apps; part of ./dev lock.
lock_faults() {
  local name
  for name in requirements requirements-old; do
    uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
      --no-emit-index-url --custom-compile-command './dev lock' \
      "tests/faults/$name.in" --output-file "tests/faults/$name.txt"
  done
  (cd tests/faults/node && quietly npm update --package-lock-only --omit-lockfile-registry-resolved \
    --ignore-scripts --no-audit --no-fund)
}
