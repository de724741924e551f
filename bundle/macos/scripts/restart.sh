# Ask coreaudiod to end, insist when the same process is still there; launchd starts it again.
# Never `launchctl kickstart`: macOS 14.4 and later refuse it for coreaudiod.
is_running() {
    for pid in $(pgrep -x coreaudiod); do
        [ "$pid" = "$1" ] && return 0
    done
    return 1
}

wait_gone() {
    tries=0
    while is_running "$1"; do
        tries=$((tries + 1))
        [ "$tries" -gt 10 ] && return 1
        sleep 0.5
    done
}

restart_coreaudiod() {
    old=$(pgrep -x coreaudiod | head -n 1)
    [ -n "$old" ] || return 0
    killall coreaudiod
    wait_gone "$old" && return 0
    killall -9 coreaudiod
    wait_gone "$old" && return 0
    echo "coreaudiod (process $old) cannot be ended: restart the Mac" >&2
    return 1
}
