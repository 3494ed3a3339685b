"""Random models in the rule language, as source text: what the engines are held against one another with."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from random import Random
from types import ModuleType

WIDE = 2**38

HEAD = """
from dataclasses import dataclass
from enum import Enum

from sphinx_xenfusa.explore.language import RuleModel, State, array, flag, inlined, one_of, require, tabulated, within


class Light(Enum):
    RED = "red"
    AMBER = "amber"
    GREEN = "green"


@dataclass(frozen=True)
class Size:
    of: int = 3


@tabulated(light=Light, level=range(-3, 5))
def bright(light: Light, level: int) -> int:
    return (len(light.value) * level) % 5 - 1


@tabulated(light=Light, lit=bool)
def passing(light: Light, lit: bool) -> bool:
    return lit and light is not Light.RED
"""


class Maker:
    """Writes one model.

    :param wide: whether a state takes more than one word.
    :param bounded: whether every assignment stays in its bounds; otherwise some may leave them.
    """

    def __init__(self, random: Random, *, wide: bool, bounded: bool) -> None:
        self.random = random
        self.wide, self.bounded = wide, bounded
        self.names: list[str] = []
        self.fresh = 0
        self.low = random.randint(-3, 0)
        self.high = random.randint(1, 4)
        self.length = random.randint(2, 3)
        self.most = random.randint(1, 3)

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    # ---- expressions ----

    def index(self, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.3:
            return str(self.random.randrange(self.length))
        return f"({self.number(depth - 1)}) % {self.length}"

    def number(self, depth: int) -> str:
        leaves = [str(self.random.randint(-2, 3)), "s.level", f"s.held[{self.random.randrange(self.length)}]", "c.of"]
        if self.wide:
            leaves.append(f"s.vast // {WIDE}")
        leaves.extend(self.names)
        if depth <= 0:
            return self.random.choice(leaves)
        a, b = self.number(depth - 1), self.number(depth - 1)
        small = f"({a}) % 4"
        return self.one(
            *leaves,
            f"s.held[{self.index(depth)}]",
            f"({a} + {b})",
            f"({a} - {b})",
            f"({a} * {b})",
            f"-({a})",
            f"({a} // {self.random.randint(1, 4)})",
            f"({a} % {self.random.randint(1, 5)})",
            f"({a} % (1 + s.held[0]))",
            f"min({a}, {b})",
            f"max({a}, {b}, 0)",
            f"({small} {self.one('&', '|', '^', '<<', '>>')} {b} % 3)",
            f"({a} if {self.truth(depth - 1)} else {b})",
            f"bright(s.light, max(-3, min(4, {a})))",
            f"sum(s.held[i] for i in range({self.length}))",
            "total(s, c)",
            "int(s.on)",
            f"(3, 1, 2)[{a} % 3]",
        )

    def truth(self, depth: int) -> str:
        leaves = ["s.on", f"s.lit[{self.index(depth)}]", f"(s.light == Light.{self.light()})"]
        if depth <= 0:
            return self.random.choice(leaves)
        a, b = self.number(depth - 1), self.number(depth - 1)
        p, q = self.truth(depth - 1), self.truth(depth - 1)
        return self.one(
            *leaves,
            f"({a} {self.one('<', '<=', '==', '!=', '>', '>=')} {b})",
            f"({p} and {q})",
            f"({p} or {q})",
            f"(not {p})",
            f"(({p}) == ({q}))",
            "(s.light in (Light.RED, Light.GREEN))",
            f"{self.one('any', 'all')}(s.held[i] > {self.random.randint(0, 2)} for i in range({self.length}))",
            f"(0 <= {a} < 3)",
            f"passing(s.light, {p})",
        )

    def light(self) -> str:
        return self.one("RED", "AMBER", "GREEN")

    def kept_in(self, number: str, low: int, high: int) -> str:
        """A number brought into bounds, in one way or another."""
        if not self.bounded and self.random.random() < 0.3:
            return number
        if low <= 0 and self.random.random() < 0.3:
            return f"max({low}, min({high}, {number}))"
        return f"({number}) % {high - low + 1} + {low}"

    # ---- statements ----

    def statements(self, depth: int, indent: str) -> list[str]:
        known = list(self.names)
        found: list[str] = []
        for _ in range(self.random.randint(1, 3)):
            found.extend(indent + line for line in self.statement(depth))
        self.names = known
        return found

    def statement(self, depth: int) -> list[str]:
        kind = self.random.randrange(10 if depth else 7)
        if kind == 0:
            return [f"s.on = {self.truth(2)}"]
        if kind == 1:
            return [f"s.light = Light.{self.light()} if {self.truth(1)} else s.light"]
        if kind == 2:
            return [f"s.level = {self.kept_in(self.number(2), self.low, self.high)}"]
        if kind == 3:
            return [f"s.held[{self.index(2)}] = {self.kept_in(self.number(2), 0, self.most)}"]
        if kind == 4:
            return [f"s.lit[{self.index(2)}] = {self.truth(2)}"]
        if kind == 5:
            return [f"s.vast = {WIDE} * ({self.number(1)} % 3) + 5"] if self.wide else ["flip(s, c)"]
        if kind == 6:
            self.fresh += 1
            name = f"x{self.fresh}"
            line = f"{name} = {self.number(2)}"
            self.names.append(name)
            return [line]
        if kind == 7:
            return [f"require({self.truth(2)})"]
        lines = [f"if {self.truth(2)}:", *self.statements(depth - 1, "    ")]
        if kind == 9:
            self.fresh += 1
            name = f"x{self.fresh}"
            lines = [f"{name} = {self.number(1)}", *lines, f"    {name} = {self.number(1)}"]
            lines += ["else:", *self.statements(depth - 1, "    ")]
            self.names.append(name)
        return lines

    # ---- the model ----

    def text(self) -> str:
        lines = [HEAD, "", "class Box(State):", "    light: Light = one_of(Light)", "    on: bool = flag()"]
        lines.append(
            f"    level: int = within({self.low}, {self.high}, initial={self.random.randint(self.low, self.high)})"
        )
        if self.wide:
            lines.append("    vast: int = within(-5, 2 ** 40)")
            lines.append("    deep: list[int] = array(2, within(0, 2 ** 20 - 1), initial=77)")
        lines.append(f"    held: list[int] = array({self.length}, within(0, {self.most}))")
        lines.append(f"    lit: list[bool] = array({self.length}, flag())")
        lines += ["", 'MODEL = RuleModel("generated", Box, Size())', ""]
        lines += ["@inlined", "def total(s: Box, c: Size) -> int:", "    least = min(s.held[0], s.level)"]
        lines += ["    return least + (1 if s.on else 0)", ""]
        lines += ["@inlined", "def flip(s: Box, c: Size) -> None:", "    for i in range(2):"]
        lines += ["        s.lit[i] = not s.lit[i]", ""]
        lines += ['@MODEL.rule("clock", "the test", by=(1, 2))', "def tick(s: Box, c: Size, by: int) -> None:"]
        lines += [f"    s.level = (s.level + by) % {self.high - self.low + 1} + {self.low}", ""]
        lines += ['@MODEL.rule("lamp", "the test", to=Light)', "def turn(s: Box, c: Size, to: Light) -> None:"]
        lines += [f"    require(s.light is not to and s.level != {self.high})", "    s.light = to", ""]
        for number in range(self.random.randint(3, 6)):
            bounded = self.random.random() < 0.5
            self.names = ["by"] if bounded else []
            lines.append(f'@MODEL.rule("somebody", "the test"{", by=(0, 2)" if bounded else ""})')
            lines.append(f"def rule{number}(s: Box, c: Size{', by: int' if bounded else ''}) -> None:")
            requirement = [f"    require({self.truth(1)})"] if self.random.random() < 0.4 else []
            lines += [*requirement, *self.statements(2, "    "), ""]
        for number in range(2):
            self.names = []
            lines += ["@inlined", f"def watch{number}(s: Box, c: Size) -> bool:", f"    return {self.truth(3)}", ""]
        return "\n".join(lines)


def loaded(text: str, folder: Path, number: int) -> ModuleType:
    """The text as a module."""
    file = folder / f"generated_{number}.py"
    file.write_text(text, "utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
