import { expect, it } from '@jest/globals';
import { policyAnswer } from './testing/answers.js';
import { API, withCliWorld } from './testing/cli-world.js';

const { server, cli } = withCliWorld();

const document = {
  format: 'verdict.enforcement.policy.v1',
  mode_matrix: { terraform: { default: 'soft', prod: 'hard' }, cloud_event: { default: 'shadow' } },
  rules: [],
};

it('`policy show --modes` is a line for each source and class, and no document', async () => {
  server.on(`GET ${API}/policies`, { body: policyAnswer({ document }) });
  const { exit, stdout } = await cli('policy', 'show', '--modes', '-o', 'table');
  expect(exit).toBe(0);
  expect(stdout).toContain(`sha256     ${'a'.repeat(64)}\n`);
  expect(stdout.split('\n\n')[1]).toBe(
    [
      'SOURCE       CLASS    MODE',
      'terraform    default  soft',
      'terraform    prod     hard',
      'cloud_event  default  shadow\n',
    ].join('\n'),
  );
});

it('`policy show --modes` as JSON is the body of the answer, as without it', async () => {
  server.on(`GET ${API}/policies`, { body: policyAnswer({ document }) });
  const { stdout } = await cli('policy', 'show', '--modes', '-o', 'json');
  expect(JSON.parse(stdout)).toMatchObject({ version: 3, document });
});
