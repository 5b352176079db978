const MARKS = { passed: 'ok  ', failed: 'FAIL', not_applicable: 'n/a ' };
const VERDICTS = {
    intact: 'INTACT',
    not_intact: 'NOT INTACT',
    cannot_check: 'CANNOT CHECK',
};
/** The report as lines for people: one per check, its evidence indented, the verdict last. */
export const textReport = (report) => {
    const lines = report.checks.flatMap((check) => [
        `${MARKS[check.status]} ${check.number.toString().padStart(2)} ${check.name}`,
        ...check.evidence.map((evidence) => `        ${evidenceLine(evidence)}`),
    ]);
    return `${[...lines, verdictLine(report)].join('\n')}\n`;
};
const verdictLine = ({ result, firstBad, problem }) => {
    const place = firstBad === undefined ? '' : `: first bad place ${placeOf(firstBad)}`;
    return `${VERDICTS[result]}${place}${problem === undefined ? '' : `: ${problem}`}`;
};
const evidenceLine = (evidence) => {
    const expected = evidence.expected === undefined ? '' : `; expected ${evidence.expected}`;
    const found = evidence.found === undefined ? '' : `; found ${evidence.found}`;
    // Names and texts of a bundle are not ours: a terminal must not obey what they contain.
    return `${placeOf(evidence)}: ${evidence.detail}${expected}${found}`.replaceAll(/[^\u0020-\u007e\u00a0-\uffff]/g, '?');
};
const placeOf = ({ file, revision }) => revision === undefined ? file : `${file} revision ${revision.toString()}`;
//# sourceMappingURL=text-report.js.map