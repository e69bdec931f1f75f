# shellcheck shell=bash
# Measurements behind our defaults, and the time of a deploy: docs/measurements.md.

cmd_bench() { with_hosts bench bench; }
bench() {
  local packages
  say "comparing worker classes: bench/worker_class.py"
  mapfile -t packages < <(python -c 'import yaml; print(*yaml.safe_load(open("roles/streaming_api/defaults/main.yml"))["streaming_api_gunicorn_packages"], sep="\n")')
  quietly uv venv --clear .cache/bench
  quietly uv pip install --python .cache/bench "${packages[@]}"
  python bench/worker_class.py .cache/bench/bin/python >.cache/worker_class.md

  images
  export TEST_PREFIX=bench TEST_PORT_OFFSET=9000 DEMO_PORT=18080
  say "timing deploys: playbooks/site.yml on a new host, and again"
  quietly ansible-playbook -i inventory/demo molecule/hosts/destroy.yml molecule/hosts/create.yml molecule/hosts/prepare.yml
  {
    echo "| \`playbooks/site.yml\`, reference app | wall time | changed tasks |"
    echo "|---|---|---|"
    deploy_time "on a new host"
    deploy_time "second run, nothing changed"
    deploy_time "new release: a changed environment variable" -e '{"streaming_api_environment": {"COLOUR": "green"}}'
  } >.cache/deploy.md
  quietly ansible-playbook -i inventory/demo molecule/hosts/destroy.yml

  {
    echo "# Measurements"
    echo
    echo "Written by \`./dev bench\` on $(date -u +%F): $(nproc) CPUs, $(python --version), test host" \
      "$(molecule/hosts/distros | cut -d' ' -f1) in a container on the same machine. Read the times as orders of magnitude."
    echo
    echo "## Why \`streaming_api_gunicorn_worker_class: uvicorn\`"
    echo
    echo "${packages[*]}, two workers, the socket inherited as from systemd. Each count is the lowest of 3 rounds:"
    echo
    cat .cache/worker_class.md
    echo
    echo "## How long a deploy takes"
    echo
    cat .cache/deploy.md
  } >docs/measurements.md
  cat docs/measurements.md
}

# deploy_time WHAT [ARG...]: print a row of the table.
deploy_time() {
  local begun=$EPOCHREALTIME
  quietly tee .cache/deploy.log < <(ansible-playbook -i inventory/demo playbooks/site.yml "${@:2}" 2>&1 || echo "failed=1")
  ! grep -q 'failed=[1-9]' .cache/deploy.log || die "the deploy failed, see .cache/deploy.log"
  echo "| $1 | $(python -c "print(f'{$EPOCHREALTIME - $begun:.1f}')") s | $(grep -oP 'changed=\K\d+' .cache/deploy.log) |"
}
