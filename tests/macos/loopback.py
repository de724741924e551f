"""Is what was recorded from a device what was played into it, bit by bit? Used on a Mac by ci.sh, and by a test here.

    python loopback.py make PLAYED SECONDS RATE CHANNELS
    python loopback.py compare PLAYED RECORDED CHANNELS [FACTOR]
"""

import sys

import numpy as np

SILENCE = 4096  # frames at both ends: room for the delay
PATTERN = 64  # frames by which the beginning is found


def make(seconds, rate, channels, seed=2026):
    """Pseudo-random float32 between silences, the same for the same seed."""
    noise = np.random.default_rng(seed).uniform(-1, 1, (int(seconds * rate), channels)).astype(np.float32)
    silence = np.zeros((SILENCE, channels), np.float32)
    return np.concatenate([silence, noise, silence])


def compare(played, recorded, factor=1.0):
    """(whether it is the same, a sentence). ``factor``: what the driver multiplies with."""
    if not recorded.any():
        return False, "all channels are exactly zero: has the program that records no permission for the microphone?"
    expected = played * np.float32(factor)
    delay = find(expected, recorded)
    if delay is None:
        return False, "what was played is not in what was recorded"
    length = len(played) - 2 * SILENCE
    heard = recorded[SILENCE + delay : SILENCE + delay + length]
    wrong = np.flatnonzero((heard != expected[SILENCE : SILENCE + len(heard)]).any(axis=1))
    if len(heard) < length:
        return False, f"the recording ends {length - len(heard)} frames early, at a delay of {delay} frames"
    if len(wrong):
        return False, f"{len(wrong)} of {length} frames differ, the first is frame {wrong[0]}"
    return True, f"{length} frames are the same bit by bit, {delay} frames later"


def find(expected, recorded):
    """By how many frames the recording is late, or None."""
    pattern = expected[SILENCE : SILENCE + PATTERN]
    starts = np.flatnonzero((recorded == pattern[0]).all(axis=1))
    for start in starts:
        if np.array_equal(recorded[start : start + PATTERN], pattern):
            return int(start) - SILENCE
    return None


def main(command, played, *words):
    """0 when it is the same."""
    if command == "make":
        make(float(words[0]), float(words[1]), int(words[2])).tofile(played)
        return 0
    channels = int(words[1])
    first, second = (np.fromfile(name, np.float32).reshape(-1, channels) for name in (played, words[0]))
    same, sentence = compare(first, second, *map(float, words[2:]))
    print(sentence)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
