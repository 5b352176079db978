const table = (columns) => {
  const lineOf = (cells) =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(columns[index][1]) : cell.padStart(columns[index][1])))
      .join('');
  return {
    heading: () => lineOf(columns.map(([title]) => title)),
    line: (row) => lineOf(columns.map(([, , cellOf]) => cellOf(row))),
  };
};

const IN_COLUMNS = ['server', 'database'];

/** Processor time for each good answer, of all that is in no column of its own. */
export const processorLine = ({ us }) => {
  const others = Object.entries(us).filter(([name]) => !IN_COLUMNS.includes(name));
  const together = Object.values(us).reduce((sum, each) => sum + each, 0);
  const list = others.map(([name, each]) => `${name} ${each.toFixed(0)}`).join(', ');
  return `  cpu us besides: ${list}; together with gate and db ${together.toFixed(0)}`;
};

export const leftLine = ({ unrelayed, unprojected, settledAfterSeconds }) =>
  `  at the end ${unrelayed} entries were not on the topics and ${unprojected} not in the read models; ` +
  `all were ${settledAfterSeconds.toFixed(1)} s later`;

const LAG = table([
  ['asked/s', 10, (run) => String(run.askedPerSecond)],
  ['answered/s', 12, (run) => run.answeredPerSecond.toFixed(0)],
  ['sustained', 11, (run) => (run.isSustained ? 'yes' : 'no')],
  ['entries', 9, (run) => String(run.lag.entries)],
  ['p50 ms', 9, (run) => run.lag.p50Ms.toFixed(0)],
  ['p99 ms', 9, (run) => run.lag.p99Ms.toFixed(0)],
  ['max ms', 9, (run) => run.lag.maxMs.toFixed(0)],
  ['doubled', 9, (run) => String(run.lag.doubled)],
]);
export const lagHeading = LAG.heading;
export const lagLine = LAG.line;

const seconds = (value) => (value === undefined ? '-' : value.toFixed(1));

export const spreadLine = (name, values) => {
  const sorted = values.filter((value) => value !== undefined).sort((left, right) => left - right);
  if (sorted.length === 0) return `${name}: not seen`;
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  return (
    `${name}: median ${seconds(middle)} s, from ${seconds(sorted[0])} to ${seconds(sorted.at(-1))} s ` +
    `(${values.map(seconds).join(', ')})`
  );
};

const CATCH_UP = table([
  ['bus', 8, (run) => run.bus],
  ['entries', 9, (run) => String(run.entries)],
  ['first after s', 15, (run) => seconds(run.firstAfterSeconds)],
  ['all after s', 13, (run) => seconds(run.allAfterSeconds)],
  ['entries/s', 11, (run) => run.perSecond.toFixed(0)],
  ['RSS MiB mean', 14, (run) => run.memory.meanMiB.toFixed(0)],
  ['peak', 7, (run) => run.memory.peakMiB.toFixed(0)],
  ['group done s', 14, (run) => seconds(run.groupAfterSeconds)],
]);
export const catchUpHeading = CATCH_UP.heading;
export const catchUpLine = CATCH_UP.line;
