from pathlib import Path

project = "Xen"
extensions = ["sphinx_xenfusa"]
exclude_patterns = ["sphinx/output"]
primary_domain = "c"
highlight_language = "none"

xenfusa_oft = ["fusa/reqs/**.rst"]
xenfusa_policy = "dummy"
xenfusa_exports = ["metrics", "junit"]

# What the jobs of this pipeline kept; outside of CI there is nothing, and every test is then "not run".
results = sorted(Path(__file__).parents[1].glob("fusa-results/*"))
xenfusa_test_reports = [f"../fusa-results/{one.name}" for one in results if one.suffix in (".xml", ".tap")]
xenfusa_test_runs = [f"../fusa-results/{one.name}" for one in results if one.suffix == ".yaml"]
xenfusa_test_map = ["fusa/test_map.yaml"]
xenfusa_expected_tests = ["fusa/expected_tests.yaml"] if results else []
xenfusa_require_provenance = True
xenfusa_trace_policy = "fusa/policy.yaml"
