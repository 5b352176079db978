import { describe, expect, it } from '@jest/globals';
import { withEmbeddedPostgres } from '@verdict/testkit';
import { tmpdir } from 'node:os';
import { type CliRun, runCli } from './testing/run-cli.js';

describe('migrate', () => {
  const database = withEmbeddedPostgres();
  const migrate = (env: Readonly<Record<string, string>>): Promise<CliRun> =>
    runCli(['migrate'], { cwd: tmpdir(), env });
  const told = ({ stderr }: CliRun): unknown => JSON.parse(stderr);

  it('brings the database to this release, any number of times, and leaves the password as it is', async () => {
    for (const _ of [1, 2]) {
      const { exit, stdout, stderr } = await migrate({ POSTGRES_ADMIN_URL: database.adminUrl });
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ service_role: 'verdict_service', is_password_set: false });
    }
  });

  it('needs an administrator', async () => {
    const result = await migrate({ POSTGRES_URL: database.serviceUrl });
    expect(result.exit).toBe(2);
    expect(told(result)).toMatchObject({ code: 'admin_url_missing' });
  });

  it('gives no role but that of the services a password', async () => {
    const result = await migrate({ POSTGRES_ADMIN_URL: database.adminUrl, POSTGRES_URL: database.adminUrl });
    expect(result.exit).toBe(2);
    expect(told(result)).toMatchObject({ code: 'service_role_wrong' });
  });

  it.each([
    ['no URL', 'hunter2'],
    ['no Postgres', 'mysql://root:hunter2@db/verdict'],
  ])('names the variable that is %s, and never its value', async (_, url) => {
    const result = await migrate({ POSTGRES_ADMIN_URL: url });
    expect(result.exit).toBe(2);
    expect(told(result)).toMatchObject({ code: 'database_url_invalid' });
    expect(result.stderr).toContain('POSTGRES_ADMIN_URL');
    expect(result.stderr).not.toContain('hunter2');
  });

  it('says that it is worth another try when the database is away', async () => {
    const away = new URL(database.adminUrl);
    away.port = '1';
    const result = await migrate({ POSTGRES_ADMIN_URL: away.href });
    expect(result.exit).toBe(6);
    expect(told(result)).toMatchObject({ code: 'migration_failed', retry: 'later' });
    expect(result.stderr).not.toContain(away.password);
  });
});
