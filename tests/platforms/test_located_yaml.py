"""YAML with lines: every refusal names file, line, what was found and what was expected."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.platforms.located_yaml import DEPTH_LIMIT, SIZE_LIMIT, load, load_file, validate

DOCUMENT = """\
# a comment
top:
  - one
  - {two: 2, three: [3.5,
      true]}
text: |
  several
  lines
nothing:
"""


def refused(text: str, **options: int) -> str:
    with pytest.raises(InputError) as caught:
        load(text, "some.yaml", **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_value_and_key_knows_its_line():
    located = load(DOCUMENT, "some.yaml")
    assert located.data == {
        "top": ["one", {"two": 2, "three": [3.5, True]}],
        "text": "several\nlines\n",
        "nothing": None,
    }
    assert located.line_of() == 2
    assert located.line_of("top") == 3
    assert located.line_of("top", 1) == 4
    assert located.line_of("top", 1, "two") == 4
    assert located.line_of("top", 1, "three", 1) == 5
    assert located.line_of("text") == 6
    assert located.line_of("nothing") == 9
    assert located.key_lines[("top",)] == 2
    assert str(located.error(("top", 0), "a", "b")) == "some.yaml:3: found a; expected b"


def test_lines_in_the_body_of_a_directive():
    located = load(DOCUMENT, "page.rst", first_line=40)
    assert located.line_of("nothing") == 48
    assert refused("a: 1\na: 2", first_line=40).startswith("some.yaml:41: ")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_an_editor(newline):
    text = newline.join(["a: 1", 'b: "x\u2028y\x85z"', "c: 3"])
    assert load(text, "some.yaml").line_of("c") == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("off", False),
        ("'yes'", "yes"),
        ("~", None),
        ("12", 12),
        ("-1_000", -1000),
        ("0x1F", 31),
        ("0", 0),
        ("1.5e+3", 1500.0),
        ("1e3", "1e3"),
        ("2020-01-01", "2020-01-01"),
        ("'010'", "010"),
        ("=", "="),
    ],
)
def test_scalars_are_read_by_the_standard_resolvers(text, value):
    found = load(f"a: {text}", "some.yaml").data["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "line", "found", "expected"),
    [
        ("", 1, "nothing but blanks and comments", "YAML"),
        ("# only\n# comments\n", 1, "nothing but blanks and comments", "YAML"),
        ("a: !!str 1", 1, "the tag !!str", "YAML without tags"),
        ("a:\n  !!python/object/apply:os.system [x]", 2, "the tag !!python/object/apply:os.system", "YAML without"),
        ("a: !x 1", 1, "the tag !x", "YAML without tags"),
        ("a: ! 1", 1, "the tag !", "YAML without tags"),
        ("a:\n- &x 1\n- *x", 2, "the anchor &x", "YAML without anchors"),
        ("a:\n- *x", 2, "the alias *x", "YAML without aliases"),
        ("a: 1\nb:\n  c: 1\n  'c': 2", 4, "the key 'c' again (first on line 3)", "each key once"),
        ("{a: 1,\n a: 2}", 2, "the key 'a' again (first on line 1)", "each key once"),
        ("a: 1\n2: 3", 2, "the key 2", "text as a key"),
        ("on: 1", 1, "the key on, which YAML reads as true", "text as a key (in quotes)"),
        ("null: 1", 1, "the key null, which YAML reads as nothing", "text as a key (in quotes)"),
        ("[a]: 1", 1, "a list or mapping as a key", "text as a key"),
        ("a: {<<: {b: 1}}", 1, "a merge key (<<)", "YAML without merge keys"),
        ("a: 1\n---\nb: 2", 2, "a second document", "YAML of one document"),
        ("a: 1\n...\n---\n", 3, "a second document", "YAML of one document"),
        ("a: 010", 1, "the number 010, which YAML 1.1 reads as 8", "a decimal number, or text in quotes"),
        ("a: 1:30", 1, "the number 1:30, which YAML 1.1 reads as 90", "a decimal number"),
        ("a: 1:30.5", 1, "the number 1:30.5, which YAML 1.1 reads as 90.5", "a decimal number"),
        ("a: .inf", 1, "the number .inf", "a finite number"),
        ("a: .nan", 1, "the number .nan", "a finite number"),
        ("a: 9223372036854775808", 1, "the number 9223372036854775808", "a finite number, whole ones below"),
        ("a: " + "9" * 9999, 1, f"the number {'9' * 60}…", "a number that can be read"),
        ("a: " + "1" + ":1" * 9999, 1, "the number 1:1:", "a number that can be read"),
        ("a: 1\nb: 'x", 2, "malformed YAML (while scanning a quoted scalar found unexpected end of stream)", "YAML"),
        ("a:\n\t- b", 2, "malformed YAML (while scanning for the next token found character '\\t'", "YAML"),
        ("a: b: c", 1, "malformed YAML (mapping values are not allowed here)", "YAML"),
        ("a: [1, 2\nb: 3", 2, "malformed YAML (while parsing a flow sequence expected ',' or ']'", "YAML"),
        ("%YAML 9.9\n---\na", 1, "malformed YAML (found incompatible YAML document", "YAML"),
        ("a: 1\nb: \x07", 2, "the character '\\x07'", "YAML, printable text"),
        ('a: "\\x07"', 1, "text with the character '\\x07'", "text that can be printed"),
        ('a: "\\ud800"', 1, "text with the character '\\ud800'", "text that can be printed"),
    ],
)
def test_refused_with_line_and_words(text, line, found, expected):
    message = refused(text)
    assert message.startswith(f"some.yaml:{line}: found {found}")
    assert f"; expected {expected}" in message


def test_depth_and_size_have_limits():
    for brackets in ("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT, "[" * (DEPTH_LIMIT + 1), "[\n" * 500_000, "{a: " * 5_000):
        if brackets.count("[") == DEPTH_LIMIT:
            load(brackets, "some.yaml")
        else:
            assert f"found lists or mappings nested too deeply; expected YAML nested at most {DEPTH_LIMIT}" in refused(
                brackets
            )
    assert refused("a" * (SIZE_LIMIT + 1)).startswith(f"some.yaml: found {SIZE_LIMIT + 1:,} characters; expected YAML")


def test_billion_laughs_ends_at_the_first_anchor():
    laughs = "a0: &a0 [ha, ha]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 9}x]\n" for i in range(1, 30))
    assert refused(laughs) == "some.yaml:1: found the anchor &a0; expected YAML without anchors"


def test_files(tmp_path):
    path = tmp_path / "p.yaml"
    for prepare, words in (
        (lambda: None, "found no such file; expected a YAML file"),
        (lambda: path.write_bytes(b"a: 1\nb: \xff\n"), "p.yaml:2: found the byte 0xff; expected a YAML file in UTF-8"),
        (lambda: path.write_bytes(b"a: 1\nb: \0\n"), "p.yaml:2: found a NUL character; expected a YAML file"),
        (lambda: path.write_bytes(b""), "p.yaml:1: found nothing but blanks and comments"),
    ):
        prepare()
        with pytest.raises(InputError) as caught:
            load_file(path)
        assert words in str(caught.value)
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert load_file(path).line_of("b") == 2
    with pytest.raises(InputError, match="found a directory"):
        load_file(tmp_path)


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 5},
        "colour": {"enum": ["red", "green"]},
        "size": {"type": ["integer", "null"], "minimum": 1, "maximum": 9},
        "parts": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": True, "items": {"$ref": "#"}},
        "flag": {"type": "boolean"},
        "two": {"anyOf": [{"type": "string"}, {"type": "boolean"}]},
    },
}


@pytest.mark.parametrize(
    ("text", "line", "found", "expected"),
    [
        ("- a", 1, "a list of 1", "a mapping"),
        ("name: 1", 1, "the number 1 at name", "text"),
        ("name: no", 1, "false at name (yes, no, on and off without quotes mean true and false)", "text"),
        ("name: {a: 1}", 1, "a mapping at name", "text"),
        ("name:", 1, "nothing at name", "text"),
        ("name: abcdef", 1, "the text 'abcdef' at name", "at most 5 characters"),
        ("size: 1", 1, "no key 'name'", "name: text"),
        (
            "nane: x",
            1,
            "the unknown key 'nane' (did you mean name?)",
            "one of the keys colour, flag, name, parts, size",
        ),
        ("name: a\n\nzzz: 1", 3, "the unknown key 'zzz'", "one of the keys colour, flag, name, parts, size, two"),
        ("name: a\ncolour: grean", 2, "the text 'grean' at colour (did you mean green?)", "one of red, green"),
        ("name: a\nsize: 0", 2, "the number 0 at size", "at least 1"),
        ("name: a\nsize: 10", 2, "the number 10 at size", "at most 9"),
        ("name: a\nsize: 1.5", 2, "the number 1.5 at size", "a whole number or nothing"),
        ("name: a\nflag: maybe", 2, "the text 'maybe' at flag", "true or false"),
        ("name: a\nparts: []", 2, "a list of 0 at parts", "at least 1 of them"),
        ("name: a\nparts:\n- name: b\n- name: c\n- name: d", 3, "a list of 3 at parts", "at most 2 of them"),
        ("name: a\nparts:\n- name: b\n- name: b", 3, "a list of 2 at parts", "each entry once"),
        ("name: a\nparts:\n- name: b\n- parts:\n  - nam: c", 4, "no key 'name' at parts[1]", "name: text"),
        ("name: a\nparts:\n- name: b\n  more: c", 4, "the unknown key 'more' at parts[0]", "one of the keys"),
        ("flag: 1\nname: 2\nother: 3", 1, "the number 1 at flag", "true or false"),
        ("other: 3\nflag: 1", 1, "no key 'name'", "name: text"),
        ("name: a\ntwo: 1", 2, "the number 1 at two", "1 is not valid under any of the schemas"),
        ('name: a\n"x\\ny": 1', 2, "the unknown key 'x\\ny'", "one of the keys"),
    ],
)
def test_the_first_fault_against_a_schema(text, line, found, expected):
    with pytest.raises(InputError) as caught:
        validate(load(text, "some.yaml"), SCHEMA, "a thing")
    message = str(caught.value)
    assert message.startswith(f"some.yaml:{line}: found {found}; expected {expected}")
    assert message.endswith("(a thing)")
    assert "\n" not in message


def test_valid_data_passes():
    validate(load("name: a\nsize:\nparts:\n- {name: b, colour: red, two: true}", "some.yaml"), SCHEMA, "a thing")


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Co", "Cn"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdefgh ", min_size=1), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(data=PLAIN, flow=st.booleans())
def test_reads_back_what_pyyaml_writes(data, flow):
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True)
    if "&id" not in text:
        assert load(text, "some.yaml").data == data


@settings(deadline=None, max_examples=300)
@given(text=st.text(alphabet="ab01:-[]{}!&*<|>'\"%#?,~ \n\t.=@`\x07\ud800", max_size=60))
def test_nothing_but_input_errors(text):
    try:
        load(text, "some.yaml")
    except InputError as error:
        assert error.line is not None
        assert 1 <= error.line <= text.count("\n") + 1
