import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeBundle } from '../bundle/write-bundle.js';
import { sha256Hex } from '../hash.js';
import { sampleInput, sampleJournals, sampleKeys } from '../testing/sample-bundle.js';
import { textReport } from './text-report.js';
import { verifyBundle } from './verify-bundle.js';
let folder = '';
beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'verdict-bundle-'));
});
afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
});
describe('verifyBundle', () => {
    const keys = sampleKeys();
    it.each(['stored', 'deflate'])('finds a bundle intact that was written from sound journals, %s', async (compression) => {
        const path = join(folder, `sound-${compression}.zip`);
        const written = await writeBundle(await sampleInput(sampleJournals(), { keys, change: { compression } }), {
            form: 'zip',
            path,
        });
        const report = await verifyBundle(path, { trust: [keys.vkey] });
        if (report.result !== 'intact')
            throw new Error(textReport(report));
        expect(report.checks.filter(({ status }) => status === 'not_applicable').map(({ number }) => number)).toEqual([
            8,
        ]);
        const bytes = await readFile(path);
        expect([sha256Hex(bytes), bytes.length]).toEqual([written.contentSha256, written.size]);
    });
});
//# sourceMappingURL=verify-bundle.spec.js.map