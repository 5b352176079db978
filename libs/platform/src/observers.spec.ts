import { describe, expect, it } from '@jest/globals';
import { Metrics } from '@verdict/nest-kit';
import { fixedClock } from '@verdict/testkit';
import { coreObserver } from './observers.js';

const SERIES = 'valdrics_ops_enforcement_reaction_failures_total';

describe('a reaction that fails', () => {
  const observed = () => {
    const clock = fixedClock();
    const metrics = new Metrics({ withProcess: false });
    const lines: unknown[] = [];
    const logger = { error: (line: unknown) => void lines.push(line) };
    const { reactionFailed } = coreObserver({ metrics, clock, logger });
    const fail = (service: string, error: Error) => {
      reactionFailed({ service, tenantId: 'acme', error });
    };
    const count = async (writer: string) =>
      (await metrics.registry.metrics()).split('\n').find((line) => line.startsWith(`${SERIES}{writer="${writer}"} `));
    return { clock, lines, fail, count };
  };

  it('is counted every time, from 0 on', async () => {
    const { fail, count } = observed();
    expect(await count('gate')).toBe(`${SERIES}{writer="gate"} 0`);
    for (let time = 0; time < 3; time += 1) fail('gate', new Error('a defect'));
    expect(await count('gate')).toBe(`${SERIES}{writer="gate"} 3`);
    expect(await count('approvals')).toBe(`${SERIES}{writer="approvals"} 0`);
  });

  it('is one line a minute of each service, which names tenant and error', () => {
    const { clock, lines, fail } = observed();
    const error = new Error('a defect');
    fail('gate', error);
    clock.advance(59_999);
    fail('gate', error);
    expect(lines).toEqual([{ service: 'gate', tenant: 'acme', err: error }]);
    fail('reconciliation', error);
    clock.advance(1);
    fail('gate', error);
    expect(lines).toHaveLength(3);
  });
});
