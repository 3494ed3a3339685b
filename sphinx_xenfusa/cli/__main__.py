"""``python -m sphinx_xenfusa.cli``: the ``xenfusa`` command where scripts are not on the path."""

from sphinx_xenfusa.cli import main

if __name__ == "__main__":
    main(prog_name="xenfusa")
