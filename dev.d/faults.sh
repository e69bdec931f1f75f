# shellcheck shell=bash
# The fault laboratory: real stacks with one fault each, and healthy ones, measured and judged.

cmd_faults() { # [ARG...]: --write for docs/faults.md, --rounds N, -k NAME and whatever pytest takes
  tools
  packages curl openssl util-linux
  nginx_binary
  haproxy_binary
  app_environment faults tests/faults/requirements.txt
  app_environment faults-old tests/faults/requirements-old.txt
  say "fault laboratory"
  pytest --junitxml=.cache/results/faults.xml tests/faults "$@"
}

# Unpacked, as nginx is, together with those of its libraries that hardly any machine has.
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
  # shellcheck disable=SC2016 # for later
  printf '#!/bin/sh\nroot=%q\nLD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu) exec "$root/usr/sbin/haproxy" "$@"\n' \
    "$root" >"$root/haproxy"
  chmod +x "$root/haproxy"
  haproxy -v >/dev/null || die "HAProxy does not start; install it with apt."
}

# unpack DIRECTORY PACKAGE...
unpack() (
  cd "$1" || exit
  apt-get download -qq "${@:2}"
  for package in *.deb; do dpkg-deb -x "$package" .; done
)

# The lock files of the apps' environments; part of ./dev lock.
lock_faults() {
  local name
  for name in requirements requirements-old; do
    uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
      --no-emit-index-url --custom-compile-command './dev lock' \
      "tests/faults/$name.in" --output-file "tests/faults/$name.txt"
  done
}
