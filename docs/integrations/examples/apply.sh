#!/bin/sh
# Applies a Terraform plan if Verdict lets it. Needs VERDICT_URL, a token (VERDICT_TOKEN or VERDICT_TOKEN_FILE),
# VERDICT_PROJECT, VERDICT_ENVIRONMENT. Ends with the exit code of the gate where nothing was applied.
set -eu

# Run again, it is the same question: the run is that of the CI system, else one that is kept until there is an answer.
if [ -z "${VERDICT_RUN_ID:-}${TFC_RUN_ID:-}${GITHUB_RUN_ID:-}${CI_PIPELINE_ID:-}${BUILD_BUILDID:-}${BUILD_TAG:-}" ]; then
  [ -s verdict.run ] || echo "shell-$(date +%s)-$$" >verdict.run
  VERDICT_RUN_ID=$(cat verdict.run)
  export VERDICT_RUN_ID
fi

terraform plan -input=false -out=plan.tfplan
terraform show -json plan.tfplan >plan.json

code=0
verdict gate preflight --plan plan.json --project "$VERDICT_PROJECT" --environment "$VERDICT_ENVIRONMENT" \
  ${VERDICT_JUSTIFICATION:+--justification "$VERDICT_JUSTIFICATION"} --wait "${VERDICT_WAIT:-15m}" --output table || code=$?

case $code in 0 | 1) rm -f verdict.run ;; esac
case $code in
0) terraform apply -input=false plan.tfplan ;;
1) echo 'denied: nothing was applied' >&2 ;;
3) echo 'nobody has approved yet: nothing was applied; run this again to go on waiting' >&2 ;;
6) echo 'the gate could not be asked: nothing was applied; run this again' >&2 ;;
*) echo "the gate refused the question (exit $code): nothing was applied" >&2 ;;
esac
exit "$code"
