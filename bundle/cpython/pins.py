"""Where CPython's sources can be downloaded from, each with its SHA-256: data only.

The two of Debian are python.org's own archives, unchanged, from Debian's
source packages; its signed .dsc files give the checksums.
"""

#: Series -> (version, SHA-256, address). The first of a series is taken, the next when it cannot be reached.
PINS = (
    (
        "3.11.15",
        "272179ddd9a2e41a0fc8e42e33dfbdca0b3711aa5abf372d3f2d51543d09b625",
        "https://www.python.org/ftp/python/3.11.15/Python-3.11.15.tar.xz",
    ),
    (
        "3.11.2",
        "2411c74bda5bbcfcddaf4531f66d1adc73f247f529aee981b029513aefdbf849",
        "https://deb.debian.org/debian/pool/main/p/python3.11/python3.11_3.11.2.orig.tar.gz",
    ),
    (
        "3.12.13",
        "c08bc65a81971c1dd5783182826503369466c7e67374d1646519adf05207b684",
        "https://www.python.org/ftp/python/3.12.13/Python-3.12.13.tar.xz",
    ),
    (
        "3.13.13",
        "2ab91ff401783ccca64f75d10c882e957bdfd60e2bf5a72f8421793729b78a71",
        "https://www.python.org/ftp/python/3.13.13/Python-3.13.13.tar.xz",
    ),
    (
        "3.13.5",
        "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640",
        "https://deb.debian.org/debian/pool/main/p/python3.13/python3.13_3.13.5.orig.tar.xz",
    ),
    (
        "3.14.4",
        "d923c51303e38e249136fc1bdf3568d56ecb03214efdef48516176d3d7faaef8",
        "https://www.python.org/ftp/python/3.14.4/Python-3.14.4.tar.xz",
    ),
)


def of_series(series):
    """The rows of a series such as "3.11"."""
    return [row for row in PINS if row[0].rpartition(".")[0] == series]
