import type { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import { openSession, type Session } from '../session.js';
import { migrateAs } from '../stores/migrate.js';
import { postgresUrlIn } from '../stores/urls.js';

const adminUrlIn = (io: Io): URL => {
  const url = postgresUrlIn(io, 'POSTGRES_ADMIN_URL');
  if (url !== undefined) return url;
  throw wrongCall('admin_url_missing', 'POSTGRES_ADMIN_URL is not set', 'it names the database, as its administrator');
};

const migrate = async ({ io, printer }: Session): Promise<void> => {
  const { SERVICE_ROLE } = await import('@verdict/adapter-postgres');
  const adminUrl = adminUrlIn(io);
  const url = postgresUrlIn(io, 'POSTGRES_URL');
  const { isPasswordSet } = await migrateAs({
    adminUrl,
    service: url === undefined ? undefined : { url, variable: 'POSTGRES_URL' },
  });
  const body = {
    schema: 'verdict.migrate.report.v1',
    database: decodeURIComponent(adminUrl.pathname.slice(1)),
    service_role: SERVICE_ROLE,
    is_password_set: isPasswordSet,
  };
  const password = body.is_password_set ? ', its password set' : '';
  printer.print({
    body,
    text: () => `database ${body.database} is of this release; services connect as ${SERVICE_ROLE}${password}\n`,
    id: body.database,
  });
};

/** `verdict migrate`: what only the database's administrator may do, before services start. */
export const migrateCommand = (io: Io): Command =>
  new CliCommand('migrate')
    .description('bring a database to this release, as its administrator')
    .about({
      reach: 'stores',
      notes: `
POSTGRES_ADMIN_URL names the database and its administrator. With POSTGRES_URL, the password in it becomes that of the
role verdict_service. Repeating it changes nothing; the standalone needs none of this.`,
      examples: [
        'POSTGRES_ADMIN_URL=postgresql://postgres:...@db/verdict POSTGRES_URL=postgresql://verdict_service:...@db/verdict \\',
        '  verdict migrate',
      ],
    })
    .action((_flags: unknown, command: Command) => migrate(openSession(io, command)));
