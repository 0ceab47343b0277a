"""The two loops over a sentence's bytes, in plain Python: viper.py is held equal by tests."""

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
