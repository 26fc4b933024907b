// The declarations of the packed tarball, checked whole: by TypeScript 6 with the types of Node, and by TypeScript 7 in a project
// for browsers without them.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const { exports } = JSON.parse(readFileSync('node_modules/noisefold/package.json', 'utf8'));
const entries = Object.keys(exports).filter((subpath) => exports[subpath]?.types !== undefined);
writeFileSync(
  'entries.ts',
  entries.map((subpath, i) => `export * as entry${i} from '${subpath.replace('.', 'noisefold')}';\n`).join(''),
);

const projects = {
  node: { compiler: 'typescript', options: { module: 'nodenext', types: ['node'] } },
  browser: {
    compiler: 'typescript-7',
    options: { module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'dom'], types: [] },
  },
};
for (const [name, { compiler, options }] of Object.entries(projects)) {
  const compilerOptions = { strict: true, noEmit: true, skipLibCheck: false, target: 'es2023', ...options };
  writeFileSync(`${name}.json`, JSON.stringify({ compilerOptions, files: ['entries.ts'] }));
  const { status, stdout } = spawnSync(
    process.execPath,
    [`node_modules/${compiler}/lib/tsc.js`, '-p', `${name}.json`, '--listFiles'],
    {
      encoding: 'utf8',
      maxBuffer: 2 ** 24,
    },
  );
  const lines = stdout.split('\n');
  if (status !== 0) throw new Error(lines.filter((line) => !line.startsWith('/')).join('\n'));
  if (lines.length < 100) throw new Error('tsc lists no files');
  if (stdout.includes('/fp-ts/lib/index.d.ts')) throw new Error('the declarations read all modules of fp-ts');
  console.log(`${entries.length} entries type-check in a project for ${name}`);
}
