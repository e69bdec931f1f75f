# shellcheck shell=bash
# What bench/settings.py and bench/proxies.py compare: servers that are unpacked, not installed.

PEERS_SUITE=trixie # whose Nginx is newer than this machine's

# All of them, and the environment of the apps behind Nginx.
peers() {
  packages openssl
  nginx_binary
  haproxy_binary
  fronts
  nginx_trixie
  nginx_common
  app_environment faults tests/faults/requirements.txt
  app_environment peers bench/peers.txt
}

# Unpack Debian's nginx.conf and mime.types.
nginx_common() {
  local root=$PWD/.cache/nginx-common
  [[ ! -e $root/etc/nginx/nginx.conf ]] || return 0
  mkdir -p "$root"
  quietly unpack "$root" nginx-common
}

# Unpack the Nginx of Debian 13, with its own C library, into .cache/nginx-trixie.
nginx_trixie() {
  local root=$PWD/.cache/nginx-trixie keys=/usr/share/keyrings/debian-archive-keyring.gpg apt=() package mirror
  [[ ! -x $root/nginx ]] || return 0
  # shellcheck disable=SC2016 # apt expands these
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' | awk '$1 == "Debian" && $2 !~ /security/ { print $2; exit }')
  if [[ -z $mirror || ! -e $keys ]]; then
    say "This machine has no mirror of Debian: the Nginx of Debian 13 is left out."
    return 0
  fi
  say "unpacking the Nginx of Debian 13"
  mkdir -p "$root"/apt/{etc/apt/{apt.conf.d,preferences.d,trusted.gpg.d},var/{lib/{apt/lists/partial,dpkg},cache/apt/archives/partial}}
  : >"$root/apt/var/lib/dpkg/status"
  echo "deb [signed-by=$keys] $mirror $PEERS_SUITE main" >"$root/apt/etc/apt/sources.list"
  apt=(-qq -o "Dir=$root/apt" -o "Dir::State::status=$root/apt/var/lib/dpkg/status" -o APT::Sandbox::User=root)
  quietly apt-get "${apt[@]}" update
  (cd "$root" && quietly apt-get "${apt[@]}" download nginx libc6 libcrypt1 libpcre2-8-0 libssl3t64 libzstd1 zlib1g)
  for package in "$root"/*.deb; do dpkg-deb -x "$package" "$root"; done
  rm -r "$root"/*.deb "$root/apt"
  # shellcheck disable=SC2016 # the script expands these
  printf '#!/bin/sh\nroot=%q\nlibraries=$(echo "$root"/usr/lib/*-linux-gnu)\nexec "$libraries"/ld-linux-*.so.* --library-path "$libraries" "$root/usr/sbin/nginx" "$@"\n' \
    "$root" >"$root/nginx"
  chmod +x "$root/nginx"
  "$root/nginx" -v 2>/dev/null || die "The Nginx of Debian 13 does not start here."
}

# Update the lock file of the proxies that come from PyPI; part of ./dev lock.
lock_peers() {
  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --custom-compile-command './dev lock' bench/peers.in --output-file bench/peers.txt
}
