const COLUMNS = [
  ['run', 26, (run) => run.name],
  ['rps', 9, (run) => run.rps.toFixed(0)],
  ['p50 ms', 9, (run) => run.p50Ms.toFixed(2)],
  ['p99 ms', 9, (run) => run.p99Ms.toFixed(2)],
  ['max ms', 9, (run) => run.maxMs.toFixed(1)],
  ['non-2xx', 9, (run) => String(run.non2xx)],
  ['other', 7, (run) => String(run.otherVerdicts)],
  ['batch', 7, (run) => run.batch.toFixed(1)],
  ['cpu us', 8, (run) => run.us.server.toFixed(0)],
  ['db us', 7, (run) => run.us.database.toFixed(0)],
  ['RSS MiB', 9, (run) => run.rssMiB.toFixed(0)],
];

const lineOf = (cells) =>
  cells
    .map((cell, index) => (index === 0 ? cell.padEnd(COLUMNS[index][1]) : cell.padStart(COLUMNS[index][1])))
    .join('');

export const heading = () => lineOf(COLUMNS.map(([title]) => title));
export const runLine = (run) => lineOf(COLUMNS.map(([, , cellOf]) => cellOf(run)));

const busy = ({ loadBefore, cores }) =>
  loadBefore > cores / 2 ? `\nwarning: the machine is busy with something else; these figures are too low` : '';

export const machineLine = (machine) => `${aboutMachine(machine)}${busy(machine)}`;

const aboutMachine = ({ cores, model, memoryGiB, node, system, syncMicroseconds, loadBefore }) =>
  `machine: ${cores} cores (${model}), ${memoryGiB.toFixed(1)} GiB, node ${node}, ${system}; ` +
  `fdatasync of 4 KiB ${syncMicroseconds.toFixed(0)} us; load before ${loadBefore.toFixed(1)}`;

export const ratioLine = ({ run, to, rps, p99Ms }) =>
  `ratio: ${run} against ${to}: ${rps.toFixed(2)} of its rate, ${p99Ms.toFixed(2)} of its p99`;

export const targetLine = ({ run, measure, target, measured, ratio }) =>
  `target: ${run.padEnd(18)} ${measure.padEnd(6)} ${measured.toFixed(measure === 'rps' ? 0 : 2).padStart(8)} ` +
  `of ${String(target).padStart(6)}  ratio ${ratio.toFixed(2)}`;

export const auditLine = ({ failure, acknowledged, found, missing, twice, unread }) =>
  failure === undefined
    ? `ledger: ${acknowledged} decisions were acknowledged, ${found} of them found, ${missing} missing, ${twice} named twice` +
      (unread > 0 ? `, ${unread} not looked up in time` : '')
    : `ledger: it could not be read: ${failure}`;
