// Checks the types three ways, and prints what each costs the compiler:
// everything with the TypeScript we build with, everything with the next one, and the emitted declarations
// as a strict consumer sees them (no skipLibCheck; the tfjs backends aside, as tfjs's own types fail there).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const entries = Object.values(manifest.exports).flatMap((target) => target?.types ?? []);
const strict = entries.filter((path) => !path.includes('/backends/tfjs/'));

const compilers = { 6: 'node_modules/typescript/lib/tsc.js', 7: 'node_modules/typescript-7/lib/tsc.js' };
const project = ['-p', 'tsconfig.json'];
const consumer = [
  ...['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', 'false', '--types', ''],
  ...['--target', 'es2022', '--lib', 'es2022', '--module', 'nodenext'],
  ...strict,
];

const check = (name, version, args) => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [compilers[version], ...args, '--extendedDiagnostics'],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const figure = (label) => stdout.match(new RegExp(`^${label}:\\s+(\\S+)`, 'm'))?.[1] ?? '?';
  const errors = stdout
    .split('\n')
    .filter((line) => /error TS|^\s+\S/.test(line) && !/^[A-Z][\w/ ]+:\s/.test(line));
  if (status !== 0) console.log(errors.join('\n'));
  console.log(
    `${name}, TypeScript ${version}: ${status === 0 ? 'ok' : 'FAILED'}, ` +
      `${figure('Instantiations')} instantiations, ${figure('Check time')} checking, ${figure('Total time')} in all`,
  );
  return status === 0;
};

const results = [
  check('sources and type tests', 6, project),
  check('sources and type tests', 7, project),
  check('emitted declarations', 7, consumer),
];
process.exitCode = results.every(Boolean) ? 0 : 1;
