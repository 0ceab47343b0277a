"""The zero of the rails, followed while hands are provably off, and what is wrong for longer.

A load cell's zero wanders with temperature and creep: by newtons in minutes. A hand isn't still: it
trembles at 8 to 12 Hz, and sways with the stride or with the balance of who stands. So for each
side the last 3.6 s are judged by two measures that drift has no part in: the spread of the means
of 0.3 s (sway), and how much the force bends from look to look (tremor). Quiet is a spread that
the noise alone explains, and no more trembling than at the quietest. While both sides have been
quiet for 5 s and near zero, the zeros follow. How near is near grows with the time since they
were last known, as drift does; a level that was found quiet and far once is taken for a hand or a
jump wherever it stays. Which leans this tells, and which it can't, stands in firmware/README.md.
"""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .compat import array, const

# What `Rail.lasting` tells, of a left side; the bits of beltcore.flags.
_ZERO_JUMPED = const(64)
_NOISY = const(256)
_SLOW = const(1024)
_FLIPPED = const(4096)

_GAP_US = const(500_000)
_LOOKS = const(8)  # in a block
_BLOCKS = const(12)  # in the window
_WINDOW_LOOKS = const(96)
_CALM_BLOCKS = const(4)  # the window must have been quiet for so long on top of its own length

# Sway. Of white noise with a mean bend m the means of blocks have a variance of 0.55 m2; 2.8 times
# that is passed by chance once in a thousand times (chi squared, 11 degrees of freedom). 0.2 N RMS
# are always allowed: 1/f noise and a frame that shakes.
_SPREAD_MN2 = const(480_000)  # of 12 blocks
_SPREAD_BENDS = const(18)  # 12 * 2.8 * 0.55
_FAR_MN = const(8_000)  # between two blocks: 12 squares of it stay within 31 bits
_FORCE_MOST_MN = const(80_000_000)  # 12 of them stay within 31 bits
_BEND_MOST_MN = const(10_000)
_MEAN_BEND_MOST_MN = const(5_000)

# Tremor: half as much again as at the quietest. 20 mN are always allowed: a tremor of 0.04 N.
_BEND_MN = const(20)
_FLOOR_UNKNOWN = const(0x3FFFFFFF)
_FLOOR_SHIFT = const(8)  # the floor is kept in parts of a mN
_FLOOR_FALL_SHIFT = const(3)
_FLOOR_RISE_SHIFT = const(13)  # by e in 40 minutes

# Drift is slow. A followed zero moves by 3 N/min; for the time that it couldn't be followed it has
# credit, which it may make up for faster, and which is lost when the zero is found again.
_DRIFT_MN = const(15)  # a block
_CREDIT_FIRST_MN = const(1_500)
_CREDIT_MOST_MN = const(8_500)
_NEAR_MN = const(1_500)  # what is further than this and the credit isn't drift
_HELD_BLOCKS = const(24)  # not quiet for so long: held

_STEP_MN = const(300)  # a block: 1 N/s
# 40 minutes at 2 N/min; beyond it something else is wrong.
_LIMIT_MN = const(80_000)

_JUMPED_BLOCKS = const(33)  # 10 s
_JUMPED_SHARP = const(16)  # times the mean bend: above what noise does in ten minutes
# A hand sways, by more than a sixty-fourth of its force, RMS; and noise alone by 0.74 mean bends.
_JUMPED_STILL = const(64)
_JUMPED_NOISE = const(48)

# 6 N RMS in the samples leave 2 N RMS in the force; a wheel that rolls shakes its cells by half
# of that (the recording wheel_pushes).
_LOUD_MN = const(9_000)  # the bends of a block
_LOUD_SHIFT = const(3)  # and an eighth of the force: a heavy hand trembles by newtons
_LOUD_LEAST_MN = const(6_000)  # in every block of the window
_LOUD_ON = const(24)
_LOUD_OFF = const(8)
_SAMPLE_LONGEST_US = const(25_000)  # 40 a second
_FLIPPED_BLOCKS = const(20)  # 6 s
_FLIPPED_LEAST_MN = const(15_000)


