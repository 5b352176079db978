import { Buffer } from 'node:buffer';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RouteContract } from '@verdict/contracts';
import type { KeyStore } from '@verdict/application';
import { type Command, Option } from 'commander';
import { CliCommand } from '../cli-command.js';
import { winnerOf } from '../config/resolve.js';
import { wrongCall } from '../failure.js';
import { dataDirOf } from '../http/settings.js';
import { parseDurationMs } from '../input/duration.js';
import { checkedTenant } from '../input/tenant.js';
import type { Io } from '../io.js';
import { openSession, type Session } from '../session.js';

type Role = Exclude<RouteContract['roles'], 'public'>[number];
const ROLES = ['member', 'approver', 'admin', 'auditor', 'operator', 'service'] as const satisfies readonly Role[];
const ISSUER = 'verdict-standalone';
const AUDIENCE = 'verdict';
/** A token cannot be called back before it ends. */
const TTL_MS_MAX = 7 * 86_400_000;

interface TokenFlags {
  readonly role: readonly string[];
  readonly subject: string;
  readonly ttl: string;
  readonly project?: readonly string[];
  readonly onBehalfOf?: string;
  readonly dataDir?: string;
}

const openKeys = async (io: Io, flag: string | undefined): Promise<KeyStore> => {
  const dataDir = dataDirOf(io, flag);
  const keys = join(dataDir, 'keys');
  // The store would make a key in an empty folder, and no server would believe it.
  const isThere = await stat(keys).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isThere) {
    throw wrongCall(
      'data_dir_missing',
      `no server has run with the data folder ${dataDir}`,
      'start one with `npm start`, or name its folder with --data-dir; other servers get their tokens from your identity provider',
    );
  }
  const { openFileKeyStore } = await import('@verdict/adapter-file');
  return openFileKeyStore(keys);
};

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWS in compact form, EdDSA. @source RFC 7515, RFC 8037 */
const signedToken = async (keys: KeyStore, claims: object): Promise<string> => {
  const [newest] = await keys.publicKeys('issuer');
  const head = { alg: 'EdDSA', kid: newest?.kid ?? '', typ: 'JWT' };
  const text = `${encoded(head)}.${encoded(claims)}`;
  const { kid, signature } = await keys.sign('issuer', Buffer.from(text));
  // The key was changed in between: the header names the one before.
  return kid === head.kid ? `${text}.${Buffer.from(signature).toString('base64url')}` : signedToken(keys, claims);
};

const tenantIn = ({ settings }: Session): string => {
  const tenant = winnerOf(settings.candidates.tenant)?.value;
  if (tenant === undefined) throw wrongCall('usage', "required option '--tenant <id>' not specified");
  return checkedTenant(tenant);
};

const claimsOf = (session: Session, { role, subject, ttl, project, onBehalfOf }: TokenFlags): object => {
  const tenant = tenantIn(session);
  const ttlMs = parseDurationMs(ttl, '--ttl');
  if (ttlMs < 1000 || ttlMs > TTL_MS_MAX) throw wrongCall('ttl_out_of_range', '--ttl is between 1s and 7d');
  const issuedAt = Math.floor(session.io.now() / 1000);
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: subject,
    tenant_id: tenant,
    roles: role,
    ...(project === undefined ? {} : { projects: project }),
    ...(onBehalfOf === undefined ? {} : { on_behalf_of: onBehalfOf }),
    iat: issuedAt,
    exp: issuedAt + Math.floor(ttlMs / 1000),
    jti: session.io.newId(),
  };
};

/** `verdict token`: a development token, signed with the key of a server on this machine. */
export const tokenCommand = (io: Io): Command =>
  new CliCommand('token')
    .description('make a token for a server that runs on this machine (development)')
    .addOption(
      new Option('--role <role...>', 'what the caller may do; repeat for more').choices(ROLES).makeOptionMandatory(),
    )
    .requiredOption('--subject <name>', 'who the caller is')
    .option('--ttl <duration>', 'valid for', '1h')
    .option('--project <id...>', 'only these projects (default: all)')
    .option('--on-behalf-of <name>', 'the person behind a pipeline')
    .option('--data-dir <dir>', "the server's data folder (VERDICT_DATA_DIR; default: .verdict)")
    .about({
      reach: 'files',
      notes: '--tenant is the tenant that the caller belongs to: it has to be said, by the option or as every setting.',
      examples: [
        'verdict token --tenant acme --role admin --subject admin-1 > admin.token && chmod 600 admin.token',
        'export VERDICT_TOKEN=$(verdict token --tenant acme --role member --role approver --subject lead-1 --ttl 8h)',
      ],
    })
    .action(async (flags: TokenFlags, command: Command) => {
      const session = openSession(io, command);
      const claims = claimsOf(session, flags);
      const token = await signedToken(await openKeys(io, flags.dataDir), claims);
      session.printer.printDocument({ body: { schema: 'verdict.cli.token.v1', token }, text: `${token}\n` });
    });
