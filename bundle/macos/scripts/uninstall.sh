# Removes the driver, the package's receipt and this script, then restarts coreaudiod so that the device goes away.
# Everything is in main, which the shell has read before it starts: the script removes itself.
main() {
    if [ "$(id -u)" != 0 ]; then
        echo "error: this needs root" >&2
        echo "hint: sudo \"$0\"" >&2
        return 2
    fi
    bundle=${ROOT%/}/Library/Audio/Plug-Ins/HAL/$NAME
    if [ -e "$bundle" ]; then
        id=$(plutil -extract CFBundleIdentifier raw -o - "$bundle/Contents/Info.plist" 2>/dev/null)
        if [ "$id" != "$BUNDLE_ID" ]; then
            echo "error: $bundle is not $BUNDLE_ID, so it is left alone" >&2
            return 1
        fi
        rm -rf "$bundle" || return 1
    fi
    if pkgutil --pkg-info "$BUNDLE_ID.pkg" >/dev/null 2>&1; then
        pkgutil --forget "$BUNDLE_ID.pkg" >/dev/null || return 1
    fi
    rm -rf "${ROOT%/}/Library/Application Support/$BUNDLE_ID" || return 1
    restart_coreaudiod || return 1
    echo "Removed $NAME"
}

main
exit $?
