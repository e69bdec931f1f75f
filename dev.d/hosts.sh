# shellcheck shell=bash
# The commands that need hosts: containers with systemd. The containers' capabilities and network,
# and mmdebstrap, need root. So each command runs completely under sudo: it asks for one password at
# its start, and all its parts use the same podman.

prefix=${TEST_PREFIX:-streaming-api} # see molecule/hosts/inventory.yml

# with_hosts FUNCTION COMMAND [ARG...]: install what hosts need; then call the function as root with
# the other arguments, the command that the user typed.
with_hosts() {
  tools # .venv belongs to the user
  if ((EUID != 0)); then
    mkdir -p .cache .ansible
    say "hosts in containers need root: sudo ./dev ${*:2}"
    as_root --preserve-env --set-home "$PWD/dev" "${@:2}"
    return
  fi
  # At the end give the files that root wrote back to the user.
  trap '[[ -z ${SUDO_UID-} ]] || chown -R "$SUDO_UID:$SUDO_GID" .cache .ansible' EXIT
  packages podman netavark aardvark-dns iptables mmdebstrap openssh-client git
  [[ ! -d /sys/fs/cgroup/unified ]] || packages runc # see molecule/hosts/podman
  mkdir -p .cache/results .cache/checks
  "$@"
}

podman() { molecule/hosts/podman "$@" 2> >(grep -v 'CNI config' >&2); }
images() {
  # shellcheck disable=SC2046 # one word per distribution
  molecule/hosts/image $(molecule/hosts/distros)
}

cmd_molecule() { with_hosts scenarios molecule "$@"; }
scenarios() { # molecule [NAME...]
  local file name others=() gate bad=0
  shift
  images
  if (($#)); then
    in_turn "$@"
    return
  fi
  # All scenarios, two at once where they do not disturb each other. `default` uses several hosts itself,
  # and `change` measures what a deploy costs its clients, so these two run alone.
  for file in molecule/*/molecule.yml; do
    name=$(basename "$(dirname "$file")")
    [[ $name =~ ^(default|gate|edge|watch|change)$ ]] || others+=("$name")
  done
  in_turn default || bad=1
  trap 'trap - INT TERM; kill 0' INT TERM # background jobs do not receive the signal
  in_turn gate edge watch &>.cache/checks/beside &
  gate=$!
  in_turn "${others[@]}" || bad=1
  wait "$gate" || bad=1
  cat .cache/checks/beside
  in_turn change || bad=1
  return $bad
}

in_turn() { # SCENARIO...
  local name bad=0
  for name; do
    say "scenario $name"
    if molecule test --no-command-borders --scenario-name "$name" 2>&1 | tee ".cache/checks/$name"; then
      echo "passed  scenario $name" | tee -a .cache/results/checks
    else
      echo "failed  scenario $name" | tee -a .cache/results/checks
      bad=1
    fi
  done
  return $bad
}

# Deploy the recipes of docs/recipes as they are printed: those that are named, or all.
cmd_recipes() { with_hosts recipes recipes "$@"; }
recipes() { # recipes [NAME...]
  shift
  images
  export RECIPES="${*:-all}" TEST_ARGUMENTS=$'-k\ntest_recipes'
  molecule create --scenario-name apps
  molecule prepare --scenario-name apps
  molecule verify --scenario-name apps
}

cmd_scenario() { with_hosts one_step "$@"; }
one_step() { # converge|verify|login|destroy NAME [HOST|ARG...]
  local step=$1 name=${2-}
  [[ -f molecule/$name/molecule.yml ]] ||
    die "Which scenario? $(cd molecule && echo */molecule.yml | sed 's,/molecule.yml,,g')"
  case $step in
    login) exec molecule/hosts/podman exec -it "$prefix-$name-${3:-$(only_host "$name")}" bash -l ;;
    converge) images ;;
    verify)
      TEST_ARGUMENTS=$(printf '%s\n' "${@:3}") # one per line
      export TEST_ARGUMENTS
      ;;
  esac
  molecule "$step" --scenario-name "$name"
}

only_host() {
  local hosts
  hosts=$(podman ps --filter "name=^$prefix-$1-" --format '{{.Names}}' | sed "s/^$prefix-$1-//")
  [[ -n $hosts ]] || die "No host of '$1' is running; start it with ./dev converge $1"
  [[ $hosts != *$'\n'* ]] || die "Which host? ./dev login $1 $(paste -sd'|' <<<"$hosts")"
  echo "$hosts"
}

cmd_demo() { with_hosts demo demo; }
demo() { # demo
  local port running
  running=$(podman port "$prefix-demo-demo" 80/tcp 2>/dev/null | sed 's/.*://' || true)
  port=${DEMO_PORT:-${running:-8080}}
  if [[ -n $running && $port != "$running" ]]; then
    die "The demo runs already, on port $running. To change its port: ./dev down, then DEMO_PORT=$port ./dev demo"
  elif [[ -z $running ]] && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    die "Something else listens on port $port. Choose another: DEMO_PORT=8090 ./dev demo"
  fi
  export DEMO_PORT=$port

  images
  say "starting a host: $(molecule/hosts/distros | cut -d' ' -f1), with systemd, in a container"
  quietly ansible-playbook -i inventory/demo molecule/hosts/create.yml molecule/hosts/prepare.yml
  say "deploying files/app to it: ansible-playbook -i inventory/demo playbooks/site.yml"
  ansible-playbook -i inventory/demo playbooks/site.yml
  cat <<END

The app streams behind Nginx. http://127.0.0.1:$port/ draws each event as it arrives.

Watch the events in a terminal:
  curl -N http://127.0.0.1:$port/api/stream

Deploy the app to your own EC2 host (set its address and key in the copied inventory):
  cp inventory/ec2.example.yml inventory/ec2.yml
  .venv/bin/ansible-playbook -i inventory/ec2.yml playbooks/site.yml

Open a shell on the host: ./dev login demo      Remove everything: ./dev down
END
}

cmd_down() {
  if [[ ! -e .venv && ! -e .cache && ! -e .ansible ]]; then
    say "nothing to remove"
    return
  fi
  if ((EUID != 0)) && type -P podman >/dev/null; then
    as_root --preserve-env --set-home "$PWD/dev" down
    return
  fi
  ! type -P podman >/dev/null || remove_hosts
  rm -rf .cache .ansible .venv
  say "removed .cache, .ansible and .venv; packages installed with apt are still there"
}

remove_hosts() {
  local mine="label=streaming-api=$PWD"
  podman ps --all --filter "$mine" --format '{{.Names}}' | remove rm --force --time=5 --volumes
  podman network ls --filter "$mine" --format '{{.Name}}' | remove network rm
  podman images --format '{{.Repository}}:{{.Tag}}' | (grep '^localhost/streaming-api-' || true) |
    remove rmi 2>/dev/null || say "kept images that another checkout uses"
}

# Remove with `podman "$@"` the objects that standard input names.
remove() {
  local names
  mapfile -t names
  ((${#names[@]})) || return 0
  podman "$@" "${names[@]}" >/dev/null && say "removed ${names[*]}"
}
