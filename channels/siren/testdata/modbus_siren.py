"""A siren with the register map "tocsin", played by pymodbus on a port of its own choice.

It prints "port N" once it listens, and then one line for every action: arm, start K, stop, test, limit N, tag A B.
A start without arming is answered with exception 4, an unknown hotkey with exception 3. Unit 4 is armed and never
sounds. It ends when its standard input does.
"""

import asyncio
import sys

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

SILENT_UNIT = 4


class Siren:
    """One unit: armed, sounding, and what it was told last."""

    def __init__(self, unit):
        self.unit = unit
        self.armed = False
        self.status = 0

    def say(self, *words):
        """Tell the test what was done."""
        print(self.unit, *words, flush=True)

    def start(self, key):
        """Sound a hotkey."""
        if not 1 <= key <= 60:
            return ExcCodes.ILLEGAL_VALUE
        if not self.armed:
            return ExcCodes.DEVICE_FAILURE
        self.status = 1 if self.unit == SILENT_UNIT else 2
        self.say("start", key)
        return None

    def coil(self, address):
        """A coil was switched on."""
        if address < 60:
            return self.start(address + 1)
        if address == 100:
            self.armed = True
            self.say("arm")
        elif address == 101:
            self.armed, self.status = False, 0
            self.say("stop")
        elif address == 102:
            self.status = 0x4000
            self.say("test")
        return None

    def register(self, address, values):
        """Registers were written."""
        if address == 0:
            return self.start(values[0])
        if address == 1:
            self.say("limit", values[0])
        elif address == 2:
            self.say("tag", *values)
        return None

    async def action(self, function, start, address, count, registers, values):
        """Called by pymodbus for every access."""
        del start, count
        if function == 4:
            registers[0] = self.status
        if values is None:
            return None
        if function in (5, 15):
            for offset, value in enumerate(values):
                if value and (refusal := self.coil(address + offset)):
                    return refusal
            return None
        return self.register(address, values)


def device(unit):
    """The memory of a unit: coils, discrete inputs, holding registers, input registers."""
    return SimDevice(
        unit,
        simdata=(
            [SimData(0, count=112, values=False, datatype=DataType.BITS)],
            [SimData(0, count=16, values=False, datatype=DataType.BITS)],
            [SimData(0, count=4, values=0, datatype=DataType.REGISTERS)],
            [SimData(0, count=1, values=0, datatype=DataType.REGISTERS)],
        ),
        action=Siren(unit).action,
    )


async def main():
    """Serve until standard input ends."""
    server = ModbusTcpServer([device(unit) for unit in (3, SILENT_UNIT)], address=("127.0.0.1", 0))
    await server.listen()
    print("port", server.transport.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.shutdown()


asyncio.run(main())
