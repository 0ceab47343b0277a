"""Steps from the belt's place alone: their number, cadence, length and evenness.

A belt dips with each stance. How its ripple is told from noise, coasting and hands, with figures,
stands in firmware/README.md ("Gait"). In short:

1. Every 40 ms the place is taken from the track of belt.py.
2. rhythm.py finds the time of a step: the lag at which the belt's ripple repeats.
3. Then, from the start of the walk on, the middle half of a step's time is held against the whole:
   where the belt went less than its share, it dipped. (Half a step's time is blind to twice the
   step's rhythm, a whole one to the rhythm itself and nearly to the stride's.)
4. Dips are steps once three came in an even row; then those before count, too.

The rails' sway, where there are two, is a second witness: of a rhythm that a coarse encoder's edges
might have made, and of which side a step belongs to.
"""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .belt import lag_us
from .compat import array, const
from .evenness import Evenness
from .rhythm import FADED, FOUND, Rhythm
from .sway import Sway

_GRID_US = const(40_000)
_SHARP_NM = const(1_000_000)
_HOLD_NM = const(2_500_000)
_CLOCK_MASK = const(0x3FFFFFFF)
_PLACE_MASK = const(0x1FFFFFFF)  # as BeltSpeed.place_um
_PLACE_HALF = const(0x10000000)
_STEPS_MASK = const(0x3FFFFFF)  # 67 million: DST must fit its 100 bytes

_PLACES = const(255)  # 256 places are 10.24 s
_BACK = const(225)  # how far back a walk is looked through, so that no place in use is overwritten
_DAY = const(0x200000)  # samples; then half of them are taken off, so that no time overflows
_HALF_DAY = const(0x100000)

_STILL_UM = const(12_000)  # in 10 samples: the belt stands
_MOVING_UM = const(80_000)  # in 25: it moves
_SLOWEST_UM = const(30_000)  # in 25
_FASTEST_UM = const(8_000_000)  # in any window
_LONG = const(25)

_SEARCH_MASK = const(7)  # every 8th sample
_CATCH_UP = const(8)  # places looked at in one sample
_LONGEST_UM = const(1_500_000)  # no step is longer

# Times of dips are in 1/256 of a sample (156 us), so a lag is 256 of them.
_EVEN_LIMIT = const(26)  # 10 % of a step from the one before the last,
_EVEN_COARSE_LIMIT = const(38)  # 15 % where dips are known less well
_LOOSE_LIMIT = const(77)  # 30 %, once trusted
_COASTS = const(7680)  # 1.2 s
_RECENT = const(12)
_RECENT_SPAN = const(38_400)  # 6 s
_MINUTE_X10 = const(3_840_000)

_STANDING = const(0)
_SEARCHING = const(1)
_WALKING = const(2)


