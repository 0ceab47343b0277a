"""The loops of plain.py for MicroPython's viper emitter: some thirty times faster.

A module of its own, because a build without a native emitter rejects it when it is compiled.
"""
# ruff: noqa: F821 (`micropython.viper` and `ptr8` are the compiler's own words)


@micropython.viper
def crc16_by_table(buffer: ptr8, start: int, end: int, table: ptr8) -> int:
    """As plain.crc16_by_table."""
    high = 0xFF
    low = 0xFF
    position = start
    while position < end:
        index = (high ^ buffer[position]) << 1
        high = low ^ table[index]
        low = table[index + 1]
        position += 1
    return high << 8 | low


@micropython.viper
def put_number(buffer: ptr8, at: int, value: int) -> int:
    """As plain.put_number."""
    if value < 0:
        buffer[at] = 0x2D
        at += 1
        value = 0 - value  # viper's integers have 32 bits
    end = at + 1
    rest = value
    while rest >= 10:
        rest //= 10
        end += 1
    place = end
    while place > at:
        place -= 1
        rest = value // 10
        buffer[place] = 0x30 + value - rest * 10
        value = rest
    return end


@micropython.viper
def correlate(ripple: ptr32, at: int, sums: ptr32):
    """As plain.correlate."""
    newest = ripple[at]
    lag = 0
    while lag < 43:
        total = sums[lag]
        sums[lag] = total - (total >> 6) + newest * ripple[at - lag & 63]
        lag += 1


@micropython.viper
def best_lag(sums: ptr32) -> int:
    """As plain.best_lag."""
    highest = 0
    peak = 0
    lag = 9
    while lag < 42:
        score = 2 * sums[lag] - (sums[lag >> 1] + sums[lag + 1 >> 1] >> 1)
        if score > highest:
            highest = score
            peak = sums[lag]
        lag += 1
    before = 2 * sums[8] - sums[4]
    rising = 0
    lag = 9
    while lag < 43:
        score = 2 * sums[lag] - (sums[lag >> 1] + sums[lag + 1 >> 1] >> 1)
        if score > before:
            rising = 1
        elif rising:
            if before >= highest - (highest >> 2) and sums[lag - 1] * 2 > peak:
                return lag - 1
            rising = 0
        before = score
        lag += 1
    return 0
