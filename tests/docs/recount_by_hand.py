import collections
import json
import pathlib
import sys

record = json.loads(pathlib.Path(sys.argv[1]).read_text("utf-8"))  # build/html/xenfusa/trace.json
for name, key in (("items", "result"), ("verdicts", "kind")):
    print(name, dict(collections.Counter(one[key] for one in record[name])))
