#!/bin/sh
# What one wants to know after ci.sh has failed. Reads only; NOT YET RUN on a Mac.
python=${PYTHON:-python}
sudo=${SUDO-sudo}
hal=/Library/Audio/Plug-Ins/HAL

group() { # NAME COMMAND...
    echo "::group::$1"
    shift
    "$@" 2>&1
    echo "::endgroup::"
}

group "system" sw_vers
group "integrity protection" csrutil status
group "doctor" $sudo "$python" -m tympan doctor --last 1h
group "processes" sh -c 'ps axo pid,user,etime,command | grep -i audio'
group "installed" ls -laR "$hal"
for driver in "$hal"/*.driver; do
    group "signature of $driver" codesign --display --verbose=4 "$driver"
    group "Info.plist of $driver" plutil -p "$driver/Contents/Info.plist"
done
group "devices" system_profiler SPAudioDataType
group "log" sh -c "$sudo log show --last 1h --style compact --info --debug --predicate \
'process == \"coreaudiod\" OR process CONTAINS \"Core-Audio-Driver\" OR process == \"amfid\"' | tail -n 3000"
group "crash reports" sh -c "$sudo find /Library/Logs/DiagnosticReports -name '*udio*' -exec head -n 150 {} +"
exit 0
