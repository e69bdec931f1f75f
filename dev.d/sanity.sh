# shellcheck shell=bash
# Checks of the collection that users get: built, and installed from its tarball.

sanity=$PWD/.cache/sanity
collection=$sanity/ansible_collections/unbuffered/streaming

cmd_sanity() { # [ARG...] go to ansible-test: --test validate-modules
  tools
  packages git
  install_collection
  app_environment aws tests/aws/requirements.txt
  say "sanity of the installed collection"
  if (($#)); then
    ansible_test "$@"
    return
  fi
  side_by_side ansible-test collection-docs changelog artefact aws
}

# Build the collection and install it below .cache/sanity, as users do.
install_collection() {
  local tarball
  rm -rf "$sanity/ansible_collections"
  tarball=$(cmd_build "$sanity")
  quietly ansible-galaxy collection install --force --offline --collections-path "$sanity" "$tarball"
}

check_ansible-test() {
  ansible_test >"$sanity/log" 2>&1 || {
    grep -E '^(ERROR|FATAL)' "$sanity/log" || tail "$sanity/log"
    return 1
  }
}
check_collection-docs() { antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self "$collection"; }
# inventory/aws_ec2.yml, with the package `ansible`, which has the collection that it needs.
check_aws() { pytest -q --junitxml=.cache/results/aws.xml tests/aws; }
check_artefact() { pytest -q --junitxml=.cache/results/artefact.xml tests/artefact; }
check_changelog() {
  antsibull-changelog lint
  antsibull-changelog lint-changelog-yaml --strict changelogs/changelog.yaml
  write_changelog "$(sed -n "s/^ *release_date: '\(.*\)'/\1/p" changelogs/changelog.yaml | tail -1)"
  if ! diff CHANGELOG.md "$sanity/changelog/CHANGELOG.md" || ! diff -r changelogs "$sanity/changelog/changelogs"; then
    echo "CHANGELOG.md is out of date. Run ./dev changelog."
    return 1
  fi
}

# ansible-test would download pip; use the pip that Python includes.
ansible_test() {
  local pip
  mkdir -p "$sanity/.ansible/test/cache"
  while read -r pip; do
    printf '%s\n' 'import ensurepip' 'ensurepip._main([])' >"$sanity/.ansible/test/cache/get_pip_${pip//./_}.py"
  done < <(python -c "
import inspect, re, ansible_test._internal.python_requirements as module
print(*re.findall(r'pip=\'([0-9.]+)\'', inspect.getsource(module)), sep='\n')")
  (
    cd "$collection" || exit
    ignored
    HOME=$sanity LC_ALL=C.UTF-8 ansible-test sanity --requirements --venv --color no \
      --python "$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" --skip-test pslint "$@"
  )
}

# The Pylint rule that we do not follow: Ansible wants unused values to be called `dummy`; we call them
# `_`. The list may contain only files with such a value.
ignored() {
  mkdir -p tests/sanity
  python - >"tests/sanity/ignore-$(python -c 'from ansible.release import __version__ as v; print(v.rsplit(".", 1)[0])').txt" <<'END'
import ast
from pathlib import Path

for path in sorted(Path().rglob("*.py")):
    names = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)]
    if any(name.id == "_" and isinstance(name.ctx, ast.Store) for name in names):
        print(f"{path} pylint:disallowed-name")
END
}

# Generate CHANGELOG.md and changelogs/changelog.yaml from the fragments and the modules' docs.
cmd_changelog() {
  tools
  packages git
  install_collection
  say "writing CHANGELOG.md"
  write_changelog "$(date -u +%F)"
  cp "$sanity/changelog/CHANGELOG.md" .
  cp "$sanity/changelog/changelogs/changelog.yaml" changelogs
}

write_changelog() { # DATE
  local copy=$sanity/changelog
  rm -rf "$copy"
  mkdir -p "$copy"
  cp -r galaxy.yml changelogs "$collection"/{meta,plugins,roles} "$copy"
  (cd "$copy" && antsibull-changelog release --update-existing --refresh --reload-plugins --date "$1")
  rm -f "$copy/changelogs/.plugin-cache.yaml"
}