class Gait:
    """`steps`, a running count; what isn't known now is None.

    `cadence_spm_x10` and `step_length_mm` are the mean of up to twelve steps of the last six
    seconds. `evenness` tells of the last 64.
    """

    def __init__(self, nm_per_count, two_rails):
        """nm_per_count: 1 .. 1 000 000 000; two_rails: whether both have a cell."""
        self.steps = 0
        self.cadence_spm_x10 = None
        self.step_length_mm = None
        # So far behind the belt is looked at: there the edges before and behind are known.
        self.lag_us = 2 * lag_us(nm_per_count)
        # Up to 1 mm a count a ripple is seen as sharply as it is; beyond it is mostly the encoder's
        # edges, of which a mean of four places has a third.
        self._sharp = nm_per_count <= _SHARP_NM
        # … and while the belt coasts, coarser edges make ripple enough to go on counting.
        self._holds = nm_per_count > _HOLD_NM
        self.evenness = Evenness(self._sharp)
        self._latest_um = array("i", [0] * 4)
        self.sway = Sway() if two_rails else None
        self._places = array("i", [0] * (_PLACES + 1))
        self._rhythm = Rhythm(nm_per_count, self._sharp, self._places, self.sway)
        self._times = array("h", [0] * 16)  # of the last steps, and the way of each in 16 um
        self._ways = array("i", [0] * 16)
        self._recent = 0
        self._k = 0  # the sample
        self._sign = 1
        self._state = _STANDING
        self._from = 0  # where the walk began,
        self._fresh = True  # from standing
        self._trusted = False
        self._lag = 9  # a step's time in samples
        self._at = 0  # the last place looked at, and by how much it went short of its share
        self._share = 0
        self._depth = 0  # of a usual dip
        self._lowest = 0
        self._low = False
        self._down = 0
        self._up = 0
        self._dip = 0
        self._place_um = 0  # at the last dip
        self._took = 0
        self._took_before = 0
        self._good = 0
        self._pending = 0

    def start(self):
        """The belt's track begins anew. What was counted stays."""
        self._k = 0
        self._stand(0)

    def take(self, belt, rails, t_us, due_us, row_us):
        """Take places of `belt` (BeltSpeed) and the sway of `rails` (Rails) after a step at t_us.

        When the next are due, in us.

        due_us: when the next was due after t_us, 0 or less; row_us: the time since the row before.
        """
        rhythm = self._rhythm
        rhythm.row_us += row_us - rhythm.row_us >> 3
        t_us = (t_us - self.lag_us) & _CLOCK_MASK
        sway = self.sway
        while due_us <= 0:
            self._sample(belt.place_um((t_us + due_us) & _CLOCK_MASK))
            if sway is not None:
                sway.take(self._k, rails.left.force_mn, rails.right.force_mn)
            due_us += _GRID_US
        return due_us

    def _sample(self, place_um):
        places = self._places
        k = self._k + 1
        if not self._sharp:
            place_um = self._smoothed(k, place_um)
        if k == 1:
            for index in range(_PLACES + 1):
                places[index] = place_um
        elif k > _DAY:
            k -= _HALF_DAY
            self._stand(k)
            self._fresh = False
        self._k = k
        places[k & _PLACES] = place_um
        sign = self._sign
        moved_um = (place_um - places[k - 10 & _PLACES]) * sign & _PLACE_MASK
        if self._state == _STANDING:
            if moved_um < _STILL_UM or moved_um > _PLACE_MASK - _STILL_UM:
                self._from = k
                self._fresh = True
                return
            if not self._moves(k, place_um):
                return
            sign = self._sign
        elif moved_um < _STILL_UM or moved_um >= _PLACE_HALF:
            if self._trusted:
                self._finish(k)
            self._stand(k)
            return

        rhythm = self._rhythm
        rhythm.take(k, sign, k - self._from)
        if not k & _SEARCH_MASK:
            self._heed(k, rhythm.search(k, sign, self._state == _WALKING))
        if self._state == _WALKING:
            self._follow(k)

    def _smoothed(self, k, place_um):
        """The mean of the last four places."""
        latest_um = self._latest_um
        if k == 1:
            for index in range(4):
                latest_um[index] = place_um
        latest_um[k & 3] = place_um
        behind_um = 0
        for before_um in latest_um:
            before_um = place_um - before_um & _PLACE_MASK
            behind_um += before_um - _PLACE_MASK - 1 if before_um >= _PLACE_HALF else before_um
        return place_um - (behind_um >> 2) & _PLACE_MASK

    def _stand(self, k):
        self._state = _STANDING
        self._from = k
        self._fresh = True
        self._forget()

    def _forget(self):
        """There is no rhythm to trust."""
        self._trusted = False
        self._recent = 0
        self.cadence_spm_x10 = None
        self.step_length_mm = None
        self.evenness.start()

    def _moves(self, k, place_um):
        """Whether the belt has set off by now."""
        sign = 1
        moved_um = (place_um - self._places[k - _LONG & _PLACES]) & _PLACE_MASK
        if moved_um >= _PLACE_HALF:
            sign = -1
            moved_um = _PLACE_MASK - moved_um + 1
        if moved_um < _MOVING_UM:
            if k - self._from > 4 * _LONG:
                self._from = k - _LONG
                self._fresh = False  # it creeps
            return False
        self._sign = sign
        self._state = _SEARCHING
        self._rhythm.start(self._from)
        return True

    def _heed(self, k, found):
        """Follow what the rhythm showed."""
        rhythm = self._rhythm
        walking = self._state == _WALKING
        if found == FOUND:
            before = self._lag
            lag = rhythm.lag
            self._lag = lag
            # Dips that were looked for at another rhythm are looked for anew.
            other = not self._trusted and not 2 * before < 3 * lag < 5 * before
            if not walking or other:
                self._depth = rhythm.depth
                self._begin(k)
        elif found == FADED and walking and not self._brakes():
            self._lose(k)

    def _begin(self, k):
        """Go through the walk from where it began."""
        lag = self._lag
        at = self._from
        self._state = _WALKING
        self._low = False
        self._share = 0
        self._down = at << 8
        self._up = at << 8
        self._good = 0
        self._pending = 0
        self._dip = at << 8
        if at < k - _BACK:
            at = k - _BACK
            self._fresh = False
            self._dip = at - lag << 8
        elif self._fresh:
            self._pending = 1  # a belt without a motor is set off by a step
        self._at = at
        self._place_um = self._places[at & _PLACES]
        self._took = lag << 8
        self._took_before = lag << 8

    def _lose(self, k):
        """The rhythm is gone: look for another, from the last step on."""
        self._state = _SEARCHING
        if self._trusted:
            self._from = self._dip >> 8
            self._fresh = False
        self._rhythm.start(k - _LONG)
        self._forget()

    def _follow(self, k):
        """Look at the places up to k, a few at a time."""
        at = self._at
        lag = self._lag
        half = lag + 1 >> 1
        quarter = lag + 2 >> 2
        last = at + _CATCH_UP
        if last > k - half:
            last = k - half
        while at < last:
            at += 1
            self._look(at, half, quarter)
        self._at = at
        since = (at << 8) - self._dip
        if since > lag << 9:
            self.cadence_spm_x10 = None
            self.step_length_mm = None
            # Who sets off may make the first steps unseen.
            if self._fresh and self._pending == 1:
                most = 1152
            else:
                most = 900 if self._brakes() else 640
            if since > lag * most:
                self._lose(k)

    def _look(self, at, half, quarter):
        places = self._places
        sign = self._sign
        whole_um = (places[at + half & _PLACES] - places[at - half & _PLACES]) * sign & _PLACE_MASK
        middle_um = places[at + quarter & _PLACES] - places[at - quarter & _PLACES]
        middle_um = middle_um * sign & _PLACE_MASK
        if not _SLOWEST_UM >> 1 < whole_um < _FASTEST_UM or middle_um > whole_um:
            return
        share = (middle_um * half << 2) // (whole_um * quarter >> 8) - 1024
        before = self._share
        self._share = share
        if share < 0 <= before:
            self._down = (at << 8) - (-share << 8) // (before - share)
        elif before < 0 <= share:
            self._up = (at << 8) - (share << 8) // (share - before)
        limit = self._depth * 35 // 100
        least = self._rhythm.floor * 2 // 5 if self._sharp else self._rhythm.floor // 10
        if limit < least:
            limit = least
        if self._low:
            if share < self._lowest:
                self._lowest = share
            if share > limit:
                self._low = False
                depth = self._depth
                depth += -self._lowest - depth >> 2
                self._depth = depth if depth > 5 else 5
                self._step(self._down + self._up >> 1)
        elif share < -limit:
            self._low = True
            self._lowest = share

    def _step(self, dip):
        """A dip at that time."""
        lag = self._lag
        took = dip - self._dip
        if took < lag << 7:
            return
        place_um = self._places[dip >> 8 & _PLACES]
        way_um = (place_um - self._place_um) * self._sign & _PLACE_MASK
        self._dip = dip
        self._place_um = place_um
        n = 1
        if took > lag * 420:  # 1.64 steps: one of two didn't show
            n = (took + (lag << 7)) // (lag << 8)
            took //= n
        differs = took - self._took_before
        self._took_before = self._took
        self._took = took
        self._pending += n
        # Uneven ones as well: the mean of the even ones alone wouldn't be that of the walk.
        for _ in range(n):
            at = self._recent & 15
            self._times[at] = took
            self._ways[at] = (way_um if way_um < 4 * _LONGEST_UM else 0) // n >> 4
            self._recent = self._recent + 1 if self._recent < 31 else 16
        if self._trusted:
            limit = lag * _LOOSE_LIMIT
        else:
            limit = lag * (_EVEN_LIMIT if self._sharp else _EVEN_COARSE_LIMIT)
        if not -limit <= differs <= limit or way_um >= _LONGEST_UM * n:
            self.evenness.start()
            if self._trusted and self._good:
                self._good -= 1
            else:
                self._good = 0
                self._forget()
            return
        if n == 1:
            self.evenness.step(self._places, dip, lag, self._sign, self.sway)
        else:
            self.evenness.start()
        if self._good < 3:
            self._good += 1
        if self._trusted or self._good == 3:
            self._trusted = True
            self._good = 3
            # What was counted while the belt slowed down is kept back until a stride goes as far
            # as before, within 3 %.
            if not self._holds or not self._slows(2, 5):
                self.steps = self.steps + self._pending & _STEPS_MASK
                self._pending = 0
            self._tell()

    def _slows(self, steps, shift):
        """Whether the last steps went less than as many before, by more than 1/2**shift of them."""
        places = self._places
        k = self._k
        span = steps * self._lag
        middle = places[k - span & _PLACES]
        last_um = (places[k & _PLACES] - middle) * self._sign & _PLACE_MASK
        before_um = (middle - places[k - 2 * span & _PLACES]) * self._sign & _PLACE_MASK
        return last_um < before_um - (before_um >> shift)

    def _brakes(self):
        """Whether a trusted walk slows down, by a quarter from the step before to the last one."""
        return self._trusted and self._slows(1, 2)

    def _tell(self):
        """The mean of the last steps: an even number, so that a limp doesn't show."""
        times = self._times
        ways = self._ways
        at = self._recent
        most = at if at < _RECENT else _RECENT
        n = 0
        span = 0
        way = 0
        while n + 2 <= most:
            two = times[at - 1 & 15] + times[at - 2 & 15]
            if n and span + two > _RECENT_SPAN:
                break
            span += two
            way += ways[at - 1 & 15] + ways[at - 2 & 15]
            at -= 2
            n += 2
        off = span - (n * self._lag << 8)
        if not self._sharp and not -span < 12 * off < span:
            # Dips that don't keep the time at which the ripple repeats: edges are among them.
            self.cadence_spm_x10 = None
            self.step_length_mm = None
        elif n:
            self.cadence_spm_x10 = (_MINUTE_X10 * n + (span >> 1)) // span
            self.step_length_mm = (way << 1) // (n * 125)

    def _finish(self, k):
        """The belt stands: what is left to look at, and a last dip that nothing followed."""
        self._follow(k)
        self._follow(k)
        if self._pending <= 2:  # more than two while it slowed down: it coasted
            self.steps = self.steps + self._pending & _STEPS_MASK
        # The ramp hides what came last: a step that the rhythm asks for, if the belt didn't coast.
        lag = self._lag
        since = (k - 10 << 8) - self._dip
        if lag << 7 <= since < (lag << 8) + _COASTS:
            self.steps = self.steps + 1 & _STEPS_MASK