class ZeroFollower:
    """Both sides: looks at the forces every 37.5 ms, moves `Rail.zero_mn`, sets `Rail.lasting`."""

    def __init__(self, left, right, weight_mn):
        """left, right: Rail. weight_mn: the body weight, 196 133 .. 2 941 995."""
        # A twentieth of the body weight: a pull upward that lasts is no hand's.
        pull_mn = weight_mn // 20
        if pull_mn < _FLIPPED_LEAST_MN:
            pull_mn = _FLIPPED_LEAST_MN
        self._left = _Side(left, pull_mn) if left.present else None
        self._right = _Side(right, pull_mn) if right.present else None
        self._looks = 0  # in this block
        self._blocks = 0  # in the window, up to all
        self._at = 0  # the block that comes next
        self._window_us = 0  # since the ring's first block
        self._calm = 0  # blocks in a row in which all sides were quiet

    def look(self, dt_us):
        """Look at the forces, 31 ms or more after the look before (dt_us, 0 .. 2**30-1)."""
        left = self._left
        right = self._right
        if (
            dt_us > _GAP_US
            or (left is not None and left.rail.force_mn is None)
            or (right is not None and right.rail.force_mn is None)
        ):
            self._begin_again()
            return
        first = self._looks + self._blocks == 0
        if left is not None:
            left.look(first)
        if right is not None:
            right.look(first)
        self._window_us += dt_us
        self._looks += 1
        if self._looks == _LOOKS:
            self._looks = 0
            self._block()

    def _begin_again(self):
        if self._looks + self._blocks == 0:
            return
        self._looks = 0
        self._blocks = 0
        self._at = 0
        self._window_us = 0
        self._calm = 0
        if self._left is not None:
            self._left.begin_again()
        if self._right is not None:
            self._right.begin_again()

    def _block(self):
        """A block is full."""
        left = self._left
        right = self._right
        at = self._at
        full = self._blocks >= _BLOCKS - 1
        quiet = full
        if left is not None:
            left.block(at, full)
            quiet = left.quiet
        if right is not None:
            right.block(at, full)
            quiet = quiet and right.quiet
        if not full:
            self._blocks += 1
        self._at = at + 1
        if at + 1 == _BLOCKS:
            self._at = 0
            if left is not None:
                left.ring(self._window_us)
            if right is not None:
                right.ring(self._window_us)
            self._window_us = 0
        if not quiet:
            self._calm = 0
            return
        if self._calm < _CALM_BLOCKS:
            self._calm += 1
            return
        # Both are asked: each remembers what it refused.
        near = left is None or left.near()
        if right is not None:
            near = right.near() and near
        if near:
            if left is not None:
                left.follow()
            if right is not None:
                right.follow()


