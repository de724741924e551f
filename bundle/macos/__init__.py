"""What happens to a bundle after it is built: signed, notarized, packaged, installed, removed, looked after.

Written without a Mac and tested with stand-ins for Apple's commands: **not yet run** on macOS.
Nothing here is inside a bundle.
"""
