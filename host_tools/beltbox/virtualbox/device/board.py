"""The ESP32 board: which pin leads where, and what a reset clears. One board, `board`."""

from .clock import clock


class Board:
    """Filled by the runner before the firmware starts; read by the modules that replace
    MicroPython's."""

    def __init__(self):
        self.world = None
        self.flash = None
        self.pins = {}
        self.unique_id = b""
        self.reset_cause = 1
        self.tick_cost_us = 0
        self.watchdog_timeout_us = 0
        self.nvs = {}
        self.rtc_memory = b""
        self._sck_cells = {}
        self._dout_cells = {}

    def wire(self, world, pins):
        """Connect the world to the pins; `pins` maps the wires (../boards.py) to numbers."""
        self.world = world
        self.pins = pins
        left, right = world.cells
        self._sck_cells = {pins["left_sck"]: left, pins["right_sck"]: right}
        self._dout_cells = {pins["left_dout"]: left, pins["right_dout"]: right}

    def cell_at_sck(self, pin):
        return self._sck_cells.get(pin)

    def cell_at_dout(self, pin):
        return self._dout_cells.get(pin)

    def reset(self):
        """Pins float: every SCK is pulled low. Uncommitted NVS values are lost."""
        for cell in self._sck_cells.values():
            cell.sck(0, clock.now_us)
        self.nvs = self.flash.read_nvs()
        self.world.watchdog_at_us = None
        self.world.interrupts.watch(None, None)


board = Board()
