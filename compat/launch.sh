# Sourced by the launchers in compat/bin: finds the runtime and starts a command of Millrace.
launch() {
  root=$(CDPATH= cd -- "$here/../.." && pwd)
  case "$(uname -m)" in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) arch=$(uname -m) ;;
  esac
  node="$root/node_modules/node-linux-$arch/bin/node"
  [ -x "$node" ] || node="$root/../node-linux-$arch/bin/node"
  [ -x "$node" ] || node=$(command -v node) || {
    echo "millrace: no Node runtime found: run 'npm ci' in $root" >&2
    exit 1
  }
  exec "$node" "$root/bin/millrace.js" "$@"
}
