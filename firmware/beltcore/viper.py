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


# ptr32 reads a negative number as one of 32 bits without sign where viper's integers have 64.
# `wrap` mends that, and is 0 where they have 32; written as a literal it would be an object.


@micropython.viper
def correlate(ripple: ptr32, at: int, sums: ptr32):
    """As plain.correlate."""
    wrap = 65536
    wrap = wrap * wrap
    newest = ripple[at]
    if newest > 0x3FFFFFFF:
        newest -= wrap
    lag = 0
    while lag < 43:
        total = sums[lag]
        if total > 0x3FFFFFFF:
            total -= wrap
        older = ripple[at - lag & 63]
        if older > 0x3FFFFFFF:
            older -= wrap
        sums[lag] = total - (total >> 6) + newest * older
        lag += 1


@micropython.viper
def best_lag(sums: ptr32) -> int:
    """As plain.best_lag."""
    wrap = 65536
    wrap = wrap * wrap
    highest = 0
    peak = 0
    # Twice: first for the highest score, then for the first peak near it.
    turn = 0
    while turn < 2:
        before = 0x3FFFFFFF
        last = 0
        rising = 0
        lag = 8
        while lag < 43:
            whole = sums[lag]
            if whole > 0x3FFFFFFF:
                whole -= wrap
            low = sums[lag >> 1]
            if low > 0x3FFFFFFF:
                low -= wrap
            high = sums[lag + 1 >> 1]
            if high > 0x3FFFFFFF:
                high -= wrap
            score = 2 * whole - (low + high >> 1)
            if turn == 0:
                if score > highest and 9 <= lag:
                    if lag < 42:
                        highest = score
                        peak = whole
            elif score > before:
                rising = 1
            elif rising:
                if before >= highest - (highest >> 2) and last * 2 > peak:
                    return lag - 1
                rising = 0
            before = score
            last = whole
            lag += 1
        turn += 1
    return 0
