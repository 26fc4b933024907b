// Plants mutations, which are mistakes, in a copy of the sources, one at a time, and runs the tests that must notice them.
// Prints `caught` or `SURVIVED` for each and a count. Fails if one survives, if a text no longer occurs exactly once in its
// file, or if the tests fail without a mutation. Arguments are parts of names: `npm run mutations -- Heun churn`.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutations } from './mutations/list.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const parts = process.argv.slice(2);
const selection = mutations.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));

const textOf = (file) => readFileSync(join(root, file), 'utf8');
const ambiguous = mutations.filter(({ file, from, to }) => textOf(file).split(from).length !== 2 || from === to);
for (const { name, file } of ambiguous) console.log(`${name}: its text does not occur exactly once in ${file}`);

const copy = mkdtempSync(join(tmpdir(), 'noisefold-mutations-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

/** Copies the files of the repository, committed or not, and links the packages. */
const makeCopy = () => {
  const paths = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const path of paths.toString().split('\0')) {
    if (path === '' || !lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile()) continue;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
  mkdirSync(join(copy, '.cache'), { recursive: true });
  symlinkSync(resolve(root, 'node_modules'), join(copy, 'node_modules'));
};

/** Runs the tests of a mutation in the copy; those of WebGPU too if it needs them. */
const run = ({ webgpu = false, tests, title }, patience) => {
  const config = webgpu ? 'vitest.all.config.ts' : 'vitest.config.ts';
  const options = ['--config', config, '--bail', '1', ...(title === undefined ? [] : ['-t', title])];
  return spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...options, ...tests], {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { NOISEFOLD_RUNS: '1', ...process.env, NO_COLOR: '1', ...patience },
  });
};

/** Tests if a run failed because a test failed, and if it printed what the mutation asks for. */
const isCaught = ({ status, stdout, stderr }, { message = '' }) =>
  status !== 0 && /Tests .*\d+ failed/.test(stdout) && (stdout + stderr).includes(message);

/** Tests if the tests pass, and if there are any, without a mutation: those of several mutations at once. */
const isSound = () => {
  const kinds = new Map(selection.map(({ webgpu, title }) => [`${webgpu} ${title}`, { webgpu, title }]));
  return [...kinds.values()].every((kind) => {
    const those = selection.filter(({ webgpu, title }) => webgpu === kind.webgpu && title === kind.title);
    const { status, stdout, stderr } = run({ ...kind, tests: [...new Set(those.flatMap(({ tests }) => tests))] });
    if (status === 0 && /Tests .*\d+ passed/.test(stdout)) return true;
    console.log(`${stdout}${stderr}\nThe tests fail without a mutation, or there are none.`);
    return false;
  });
};

makeCopy();
const canPlant = ambiguous.length === 0 && selection.length > 0 && isSound();
let survivors = 0;
for (const mutation of canPlant ? selection : []) {
  const { name, file, from, to } = mutation;
  const text = readFileSync(join(copy, file), 'utf8');
  writeFileSync(
    join(copy, file),
    text.replace(from, () => to),
  );
  const notices = isCaught(run(mutation, { NOISEFOLD_PATIENCE: '15' }), mutation); // a mutation may make a test wait forever
  writeFileSync(join(copy, file), text);
  if (!notices) survivors++;
  console.log(`${notices ? 'caught  ' : 'SURVIVED'} ${name}`);
}
if (canPlant) console.log(`${selection.length - survivors} of ${selection.length} are caught`);
process.exitCode = canPlant && survivors === 0 ? 0 : 1;
