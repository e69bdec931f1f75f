# shellcheck shell=bash
# The checks that need no host (lint, unit tests, template tests), and all checks together.
# .cache/results holds a junit file for each run of pytest; its file `checks` has a line for each
# other check.

# Run the checks with these names (functions check_*) in parallel; show the output of failed checks.
side_by_side() {
  local name pids=() failed=0
  mkdir -p .cache/checks .cache/results
  for name; do
    "check_$name" &>".cache/checks/$name" &
    pids+=($!)
  done
  for name; do
    if wait "${pids[0]}"; then
      echo "passed  $name" | tee -a .cache/results/checks
    else
      echo "failed  $name" | tee -a .cache/results/checks
      sed 's/^/        /' ".cache/checks/$name"
      failed=$((failed + 1))
    fi
    pids=("${pids[@]:1}")
  done
  ((failed == 0))
}

check_ansible-lint() { ansible-lint --offline --strict; }
check_yamllint() { yamllint --strict .; }
check_ruff() { ruff check . && ruff format --check .; }
check_mypy() { mypy; }
check_shellcheck() {
  git grep --untracked -lIE '^#!.*\b(ba)?sh$|^# shellcheck shell=bash' | xargs shellcheck --external-sources
}

cmd_lint() {
  tools
  packages git shellcheck
  say "lint"
  side_by_side ansible-lint yamllint ruff mypy shellcheck
}

cmd_format() {
  tools
  ruff check --fix --quiet . || true
  ruff format .
}

# Test the core and the modules, the reader against real servers, and the reference app with its own
# tools and dependencies.
cmd_unit() { # [ARG...]: arguments to pytest; run only the tests that they name
  local bad=0
  tools
  nginx_binary
  prometheus_binary
  app_environment app files/app/requirements-dev.txt
  say "unit tests"
  if (($#)); then
    pytest --junitxml=.cache/results/unit.xml "$@"
    return
  fi
  pytest -q --numprocesses=2 --junitxml=.cache/results/unit.xml tests/unit tests/reader || bad=1
  say "unit tests of the reference app"
  .cache/app/bin/python -m pytest -q --rootdir=files/app --config-file=files/app/pyproject.toml \
    --junitxml=.cache/results/app.xml files/app/tests || bad=1
  return $bad
}

cmd_docs() {
  tools
  python docs/variables.py
  python -m docs.cause_index
  python -m docs.metrics
  python -m monitoring.dashboard
}

# Guess the variables of an app from its source, and write inventory/NAME.yml.
cmd_try() { # DIRECTORY [HOST]
  tools
  [[ ${1-} == "" || $1 == /* ]] || set -- "$OLDPWD/$1" "${@:2}" # as the user sees it
  python -m guess.inventory "$@"
}

# Unpack the binary instead of installing it: tests should start no web server on port 80.
nginx_binary() {
  local root=$PWD/.cache/nginx name
  PATH+=:$root/usr/sbin
  ! command -v nginx >/dev/null || return 0
  say "unpacking nginx"
  mkdir -p "$root"
  quietly as_root apt-get update -qq
  for name in nginx nginx-core; do # older Ubuntu has the binary in nginx-core
    (cd "$root" && apt-get download -qq $name && dpkg-deb -x ${name}_*.deb .) &>/dev/null || true
    [[ ! -x $root/usr/sbin/nginx ]] || return 0
  done
  die "There is no nginx to be had with apt."
}

# Unpack Prometheus and the client library that hosts have: no Prometheus should start as a service.
prometheus_binary() {
  local root=$PWD/.cache/prometheus parts=(prometheus python3-prometheus-client python3-decorator)
  [[ $(cat "$root/made-from" 2>/dev/null) != "${parts[*]}" ]] || return 0
  say "unpacking ${parts[*]}"
  rm -rf "$root"
  mkdir -p "$root"
  quietly as_root apt-get update -qq
  if ! unpack "$root" "${parts[@]}" &>/dev/null; then
    say "There is no Prometheus to be had with apt; tests that need it are skipped."
    return
  fi
  rm "$root"/*.deb
  echo "${parts[*]}" >"$root/made-from"
}

cmd_templates() {
  tools
  nginx_binary
  say "template tests"
  pytest --junitxml=.cache/results/templates.xml tests/templates "$@"
}

# Add up a number that all runs of pytest report: tests, skipped, failures or errors.
total() {
  echo $(($(grep -hoE '<testsuite [^>]*' .cache/results/*.xml 2>/dev/null |
    grep -oE " $1=\"[0-9]+" | grep -oE '[0-9]+$' | paste -sd+) + 0))
}

# Count the lines of .cache/results/checks that begin with this word.
lines() { awk -v word="$1" '$1 == word { n++ } END { print n + 0 }' .cache/results/checks; }

# Print the result of all checks in one line; fail if a check failed.
closing_line() {
  local passed failed
  failed=$(($(total failures) + $(total errors)))
  passed=$(($(total tests) - $(total skipped) - failed + $(lines passed)))
  failed=$((failed + $(lines failed)))
  echo "$passed passed, $failed failed"
  ((failed == 0))
}

cmd_test() {
  local part failed_parts=()
  rm -rf .cache/results .cache/checks
  tools
  for part in lint unit templates sanity faults molecule; do
    ./dev "$part" || failed_parts+=("$part")
  done
  python dev.d/failures.py
  say "$((SECONDS / 60)) min $((SECONDS % 60)) s${failed_parts[*]:+; not good: ${failed_parts[*]}}"
  closing_line && ((${#failed_parts[@]} == 0))
}
