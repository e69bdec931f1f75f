# shellcheck shell=bash
# The fault laboratory: measure and judge real stacks with one fault each, and healthy stacks.

cmd_faults() { # [ARG...]: --write (docs/faults.md), --rounds N, -k NAME and other arguments of pytest
  tools
  packages curl openssl util-linux
  nginx_binary
  haproxy_binary
  app_environment faults tests/faults/requirements.txt
  app_environment faults-old tests/faults/requirements-old.txt
  say "fault laboratory"
  pytest --junitxml=.cache/results/faults.xml tests/faults "$@"
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
}
