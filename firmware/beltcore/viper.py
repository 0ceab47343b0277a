"""The functions of plain.py for MicroPython's viper emitter: some thirty times faster.

A module of its own, because a build without a native emitter rejects it when it is compiled.
"""
# ruff: noqa: F821, PLR1730 (`micropython.viper`, `ptr8` are the compiler's words; viper has no min)


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


@micropython.viper
def moved_since(track: ptr32, tap: int, t_us: int, now_um: int) -> int:
    """As plain.moved_since: nothing in the track is below 0."""
    at = track[tap]
    head = track[259]
    following = at + 1 & 127
    while following != head:
        if t_us - track[following] & 0x3FFFFFFF >= 0x20000000:
            break
        at = following
        following = at + 1 & 127
    track[tap] = at
    here_um = track[at + 128]
    here_us = track[at]
    span_us = track[following] - here_us & 0x3FFFFFFF
    if span_us > 0:
        moved_um = (track[following + 128] - here_um + 0x10000000 & 0x1FFFFFFF) - 0x10000000
        fraction = (t_us - here_us & 0x3FFFFFFF) * 512 // span_us
        far = 1
        if moved_um > -1_000_000:
            if moved_um < 1_000_000:
                far = 0
        if far:
            here_um += (moved_um >> 8) * fraction >> 1
        else:
            here_um += moved_um * fraction >> 9
    return (now_um - here_um + 0x10000000 & 0x1FFFFFFF) - 0x10000000


@micropython.viper
def felt_mn(cell: ptr32, sample: int, how: int, zero_mn: int) -> int:
    """As plain.felt_mn: nothing in the cell is below 0."""
    sample += 0x800000
    a = cell[0]
    b = cell[1]
    c = cell[2]
    d = cell[3]
    cell[0] = sample
    cell[1] = a
    cell[2] = b
    cell[3] = c
    if how & 1:
        c = 0
        d = 0x1000000
    keep = 0
    if a > b:
        keep = a
        a = b
        b = keep
    if c > d:
        keep = c
        c = d
        d = keep
    if a < c:
        a = c
    if b > d:
        b = d
    if a > b:
        keep = a
        a = b
        b = keep
    middle = sample
    if middle < a:
        middle = a
    elif middle > b:
        middle = b
    if how & 2:
        smooth = middle << 2
    else:
        smooth = cell[4]
        smooth += middle - (smooth + 2 >> 2)
    cell[4] = smooth
    counts = (smooth + 2 >> 2) - cell[5]
    negative = cell[9]
    if counts < 0:
        counts = 0 - counts
        negative = 1 - negative
    high = counts // 1000
    low = counts - high * 1000
    middle = cell[7]
    rest = low * middle + high * cell[6] + low * cell[6] // 1000
    force = high * middle + (rest + 500) // 1000 + counts * cell[8]
    if negative:
        force = 0 - force
    force -= zero_mn
    if force > 0x1FFFFFFF:
        return 0x1FFFFFFF
    if force < -0x1FFFFFFF:
        return -0x1FFFFFFF
    return force
