mkdir -p results
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
code=0
./xtf-runner --junit results/xtf.xml || code=$?
cat > results/xtf.yaml <<EOF
version: 1
command: [./xtf-runner, --junit, results/xtf.xml]
exit_code: $code
started: $started
ended: $(date -u +%Y-%m-%dT%H:%M:%SZ)
commit: "$CI_COMMIT_SHA"
dirty: false
target: "$CI_RUNNER_DESCRIPTION"
reports:
- file: xtf.xml
  sha256: "$(sha256sum results/xtf.xml | cut -d ' ' -f 1)"
EOF
exit $code
