/** The reasons of skipped tests are printed at the end of a run, and a skipped test without a reason fails it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
mkdirSync(join(root, '.cache'), { recursive: true });
const folder = mkdtempSync(join(root, '.cache', 'skips-'));
afterAll(() => rmSync(folder, { recursive: true }));

const config = `
import { skipReporter } from '../../properties/skipReporter.js';
const reporters = ['default', skipReporter(), ['json', { outputFile: 'report.json' }]];
export default { root: ${JSON.stringify(folder)}, test: { include: ['*.test.ts'], reporters } };
`;

const imports = `
import { describe, test } from 'vitest';
import { skippedFor } from '../../properties/skips.js';
test('runs', skippedFor(''), () => {});
describe('suite', skippedFor('no GPU'), () => {
  test('one', () => {});
  test.each([1, 2])('%s', () => {});
});
test('own', skippedFor('no disk'), () => {});
`;

/** Runs a test file, and the script that reports it in CI. */
const run = (code: string, ...options: readonly string[]) => {
  writeFileSync(join(folder, 'vitest.config.ts'), config);
  writeFileSync(join(folder, 'some.test.ts'), imports + code);
  const node = (...args: readonly string[]) =>
    spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  const ran = node(join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...options);
  const report = node(join(root, 'scripts/test-report.mjs'), join(folder, 'report.json'), '0');
  const { status, stdout, stderr } = ran;
  return { status, end: stdout.slice(stdout.indexOf('skipped: ')).trim(), stderr, report: report.stdout };
};

test('each reason is printed with the number of its tests', () => {
  const { status, end, report } = run('');
  expect(status).toBe(0);
  expect(end).toMatch(/^skipped: no GPU: 3\nskipped: no disk: 1(\nJSON report .*)?$/);
  expect(report).toBe('== SKIPPED: no GPU: 3\n== SKIPPED: no disk: 1\n1 0 4\n');
});

test('a skipped test without a reason fails the run', () => {
  const ways = ["test.skip('a', () => {});", "test.runIf(false)('b', () => {});", "test.todo('c');", "test('d', ({ skip }) => skip());"]; // oxfmt-ignore
  const { status, stderr, report } = run(ways.join('\n'));
  expect(status).toBe(1);
  const name = '\n.*some\\.test\\.ts > ';
  expect(stderr).toMatch(new RegExp(`^FAILED: 4 skipped tests have no reason.*${['a', 'b', 'c', 'd'].map((one) => name + one).join('')}\n$`)); // oxfmt-ignore
  expect(report).toMatch(
    /^== FAILED: vitest: 4 skipped tests have no reason.*\na\nb\nc\nd\n== SKIPPED: [^]*\n1 1 8\n$/,
  );
});

test('tests that --testNamePattern leaves out need no reason', () => {
  const { status, end, stderr } = run("test('another', () => {});", '-t', '^suite one');
  expect([status, stderr]).toEqual([0, '']);
  expect(end).toMatch(/^skipped: no GPU: 1(\nJSON report .*)?$/);
});
