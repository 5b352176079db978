import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { codeOf } from '../shared/errors.js';

export interface EmbeddedSecrets {
  readonly adminPassword: string;
  readonly servicePassword: string;
}

const newPassword = (): string => randomBytes(24).toString('base64url');

const parseSecrets = (text: string, path: string): EmbeddedSecrets => {
  const value = JSON.parse(text) as Partial<EmbeddedSecrets>;
  const { adminPassword, servicePassword } = value;
  if (typeof adminPassword !== 'string' || typeof servicePassword !== 'string') {
    throw new Error(`${path} does not hold the two passwords of the embedded server`);
  }
  return { adminPassword, servicePassword };
};

/** Reads the passwords, or makes them. The file has mode 0600 before it has its name. */
export const loadSecrets = async (path: string): Promise<EmbeddedSecrets> => {
  try {
    const secrets = parseSecrets(await readFile(path, 'utf8'), path);
    await chmod(path, 0o600);
    return secrets;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  const secrets: EmbeddedSecrets = { adminPassword: newPassword(), servicePassword: newPassword() };
  const draft = `${path}.${String(process.pid)}`;
  await writeFile(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
  return secrets;
};
