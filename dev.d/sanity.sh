# shellcheck shell=bash
# ansible-test sanity: Ansible's checks of a collection's modules. It must run in a directory
# ansible_collections/NAMESPACE/NAME and skips modules that are links, so it gets a copy.

cmd_sanity() { # [ARG...] go to ansible-test: --test validate-modules
  local home=$PWD/.cache/sanity copy
  copy=$home/ansible_collections/unbuffered/streaming
  tools
  packages git
  say "ansible-test sanity"
  mkdir -p "$home/.ansible/test/cache" .cache/results
  # ansible-test would download pip; use the pip that Python includes.
  printf '%s\n' 'import ensurepip' 'ensurepip._main([])' >"$home/.ansible/test/cache/get_pip_24_2.py"
  rm -rf "$copy"
  mkdir -p "$copy"
  git ls-files -z --cached --others --exclude-standard galaxy.yml meta plugins README.md LICENSE roles |
    xargs -0 cp --dereference --recursive --parents --target-directory="$copy"
  (
    cd "$copy"
    echo /tests/output/ >.gitignore
    rm -rf roles/*/library roles/*/module_utils # these link to plugins/
    ignored
    git init --quiet
    git add .
    HOME=$home LC_ALL=C.UTF-8 ansible-test sanity --requirements --venv --color no \
      --python "$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" --skip-test pslint "$@"
  ) &>.cache/sanity.log || {
    grep -E '^(ERROR|FATAL)' .cache/sanity.log
    echo "failed  sanity" | tee -a .cache/results/checks
    return 1
  }
  echo "passed  sanity" | tee -a .cache/results/checks
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
