import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HcpTerraform } from './hcp-terraform.js';

/** Lets a product process trust the double: as an operator adds an authority of his own. */
export const trusting = async (
  peer: HcpTerraform,
): Promise<{ readonly env: Readonly<Record<string, string>>; dispose(): Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'verdict-hcp-'));
  const file = join(folder, 'ca.pem');
  await writeFile(file, peer.authority.cert);
  return {
    env: { NODE_EXTRA_CA_CERTS: file },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
};
