# shellcheck shell=bash
# Measurements behind our defaults, and the time of a deploy: docs/measurements.md.

cmd_bench() { with_hosts bench bench "$@"; }
bench() { # bench [servers|deploy|counts]: only one of the parts
  local part=${2-} packages
  [[ $part =~ ^(|servers|deploy|counts)$ ]] || die "bench has no part '$part': servers, deploy, counts."
  if [[ $part =~ ^(|servers)$ ]]; then
    say "comparing worker classes: bench/worker_class.py"
    mapfile -t packages < <(python -c 'import yaml; print(*yaml.safe_load(open("roles/streaming_api/defaults/main.yml"))["streaming_api_gunicorn_packages"], sep="\n")')
    quietly uv venv --clear .cache/bench
    quietly uv pip install --python .cache/bench "${packages[@]}"
    {
      echo "${packages[*]}, two workers, the socket inherited as from systemd. Each count is the lowest of 3 rounds:"
      echo
      python bench/worker_class.py .cache/bench/bin/python
    } >.cache/worker_class.md
  fi
  if [[ $part =~ ^(|counts)$ ]]; then
    say "timing the counts: bench/counts.py"
    {
      echo "A bare ASGI app that sends to nobody, with and without \`stream_counts.py\` around it, on" \
        "$(date -u +%F): \`./dev bench counts\`. Each figure is the median of 15 rounds."
      echo
      python bench/counts.py
    } >.cache/counts.md
  fi
  if [[ $part =~ ^(|deploy)$ ]]; then
    images
    say "timing deploys, and the same steps as a shell script: bench/deploy.py"
    PYTHONPATH=.:molecule/hosts python -m bench.deploy >.cache/deploy.md
  fi
  [[ -e .cache/worker_class.md && -e .cache/deploy.md && -e .cache/counts.md ]] || {
    cat .cache/worker_class.md .cache/deploy.md .cache/counts.md 2>/dev/null
    die "docs/measurements.md needs all parts: ./dev bench"
  }
  {
    echo "# Measurements"
    echo
    echo "Written by \`./dev bench\` on $(date -u +%F): $(nproc) CPUs, $(python --version), test hosts" \
      "$(molecule/hosts/distros | cut -d' ' -f1) in containers on the same machine. Compare what stands in one table; another machine has other times."
    echo
    echo "## Why \`streaming_api_gunicorn_worker_class: uvicorn\`"
    echo
    cat .cache/worker_class.md
    echo
    echo "## How long a deploy takes"
    echo
    echo "The reference app, \`playbooks/site.yml\` beside \`bench/by_hand.sh\`: the same steps as one shell script over one" \
      "ssh connection, without checks and without a way back. Medians; the shortest and the longest run in brackets." \
      "\"Tasks\" counts those that ran."
    echo
    cat .cache/deploy.md
    echo
    echo "## What \`streaming_api_count_streams\` costs"
    echo
    cat .cache/counts.md
  } >docs/measurements.md
  cat docs/measurements.md
}
