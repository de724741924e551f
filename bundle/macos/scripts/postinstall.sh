# Owner, modes, quarantine, signature; then coreaudiod, unless this is another volume.
bundle=${3%/}/Library/Audio/Plug-Ins/HAL/$NAME
if [ ! -d "$bundle" ]; then
    echo "$bundle is not there" >&2
    exit 1
fi
chown -R root:wheel "$bundle" || exit 1
find "$bundle" -type d -exec chmod 755 {} + || exit 1
find "$bundle" -type f -exec chmod 644 {} + || exit 1
find "$bundle/Contents/MacOS" -type f -exec chmod 755 {} + || exit 1
xattr -dr com.apple.quarantine "$bundle" 2>/dev/null
if ! codesign --verify --strict "$bundle"; then
    echo "$bundle does not have a valid signature" >&2
    exit 1
fi
[ "$3" = "$ROOT" ] || exit 0
restart_coreaudiod || echo "$NAME is installed; its device appears after a restart of the Mac" >&2
exit 0
