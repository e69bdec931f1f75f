# shellcheck shell=bash
# The benchmark: docs/benchmarks.md. Each part is a module of bench/. With --full it keeps
# its raw data in bench/results/, from which the page is made; without, it is short and says little.

BENCH_PARTS=(generator capacity growth proxies servers settings shapes memory deploy counts)

cmd_bench() { with_hosts bench bench "$@"; }
bench() { # bench [PART...] [--full [--rounds N]]
  local part parts=() arguments=(--short)
  shift
  while (($#)); do
    case $1 in
      --full) arguments=("${arguments[@]/--short/}") ;;
      --rounds) arguments+=(--rounds "${2-}") && shift ;;
      *)
        [[ " ${BENCH_PARTS[*]} " == *" $1 "* ]] || die "bench has no part '$1'; allowed: ${BENCH_PARTS[*]}."
        parts+=("$1")
        ;;
    esac
    shift
  done
  ((${#parts[@]})) || parts=("${BENCH_PARTS[@]}")
  export PYTHONPATH=.:molecule/hosts:roles/streaming_api/files
  for part in "${parts[@]}"; do
    say "bench $part: bench/$part.py"
    case $part in
      capacity | growth | deploy) images ;;
      proxies | settings | memory) peers ;;
    esac
    # shellcheck disable=SC2068 # an empty argument is none
    python -m "bench.$part" ${arguments[@]}
  done
  python -m bench.page
}
