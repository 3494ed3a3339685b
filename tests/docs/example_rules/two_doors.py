"""Two doors with a lock between them: never both open, and whoever is inside gets out."""

from dataclasses import dataclass

from sphinx_xenfusa.claims.rule_claims import RuleClaim
from sphinx_xenfusa.claims.rule_properties import Always, CanAlwaysReach, Reachable
from sphinx_xenfusa.explore.language import RuleModel, State, array, flag, inlined, require, within


@dataclass(frozen=True)
class Bounds:
    """The constants: how many people there are, and whether there is a lock."""

    people: int = 2
    lock: bool = True


class Airlock(State):
    """Two doors, 0 and 1, and how many people are between them."""

    open: list[bool] = array(2, flag())
    inside: int = within(0, lambda c: c.people)


DOORS = RuleModel("two doors", Airlock, Bounds())


@inlined
def both_open(s: Airlock, c: Bounds) -> bool:
    return s.open[0] and s.open[1]


@DOORS.rule("somebody", "the example, section 1", door=(0, 1))
def open_door(s: Airlock, c: Bounds, door: int) -> None:
    require(not s.open[door] and (not c.lock or not s.open[1 - door]))
    s.open[door] = True


@DOORS.rule("somebody", "the example, section 1", door=(0, 1))
def close_door(s: Airlock, c: Bounds, door: int) -> None:
    require(s.open[door])
    s.open[door] = False


@DOORS.rule("somebody", "the example, section 2")
def enter(s: Airlock, c: Bounds) -> None:
    require(s.open[0] and s.inside < c.people)
    s.inside += 1


@DOORS.rule("somebody", "the example, section 2")
def leave(s: Airlock, c: Bounds) -> None:
    require(s.open[1] and s.inside > 0)
    s.inside -= 1


def not_both_open(s: Airlock, c: Bounds) -> bool:
    return not both_open(s, c)


def one_open(s: Airlock, c: Bounds) -> bool:
    return s.open[0] or s.open[1]


def occupied(s: Airlock, c: Bounds) -> bool:
    return s.inside > 0


def empty(s: Airlock, c: Bounds) -> bool:
    return s.inside == 0


CLAIMS = (
    RuleClaim(
        "two_doors_lock",
        "Without the lock both doors can be open; with it they never are.",
        "two doors, two people",
        (
            Reachable(DOORS.system(Bounds(lock=False)), "both doors are open", both_open, "they never are"),
            Always(DOORS.system(), "a door is open", one_open, not_both_open, "both doors are open"),
        ),
    ),
    RuleClaim(
        "two_doors_way_out",
        "Whoever is between the doors can get out.",
        "two doors, two people",
        (CanAlwaysReach(DOORS.system(), "somebody is inside", occupied, empty, "somebody cannot get out"),),
    ),
)
