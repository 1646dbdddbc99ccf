# Sourced by the commands beside this folder, with $root set: the project's own Node and npm packages,
# installed when package-lock.json changed since the last time. Quiet when there is nothing to do.

say() { printf '%s\n' "$*" >&2; }
give_up() { say "$*"; exit 1; }

node_is_new_enough() { [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 18 ]; }

install_node() {
  local how="Node.js 18 or newer and npm are needed to begin with"
  command -v apt-get >/dev/null || give_up "$how: install them, then run this again."
  [ "$(id -u)" = 0 ] || give_up "$how: run 'sudo apt-get install nodejs npm', then run this again."
  say "Installing Node.js and npm from Debian…"
  { apt-get update && apt-get install -y --no-install-recommends nodejs npm; } >"$1" 2>&1 ||
    give_up "Debian's nodejs and npm could not be installed ($(tail -n 1 "$1")): is this machine connected? Then run this again."
  node_is_new_enough || give_up "$how, and Debian's here is older: install Node.js 18 or newer, then run this again."
}

install_packages() {
  say "Installing npm packages…"
  (cd "$root" && npm ci) >"$1" 2>&1 || {
    tail -n 5 "$1" >&2
    give_up "npm could not install the packages of package-lock.json (see above): is this machine connected? Then run this again."
  }
}

# By us, or by hand: npm writes its own record of what it installed after the lock file.
is_installed() {
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] ||
    [ "$root/node_modules/.package-lock.json" -nt "$root/package-lock.json" ]
}

ensure_node() {
  local log stamp wanted
  stamp="$root/node_modules/.installed"
  wanted=$(sha256sum <"$root/package-lock.json")
  is_installed && return 0
  log=$(mktemp)
  # Two commands started at once must not install over each other.
  exec 9<"$root"
  flock 9
  if ! is_installed; then
    { node_is_new_enough && command -v npm >/dev/null; } || install_node "$log"
    install_packages "$log"
    printf '%s\n' "$wanted" >"$stamp"
  fi
  exec 9<&-
  rm -f "$log"
}

ensure_node
export NODE_COMPILE_CACHE="${LABPLAN_CACHE:-${HOME:-/tmp}/.cache/labplan}/node"
export PATH="$root/node_modules/.bin:$PATH"
