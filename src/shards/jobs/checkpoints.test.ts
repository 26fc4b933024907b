import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { errorIn } from '../../internal/errors.js';
import { gen } from '../../internal/gen.js';
import { checkpointsAt } from './checkpoints.js';

const folder = mkdtempSync(join(tmpdir(), 'noisefold-checkpoints-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  [[], 'no path', "give runWorker({ checkpoints: ['folder'] }), or npx noisefold worker --checkpoints folder"],
  [[folder], folder, 'copy the file there that the job names'],
])('a file that is not at %j is an error that says what to do', async (paths, at, hint) => {
  const digest = '0'.repeat(64);
  expect(await gen(() => checkpointsAt(paths).pathOf(digest))().catch(errorIn)).toMatchObject({
    where: 'worker: checkpoints',
    expected: `a trained file with the SHA-256 ${digest}`,
    actual: `0 other files at ${at}`,
    hint,
  });
});
