# Refuse what would leave two drivers of one identity, before anything is written.
hal=${3%/}/Library/Audio/Plug-Ins/HAL
for other in "$hal"/*.driver; do
    [ -e "$other" ] || continue
    id=$(plutil -extract CFBundleIdentifier raw -o - "$other/Contents/Info.plist" 2>/dev/null)
    if [ "$other" = "$hal/$NAME" ]; then
        if [ "$id" != "$BUNDLE_ID" ]; then
            echo "$other is there and is not $BUNDLE_ID: remove it first" >&2
            exit 1
        fi
    elif [ "$id" = "$BUNDLE_ID" ]; then
        echo "$other has the same bundle identifier: remove it first" >&2
        exit 1
    fi
done
exit 0
