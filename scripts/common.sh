# What the set-up scripts share. Everything they say goes to standard error:
# standard output belongs to the command itself (`make demo ARGS="--exit --json"`).
say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# One digest over the names and contents of the given files and folders (built and installed things left out).
content_hash() {
  { find "$@" \( -name node_modules -o -name .tests -o -name __pycache__ -o -name build -o -name dist \) -prune -o -type f -print0 \
      | LC_ALL=C sort -z | xargs -0 sha256sum; } | sha256sum | cut -d' ' -f1
}

# A stamp .make/NAME holds the digest of what a step was last done for.
stamp_is() { [ -f ".make/$1" ] && [ "$(cat ".make/$1")" = "$2" ]; }
stamp() { mkdir -p .make; printf '%s\n' "$2" > ".make/$1.new"; mv ".make/$1.new" ".make/$1"; }
