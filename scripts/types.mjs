// Checks the types, and prints what each check costs the compiler. TypeScript 7, which makes the build, checks all files. Then come
// the emitted declarations as a strict consumer sees them (without skipLibCheck), the examples on TypeScript 6 and 7, and the cost
// of a use of each operation against its budget. Tests check the type tests and the uses (properties/types).
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { budget, budgetTable, overBudget } from '../dist/properties/types/operations/budget.js';
import { secondsOf } from '../dist/properties/types/operations/examples.js';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const entries = Object.values(manifest.exports).flatMap((target) => target?.types ?? []);

const COMPILER = 'node_modules/typescript-7/lib/tsc.js';
// `await using` needs a library of the compiler that the declarations themselves do not need
const consumerOf = (lib, files) => [
  ...['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', 'false', '--types', ''],
  ...['--target', 'es2022', '--lib', lib, '--module', 'nodenext'],
  ...files,
];
const awaitUsing = '.cache/await-using.ts';
mkdirSync('.cache', { recursive: true });
writeFileSync(
  awaitUsing,
  `import { open } from 'noisefold';
import { reference } from 'noisefold/backends/reference';
await using nf = await open(reference());
console.log(nf.backend.name);
declare const console: { readonly log: (text: string) => void };
`,
);

/** Checks with the command line of TypeScript 7. */
const check = (name, args) => {
  const { status, stdout } = spawnSync(process.execPath, [COMPILER, ...args, '--extendedDiagnostics'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const figure = (label) => stdout.match(new RegExp(`^${label}:\\s+(\\S+)`, 'm'))?.[1] ?? '?';
  const errors = stdout.split('\n').filter((line) => /error TS|^\s+\S/.test(line) && !/^[A-Z][\w/ ]+:\s/.test(line));
  if (status !== 0) console.log(errors.join('\n'));
  console.log(
    `${name}, TypeScript 7: ${status === 0 ? 'ok' : 'FAILED'}, ` +
      `${figure('Instantiations')} instantiations, ${figure('Check time')} checking, ${figure('Total time')} in all`,
  );
  return status === 0;
};

const checkBudget = () => {
  const costs = budget();
  console.log(budgetTable(costs));
  return overBudget(costs).length === 0;
};

const AIMS = { 6: 5, 7: 1.5 };

/** The time is only printed and never fails the check, because a machine may be slow. */
const tellSeconds = (version) => {
  const seconds = secondsOf(version);
  const verdict = seconds < AIMS[version] ? '' : ': NOT MET';
  console.log(`examples, TypeScript ${version}: ${seconds} s in all, aiming at less than ${AIMS[version]} s${verdict}`);
};

const results = [
  check('all files', ['-p', 'tsconfig.json']),
  check('emitted declarations', consumerOf('es2022', entries)),
  check('await using', consumerOf('es2022,esnext.disposable', [...entries, awaitUsing])),
  checkBudget(),
];
tellSeconds(6);
tellSeconds(7);
process.exitCode = results.every(Boolean) ? 0 : 1;
