/** The cost of checking a program against the package, measured on the examples with the declarations in `dist`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

const folder = `.cache/examples-${process.pid}/`;

/** The configuration of a user: without the sources of the package, and without tests and their helpers. */
const config = (include: readonly string[]): string =>
  JSON.stringify({
    compilerOptions: {
      ...{ target: 'es2023', lib: ['es2023'], module: 'nodenext', strict: true, skipLibCheck: true },
      ...{ noEmit: true, types: ['node'], typeRoots: ['../../node_modules/@types'] },
    },
    include: include.map((name) => `../../examples/${name}/*.ts`),
    exclude: ['../../examples/**/*.test.ts', '../../examples/**/*Testing.ts'],
  });

/** An example with its own configuration is for a browser, and `npm run build:page` checks it. */
export const exampleNames: readonly string[] = readdirSync('examples', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .filter((name) => !existsSync(`examples/${name}/tsconfig.json`))
  .sort();

/** Figures that a compiler reports. */
export interface Check {
  readonly instantiations: number;
  readonly seconds: number;
}

const compilers = { 6: 'node_modules/typescript/lib/tsc.js', 7: 'node_modules/typescript-7/lib/tsc.js' };

/** TypeScript 7 checks in parallel, and its threads share types unpredictably, so use one thread. */
const alone = { 6: [], 7: ['--singleThreaded'] };

/** Checks examples once; throws if they do not compile. */
export const checkExamples = (version: 6 | 7, names: readonly string[]): Check => {
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(`${folder}tsconfig.json`, config(names));
    const args = [compilers[version], '-p', folder, '--extendedDiagnostics', ...alone[version]];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const figure = (label: string): number => Number(new RegExp(`^${label}:\\s+([\\d.]+)`, 'm').exec(stdout)?.[1]);
    if (status !== 0) throw new Error(`TypeScript ${version} on examples ${names.join(', ')}: ${stdout}`);
    return { instantiations: figure('Instantiations'), seconds: figure('Total time') };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Seconds for all examples. */
export const secondsOf = (version: 6 | 7): number => checkExamples(version, exampleNames).seconds;
