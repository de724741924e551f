from typing import final

from tympan._driver import Driver

@final
class PlugIn:
    @property
    def address(self) -> int: ...

def create(driver_class: type[Driver]) -> PlugIn: ...
