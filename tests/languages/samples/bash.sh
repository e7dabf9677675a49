#!/usr/bin/env bash
set -euo pipefail
# not_code() { :; }

source ./lib/common.sh
. "$DIR/env.sh"

readonly LIMIT=10
NAMES=(
  one
  two
)
lower=1

# Says hello.
# Twice.
hello() {
  local name="$1"
  if [[ -z "$name" && "$LIMIT" -gt 1 ]] || [ -n "$lower" ]; then
    echo "function in_string { :; }"
  elif test -f x; then
    for n in "${NAMES[@]}"; do
      echo "$n"
    done
  else
    while read -r line; do :; done
  fi
  case "$name" in
    a) echo a ;;
    b | c)
      echo b
      ;;
    *) return 1 ;;
  esac
}

function other {
  cat <<EOF
in_heredoc() {

}
EOF
  nested() { echo nested; }
}

function both() (
  cd /tmp && ls
)

hello "$@"
