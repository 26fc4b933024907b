// Plants mistakes in a copy of the sources, one at a time, and runs the tests that must notice them. Prints `caught` or
// `SURVIVED` for each and a count; fails if a mistake survives, if a text no longer occurs exactly once in its file, or if
// the tests fail without a mistake. Arguments are parts of names: `node scripts/mutations.mjs heun churn` plants these only.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutations } from './mutations/list.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const parts = process.argv.slice(2);
const chosen = mutations.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));

const textOf = (file) => readFileSync(join(root, file), 'utf8');
const misplaced = mutations.filter(({ file, from, to }) => textOf(file).split(from).length !== 2 || from === to);
for (const { name, file } of misplaced) console.log(`${name}: its text does not occur exactly once in ${file}`);

const copy = mkdtempSync(join(tmpdir(), 'noisefold-mutations-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

/** Copies the files of the repository, committed or not, and links the packages. */
const makeCopy = () => {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const path of listed.toString().split('\0')) {
    const found = path !== '' && lstatSync(join(root, path), { throwIfNoEntry: false });
    if (!found || !found.isFile()) continue;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
  mkdirSync(join(copy, '.cache'), { recursive: true });
  symlinkSync(resolve(root, 'node_modules'), join(copy, 'node_modules'));
};

/** Runs test files in the copy. Tests of WebGPU run too if one of the files needs them. */
const run = (files, config) =>
  spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--config', config, '--bail', '1', ...files], {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', NOISEFOLD_PATIENCE: '15' }, // a mistake may make a test wait forever
  });
const configOf = ({ webgpu = false }) => (webgpu ? 'vitest.all.config.ts' : 'vitest.config.ts');

/** Tests if a run failed because a test failed, and if it printed what the mutation asks for. */
const isCaught = ({ status, stdout, stderr }, { message = '' }) =>
  status !== 0 && /Tests .*\d+ failed/.test(stdout) && (stdout + stderr).includes(message);

const soundness = (config, those) => {
  const files = [...new Set(those.flatMap(({ tests }) => tests))];
  if (files.length === 0) return true;
  const { status, stdout, stderr } = run(files, config);
  if (status !== 0) console.log(`${stdout}${stderr}\nThe tests fail without a mistake.`);
  return status === 0;
};

makeCopy();
const isSound = ['vitest.config.ts', 'vitest.all.config.ts'].every((config) =>
  soundness(config, chosen.filter((mutation) => configOf(mutation) === config)), // prettier-ignore
);
let survivors = 0;
if (isSound && misplaced.length === 0)
  for (const mutation of chosen) {
    const { name, file, from, to, tests } = mutation;
    writeFileSync(join(copy, file), textOf(file).replace(from, () => to)); // prettier-ignore
    const caught = isCaught(run(tests, configOf(mutation)), mutation);
    writeFileSync(join(copy, file), textOf(file));
    if (!caught) survivors++;
    console.log(`${caught ? 'caught  ' : 'SURVIVED'} ${name}`);
  }
if (isSound && misplaced.length === 0) console.log(`${chosen.length - survivors} of ${chosen.length} are caught`);
process.exitCode = isSound && misplaced.length === 0 && survivors === 0 && chosen.length > 0 ? 0 : 1;
