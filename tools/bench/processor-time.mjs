import { readdirSync, readFileSync } from 'node:fs';

const TICK_US = 10_000;

/** Parent and processor time of a process, with that of the children it has waited for; undefined once it is gone. */
const statOf = (pid) => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [own, waitedFor] = [fields[11] + fields[12], fields[13] + fields[14]];
    return { parent: fields[1], ownUs: own * TICK_US, allUs: (own + waitedFor) * TICK_US };
  } catch {
    return undefined;
  }
};

/**
 * Processor time so far, in microseconds: of the process itself, and of all its children and theirs. It hardly depends on
 * who else uses the machine. Zero where the system has no /proc.
 */
export const processorTimeOf = (pid) => {
  const ownUs = statOf(pid)?.ownUs ?? 0;
  if (ownUs === 0) return { ownUs, belowUs: 0 };
  const all = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  const stats = new Map(all.map((name) => [Number(name), statOf(name)]));
  const isBelow = (child) => {
    const parent = stats.get(child)?.parent;
    return parent === pid || (parent !== undefined && parent > 1 && isBelow(parent));
  };
  const belowUs = [...stats].reduce((sum, [child, stat]) => (isBelow(child) ? sum + (stat?.allUs ?? 0) : sum), 0);
  return { ownUs, belowUs };
};
