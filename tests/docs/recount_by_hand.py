import collections
import json
import sys

record = json.load(open(sys.argv[1], encoding="utf-8"))  # build/html/xenfusa/trace.json
for name in ("items", "verdicts"):
    key = {"items": "result", "verdicts": "kind"}[name]
    print(name, dict(collections.Counter(one[key] for one in record[name])))
