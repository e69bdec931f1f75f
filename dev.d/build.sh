# shellcheck shell=bash
# The collection as its users get it: unbuffered-streaming-VERSION.tar.gz, of real files only.

cmd_build() { # [DIRECTORY]: where to put it; dist/ if it is not said
  local into=${1-dist} tree=$PWD/.cache/build/$$ file files=()
  tools
  packages git
  say "building the collection"
  mkdir -p "$into" "$tree/links"
  # The tracked files as they are now. Links stay links here, so that no other file comes in by one.
  while IFS= read -r -d '' file; do
    [[ ! -e $file && ! -L $file ]] || files+=("$file") # a deleted one is tracked until the commit
  done < <(git ls-files -z)
  cp --no-dereference --parents --target-directory="$tree/links" "${files[@]}"
  cp --dereference --recursive "$tree/links" "$tree/collection"
  # Here plugins/ has what these lead to, and serves the role.
  rm -rf "$tree"/collection/{library,module_utils} \
    "$tree"/collection/roles/*/{library,module_utils,action_plugins}
  # What else stays out is in galaxy.yml.
  quietly ansible-galaxy collection build --force --output-path "$into" "$tree/collection"
  rm -rf "$tree"
  realpath "$into/unbuffered-streaming-$(sed -n 's/^version: //p' galaxy.yml).tar.gz"
}
