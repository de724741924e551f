#!/bin/sh
# On a Mac that may be changed (a hosted runner): install drivers into coreaudiod, play a pseudo-random sequence through
# the real HAL, compare it bit by bit, remove the drivers; then the same by a package. NOT YET RUN on a Mac; a test
# runs it on Linux with stand-ins for every command.
#
#     tests/macos/ci.sh [FOLDER WITH BUNDLES]     (default: dist)
#
# PYTHON chooses the Python, SUDO= does without sudo. Ends with 1 when a step fails; diagnostics.sh says more then.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bundles=${1:-dist}
python=${PYTHON:-python}
sudo=${SUDO-sudo}
work=${WORK:-build/macos}
failed=0
mkdir -p "$work"

step() { # NAME COMMAND...: a group in the log, and a line that says how it ended
    name=$1
    shift
    echo "::group::$name"
    if "$@"; then
        echo "::endgroup::"
        echo "passed: $name"
        return 0
    fi
    echo "::endgroup::"
    echo "FAILED: $name"
    failed=1
    return 1
}

tympan() { "$python" -m tympan "$@"; }
as_root() { $sudo "$python" -m tympan "$@"; }
uid_of() { plutil -extract TympanDevices.0.UID raw -o - "$1/Contents/Info.plist"; }

compile() {
    cc -O2 -Wall "$here/loopback.c" -framework CoreAudio -framework CoreFoundation -o "$work/loopback"
}

loopback() { # BUNDLE FACTOR
    "$python" "$here/loopback.py" make "$work/played" 5 48000 2 &&
        "$work/loopback" "$(uid_of "$1")" 48000 2 "$work/played" "$work/recorded" &&
        "$python" "$here/loopback.py" compare "$work/played" "$work/recorded" 2 "$2"
}

driver() { # NAME FACTOR
    bundle=$bundles/$1.driver
    step "check $1 on real CoreFoundation" tympan check "$bundle"
    step "install $1" as_root install "$bundle" --wait 180 || return
    step "doctor $1" as_root doctor "$bundle"
    step "loopback $1" loopback "$bundle" "$2"
    step "uninstall $1" as_root uninstall "$1"
}

package() { # NAME FACTOR
    bundle=$bundles/$1.driver
    step "package $1" tympan package "$bundle" --output "$work/$1.pkg" || return
    step "install the package of $1" $sudo installer -pkg "$work/$1.pkg" -target / || return
    step "doctor $1 from its package" as_root doctor "$bundle"
    step "loopback $1 from its package" loopback "$bundle" "$2"
    id=$(plutil -extract CFBundleIdentifier raw -o - "$bundle/Contents/Info.plist")
    step "the uninstaller of $1" $sudo "/Library/Application Support/$id/uninstall.sh"
    step "nothing of $1 is left" is_gone "$1" "$id"
}

is_gone() { # NAME BUNDLE-ID
    [ ! -e "/Library/Audio/Plug-Ins/HAL/$1.driver" ] && [ ! -e "/Library/Application Support/$2" ] &&
        ! pkgutil --pkg-info "$2.pkg" >/dev/null 2>&1
}

if step "compile the client" compile; then
    driver MinimalLoopback 1.0
    driver Gain 0.5
    package Gain 0.5
fi
exit $failed