class _Side:
    """One side: how it looked lately, and what follows from that."""

    def __init__(self, rail, pull_mn):
        """rail: Rail. pull_mn: a pull upward by more is no hand's."""
        self.rail = rail
        self.quiet = False
        self._pull_mn = pull_mn
        # Forces from here on are those that the settings' zero gives.
        self._last_mn = 0
        self._change_mn = 0
        self._sum_mn = 0  # of the block, and how much it bent
        self._bend_mn = 0
        self._means_mn = array("i", [0] * _BLOCKS)
        self._bends_mn = array("i", [0] * _BLOCKS)
        self._bends_sum_mn = 0
        self._level_mn = 0  # the mean of the window
        self._floor = _FLOOR_UNKNOWN  # the quietest mean bend
        self._credit_mn = _CREDIT_FIRST_MN
        self._refused = False  # whether a quiet level was too far, which, and for how long
        self._refused_mn = 0
        self._refused_blocks = 0
        self._sharpest_mn = 0  # the most that the force changed in two looks, since it was near
        # How it was held: the mean of a window that wasn't quiet, and of the one before it.
        self._unquiet = 0
        self._held = False
        self._held_mn = 0
        self._latest_mn = 0
        self._loud = 0
        self._pulled = 0

    def look(self, first):
        """Take the force as it is now. first: of a window."""
        rail = self.rail
        force_mn = rail.force_mn + rail.zero_mn
        if force_mn > _FORCE_MOST_MN:
            force_mn = _FORCE_MOST_MN
        elif force_mn < -_FORCE_MOST_MN:
            force_mn = -_FORCE_MOST_MN
        before_mn = self._change_mn
        change_mn = 0 if first else force_mn - self._last_mn
        bend_mn = change_mn - before_mn
        if bend_mn < 0:
            bend_mn = -bend_mn
        sharp_mn = change_mn + before_mn
        if sharp_mn < 0:
            sharp_mn = -sharp_mn
        if sharp_mn > self._sharpest_mn:
            self._sharpest_mn = sharp_mn
        self._last_mn = force_mn
        self._change_mn = change_mn
        self._sum_mn += force_mn
        self._bend_mn += bend_mn if bend_mn < _BEND_MOST_MN else _BEND_MOST_MN

    def begin_again(self):
        """The window starts anew."""
        self.quiet = False
        self._change_mn = 0
        self._sum_mn = 0
        self._bend_mn = 0
        self._bends_sum_mn = 0
        self._refused_blocks = 0
        self._pulled = 0
        self.rail.taken = 0
        for block in range(_BLOCKS):
            self._bends_mn[block] = 0

    def block(self, at, full):
        """The block `at` of the ring is full. full: the ring is, too."""
        mean_mn = self._sum_mn >> 3
        bend_mn = self._bend_mn
        self._sum_mn = 0
        self._bend_mn = 0
        self._means_mn[at] = mean_mn
        self._bends_sum_mn += bend_mn - self._bends_mn[at]
        self._bends_mn[at] = bend_mn
        if self._credit_mn < _CREDIT_MOST_MN:
            self._credit_mn += _DRIFT_MN
        self.quiet = full and self._is_quiet()
        if self.quiet:
            self._unquiet = 0
        elif self._unquiet < _HELD_BLOCKS:
            self._unquiet += 1
        mean_mn -= self.rail.zero_mn
        self._listen(bend_mn, mean_mn)
        self._feel(mean_mn)

    def _is_quiet(self):
        """Whether the window shows neither sway nor tremor."""
        mean_bend_mn = self._bends_sum_mn // _WINDOW_LOOKS
        if mean_bend_mn > _MEAN_BEND_MOST_MN:
            return False
        floor = self._floor
        bend = mean_bend_mn << _FLOOR_SHIFT
        if floor == _FLOOR_UNKNOWN:
            floor = bend
        elif bend < floor:
            floor -= floor - bend >> _FLOOR_FALL_SHIFT
        else:
            floor += (floor >> _FLOOR_RISE_SHIFT) + 1
        self._floor = floor
        if mean_bend_mn > _BEND_MN and bend > floor + (floor >> 1) + (floor >> 3):
            return False
        means_mn = self._means_mn
        range_mn = max(means_mn) - min(means_mn)
        if range_mn > _FAR_MN:
            return False
        self._level_mn = sum(means_mn) // _BLOCKS
        most_mn2 = _SPREAD_MN2 + _SPREAD_BENDS * mean_bend_mn * mean_bend_mn
        # 12 squares that span a range add up to between a half and three times its square.
        range_mn2 = range_mn * range_mn
        if range_mn2 >> 1 > most_mn2:
            return False
        return 3 * range_mn2 <= most_mn2 or self._spread_mn2() <= most_mn2

    def _spread_mn2(self):
        """The sum of the squares by which the means of the blocks differ from the level."""
        level_mn = self._level_mn
        squares_mn2 = 0
        for mean_mn in self._means_mn:
            mean_mn -= level_mn
            squares_mn2 += mean_mn * mean_mn
        return squares_mn2

    def near(self):
        """Quiet for long enough: whether the level is where drift may have brought the zero."""
        level_mn = self._level_mn
        away_mn = level_mn - self.rail.zero_mn
        if away_mn < 0:
            away_mn = -away_mn
        if away_mn <= self._credit_mn + _NEAR_MN:
            if away_mn <= _NEAR_MN:
                return True
            same_mn = away_mn >> 1
            if same_mn < _NEAR_MN:
                same_mn = _NEAR_MN
            if not (self._refused and -same_mn < level_mn - self._refused_mn < same_mn) and not (
                self._held and -same_mn < level_mn - self._held_mn < same_mn
            ):
                return True
        self._refused = True
        self._refused_mn = level_mn
        if self._refused_blocks < _JUMPED_BLOCKS:
            self._refused_blocks += 1
            return False
        if self._is_jump(away_mn):
            self.rail.lasting |= _ZERO_JUMPED
        return False

    def _is_jump(self, away_mn):
        """Whether a quiet level so far from the zero, for so long, is no hand."""
        noise_mn = self._bends_sum_mn // _WINDOW_LOOKS
        # It didn't land as a hand does, which takes a tenth of a second and more …
        sharp_mn = self._sharpest_mn
        least_mn = away_mn - (away_mn >> 2) - (away_mn >> 3)
        if least_mn < sharp_mn < away_mn + (away_mn >> 2) and away_mn >= _JUMPED_SHARP * noise_mn:
            return True
        # … or it doesn't sway as one, and the noise couldn't hide that.
        sway_mn = away_mn // _JUMPED_STILL
        if sway_mn > _FAR_MN:
            sway_mn = _FAR_MN
        return (
            away_mn >= _JUMPED_NOISE * noise_mn
            and self._spread_mn2() <= sway_mn * sway_mn * _BLOCKS
        )

    def follow(self):
        """Both sides are off: move the zero towards the level."""
        rail = self.rail
        self._refused = False
        self._refused_blocks = 0
        self._held = False
        self._sharpest_mn = 0
        rail.lasting &= ~_ZERO_JUMPED
        away_mn = self._level_mn - rail.zero_mn
        credit_mn = self._credit_mn  # this block's drift is in it
        most_mn = credit_mn if credit_mn < _STEP_MN else _STEP_MN
        step_mn = away_mn // 2
        if step_mn > most_mn:
            step_mn = most_mn
        elif step_mn < -most_mn:
            step_mn = -most_mn
        zero_mn = rail.zero_mn + step_mn
        if -_LIMIT_MN <= zero_mn <= _LIMIT_MN:
            rail.zero_mn = zero_mn
            away_mn -= step_mn
        credit_mn -= step_mn if step_mn > 0 else -step_mn
        if away_mn < 0:
            away_mn = -away_mn
        self._credit_mn = credit_mn if credit_mn < away_mn else away_mn

    def _listen(self, bend_mn, mean_mn):
        """Noisy: most blocks of some seconds are louder than noise may be, or a hand's tremor."""
        if mean_mn < 0:
            mean_mn = -mean_mn
        # Hands that push and catch are loud for moments; noise never falls quiet.
        if bend_mn > _LOUD_MN + (mean_mn >> _LOUD_SHIFT) and min(self._bends_mn) > _LOUD_LEAST_MN:
            if self._loud < 2 * _LOUD_ON:
                self._loud += 1
                if self._loud == _LOUD_ON:
                    self.rail.lasting |= _NOISY
        elif self._loud:
            self._loud -= 1
            if self._loud == _LOUD_OFF:
                self.rail.lasting &= ~_NOISY

    def _feel(self, mean_mn):
        """Sign flipped: pulled up for long by something that isn't still; until it is pressed."""
        if mean_mn > self._pull_mn:
            self._pulled = 0
            self.rail.lasting &= ~_FLIPPED
        elif mean_mn >= -self._pull_mn or self.quiet:
            self._pulled = 0
        elif self._pulled < _FLIPPED_BLOCKS:
            self._pulled += 1
            if self._pulled == _FLIPPED_BLOCKS:
                self.rail.lasting |= _FLIPPED

    def ring(self, window_us):
        """The ring is full of blocks that weren't in it when it was full before."""
        if self._unquiet == _HELD_BLOCKS:
            # The window of a release isn't quiet, either: the one before it is what was held.
            self._held = True
            self._held_mn = self._latest_mn
            self._latest_mn = sum(self._means_mn) // _BLOCKS
        # Slow: fewer than 40 samples a second.
        rail = self.rail
        if rail.taken < window_us // _SAMPLE_LONGEST_US:
            rail.lasting |= _SLOW
        else:
            rail.lasting &= ~_SLOW
        rail.taken = 0
