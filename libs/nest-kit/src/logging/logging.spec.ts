import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.js';
import { NestLogger } from './nest-logger.js';

const lines: string[] = [];
const logger = createLogger({ service: 'gate', level: 'trace', stream: { write: (line) => lines.push(line) } });
const written = (write: () => void): Record<string, unknown> => {
  lines.length = 0;
  write();
  return JSON.parse(lines[0] ?? '{}') as Record<string, unknown>;
};

describe('a log line', () => {
  it('is JSON with level, time in UTC and service', () => {
    expect(written(() => logger.info({ n: 1 }, 'done'))).toMatchObject({
      level: 'info',
      service: 'gate',
      n: 1,
      msg: 'done',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('never holds what secret names hold, at any depth', () => {
    const members = {
      token: 'hunter2',
      request: { headers: { a: 'hunter2' }, deep: { password: 'hunter2', kept: 1 } },
    };
    logger.info(members);
    expect(written(() => logger.info(members))).toMatchObject({ token: '[redacted]', request: { deep: { kept: 1 } } });
    expect(lines.join()).not.toContain('hunter2');
    expect(members.token).toBe('hunter2');
  });

  it('of Nest keeps its context, and the stack of an error', () => {
    const nest = new NestLogger(logger);
    expect(written(() => nest.warn('careful', 'Router'))).toMatchObject({
      level: 'warn',
      msg: 'careful',
      context: 'Router',
    });
    expect(written(() => nest.error('broken', 'at x', 'Router'))).toMatchObject({ stack: 'at x', context: 'Router' });
    expect(written(() => nest.error(new Error('broken')))).toMatchObject({ msg: 'broken', err: { message: 'broken' } });
  });
});
