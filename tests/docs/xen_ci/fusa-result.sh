#!/bin/sh
# fusa-result.sh TARGET [REPORT]: in after_script, keep what this job found for the job that builds the documentation.
# Without a report the job itself is the test, and what came of it is written as TAP.
set -eu
case "$CI_JOB_STATUS" in
    success) code=0 ok="ok" ;;
    failed) code=1 ok="not ok" ;;
    *) exit 0 ;;  # canceled: nothing was found, and the manifest of expected tests says that it is missing
esac
mkdir -p fusa-results
if [ $# -ge 2 ]; then
    file=$CI_JOB_NAME.xml
    cp "$2" "fusa-results/$file"
else
    file=$CI_JOB_NAME.tap
    printf 'TAP version 14\n1..1\n%s 1 - %s\n' "$ok" "$CI_JOB_NAME" > "fusa-results/$file"
fi
cat > "fusa-results/$CI_JOB_NAME.yaml" <<SIDE_FILE
version: 1
commit: "$CI_COMMIT_SHA"
target: "$1"
exit_code: $code
started: $CI_JOB_STARTED_AT
ended: $(date -u +%Y-%m-%dT%H:%M:%SZ)
reports:
- file: $file
  sha256: "$(sha256sum "fusa-results/$file" | cut -d ' ' -f 1)"
SIDE_FILE
