# shellcheck shell=bash
# The collection that users get: unbuffered-streaming-VERSION.tar.gz, with real files only.

cmd_build() { # [DIRECTORY]
  local into=${1-dist} tree=$PWD/.cache/build/$$ file files=()
  tools
  packages git
  say "building the collection"
  mkdir -p "$into" "$tree/links"
  # First copy the tracked files and keep links: an untracked file in a linked directory stays out.
  while IFS= read -r -d '' file; do
    [[ ! -e $file && ! -L $file ]] || files+=("$file") # deleted, but not committed
  done < <(git ls-files -z --deduplicate)
  cp --no-dereference --parents --target-directory="$tree/links" "${files[@]}"
  cp --dereference --recursive "$tree/links" "$tree/collection"
  # In a collection, the role uses plugins/.
  rm -rf "$tree"/collection/{library,module_utils} \
    "$tree"/collection/roles/*/{library,module_utils,action_plugins}
  # galaxy.yml lists what else stays out.
  quietly ansible-galaxy collection build --force --output-path "$into" "$tree/collection"
  rm -rf "$tree"
  realpath "$into/unbuffered-streaming-$(sed -n 's/^version: //p' galaxy.yml).tar.gz"
}
