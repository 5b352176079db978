import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeKeyStore } from '@verdict/testkit';
import { openFileKeyStore } from './keys/file-key-store.js';

describeKeyStore('file', async (clock) => {
  const folder = await mkdtemp(join(tmpdir(), 'verdict-keys-'));
  const dir = join(folder, 'keys');
  return {
    keys: await openFileKeyStore(dir, clock),
    another: () => openFileKeyStore(dir, clock),
    lose: () => rename(dir, join(folder, 'lost')),
    close: () => rm(folder, { recursive: true, force: true }),
  };
});
