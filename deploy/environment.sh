# What the scripts of this folder share: where the checkout is, who the ordinary user is, and how to become that user.
# Sourced, not run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILT="$ROOT/.build/release"
PROGRAMS=(uk ukd ukmanager ukctr containerd-shim-runu-v2 runu ukernel ukloader)

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Nothing of the chain runs as root. Called by root, the scripts take the user that sudo names or make one.
ordinary_user() {
    if [ "$(id -u)" != 0 ]; then
        id -un
    elif [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
        echo "$SUDO_USER"
    else
        id ukontainer >/dev/null 2>&1 || useradd --create-home --shell /bin/bash ukontainer
        echo ukontainer
    fi
}

# as_user USER COMMAND...: with nothing of root's left: no capability, no group, no variable.
as_user() {
    local user=$1
    shift
    if [ "$(id -un)" = "$user" ]; then
        "$@"
    else
        local home
        home=$(getent passwd "$user" | cut -d: -f6)
        (cd / && setpriv --reuid "$user" --regid "$user" --init-groups --bounding-set=-all --inh-caps=-all -- \
            env -i HOME="$home" USER="$user" LANG=C.UTF-8 TERM="${TERM:-dumb}" \
            PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin "$@")
    fi
}

# install_packages PACKAGE...: the missing ones, by apt.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "installing ${missing[*]}"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "missing packages; as root: apt-get install ${missing[*]}"
        apt=(sudo "${apt[@]}")
    fi
    "${apt[@]}" update -qq
    "${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

BUILD_PACKAGES=(libgrpc-dev libprotobuf-c-dev libarchive-dev libsqlite3-dev pkg-config busybox-static binutils)

# What the Debian tree of the chain's tests holds beside the essential packages, and where it lies: under a name that
# tells the list, so that a tree of an older list is not taken for it.
DEBIAN_TREE=gcc,libc6-dev,git,python3,python3-venv,sqlite3,dpkg-dev,procps,perl,strace,gdb,sudo,redis-server,postgresql,nginx-light
DEBIAN_TAR=/var/tmp/ukontainer-debian-$(cksum <<<"$DEBIAN_TREE" | cut -d' ' -f1).tar

# Builds every program in release mode into $BUILT.
build() {
    command -v swift >/dev/null || die "swift is not on PATH; the package wants Swift 6.2 or later"
    say "building (the first time takes some minutes)"
    (cd "$ROOT" && swift build -c release "$@")
}

# install_programs FOLDER: copies what was built, without symbols (half of their size), replacing files whole so that
# running ones are left alone.
install_programs() {
    mkdir -p "$1"
    local program
    for program in "${PROGRAMS[@]}"; do
        [ "$1/$program" -nt "$BUILT/$program" ] || install -s -m 755 "$BUILT/$program" "$1/$program"
    done
}
