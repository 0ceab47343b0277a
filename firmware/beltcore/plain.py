"""What takes most time, in plain Python: viper.py is held equal by tests."""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

_ZERO = 0x30


def crc16_by_table(buffer, start, end, table):
    """CRC-16 of buffer[start:end], 0 .. 0xFFFF, by the 512-byte table of crc.py; no allocation."""
    high = 0xFF
    low = 0xFF
    for position in range(start, end):
        index = (high ^ buffer[position]) << 1
        high = low ^ table[index]
        low = table[index + 1]
    return high << 8 | low


def put_number(buffer, at, value):
    """Write value, -2**30 .. 2**30-1, in decimal at buffer[at]; where it ends. No allocation."""
    if value < 0:
        buffer[at] = 0x2D  # -
        at += 1
        if value < -9:
            # The last digit apart: -(-2**30) is more than 31 bits hold.
            last = -(value % -10)
            at = put_number(buffer, at, -((value + last) // 10))
            buffer[at] = _ZERO + last
            return at + 1
        value = -value
    end = at + 1
    rest = value
    while rest >= 10:
        rest //= 10
        end += 1
    place = end
    while place > at:
        place -= 1
        rest = value // 10
        buffer[place] = value - rest * 10 + _ZERO  # in this order: it must stay within 31 bits
        value = rest
    return end


def correlate(ripple, at, sums):
    """Add the newest of `ripple` (a ring of 64) times each one before it to leaking `sums`."""
    newest = ripple[at]
    for lag in range(len(sums)):
        total = sums[lag]
        sums[lag] = total - (total >> 6) + newest * ripple[at - lag & 63]


def best_lag(sums):
    """The time of a step: the first lag, 9 .. 41, at which sums have a peak that stands out.

    sums: of 0 .. 42. What stands out is twice the sum less the one at half the lag: there a ripple
    is against itself, while at twice its time it is for itself again. 0 if nothing does.
    """
    highest = 0
    peak = 0
    for lag in range(9, 42):
        score = 2 * sums[lag] - (sums[lag >> 1] + sums[lag + 1 >> 1] >> 1)
        if score > highest:
            highest = score
            peak = sums[lag]
    before = 2 * sums[8] - sums[4]
    rising = False
    for lag in range(9, 43):
        score = 2 * sums[lag] - (sums[lag >> 1] + sums[lag + 1 >> 1] >> 1)
        if score > before:
            rising = True
        elif rising:
            if before >= highest - (highest >> 2) and sums[lag - 1] * 2 > peak:
                return lag - 1
            rising = False
        before = score
    return 0


def moved_since(track, tap, t_us, now_um):
    """How far the belt of BeltSpeed._track went from t_us to the place now_um: within 2**28 um.

    track: a ring of 128 clocks and one of their places; behind them the taps, each the number of
    the entry before its t_us, which only grows; at 259 the entry that is now.
    """
    at = track[tap]
    head = track[259]
    following = at + 1 & 127
    while following != head and t_us - track[following] & 0x3FFFFFFF < 0x20000000:
        at = following
        following = at + 1 & 127
    track[tap] = at
    here_um = track[at + 128]
    here_us = track[at]
    span_us = track[following] - here_us & 0x3FFFFFFF
    if span_us:
        moved_um = (track[following + 128] - here_um + 0x10000000 & 0x1FFFFFFF) - 0x10000000
        # Spans are at most 1.1 s: 9 bits more stay within 31.
        fraction = ((t_us - here_us & 0x3FFFFFFF) << 9) // span_us
        if -1_000_000 < moved_um < 1_000_000:
            here_um += moved_um * fraction >> 9
        else:
            here_um += (moved_um >> 8) * fraction >> 1
    return (now_um - here_um + 0x10000000 & 0x1FFFFFFF) - 0x10000000


def felt_mn(cell, sample, how, zero_mn):
    """Take a sample into `cell`, as Rail keeps it; the force, within 2**29 either way.

    Median of five, mean, and counts to mN. how: 1 for a median of three, 2 for a mean that begins
    anew. zero_mn is taken off. Samples are kept 2**23 higher, so that none is below 0.
    """
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
    # By comparing only: take away the ends of two pairs, the rest is a median of three.
    if a > b:
        a, b = b, a
    if c > d:
        c, d = d, c
    if a < c:
        a = c
    if b > d:
        b = d
    # Now a and b are the two that may be in the middle beside the sample.
    if a > b:
        a, b = b, a
    middle = a if sample < a else b if sample > b else sample
    if how & 2:
        smooth = middle << 2
    else:
        smooth = cell[4]
        # Rounded as below: a steady sample comes back as itself, from above as from below.
        smooth += middle - (smooth + 2 >> 2)
    cell[4] = smooth

    # counts * nN / 1 000 000 to the nearest mN, by long multiplication in base 1000: counts is
    # within 2**24, and no product passes 2**30.
    counts = (smooth + 2 >> 2) - cell[5]
    negative = cell[9]
    if counts < 0:
        counts = -counts
        negative = 1 - negative
    high = counts // 1000
    low = counts - high * 1000
    middle = cell[7]
    rest = low * middle + high * cell[6] + low * cell[6] // 1000
    force = high * middle + (rest + 500) // 1000 + counts * cell[8]
    force = (-force if negative else force) - zero_mn
    if force > 0x1FFFFFFF:
        return 0x1FFFFFFF
    return force if force > -0x1FFFFFFF else -0x1FFFFFFF
