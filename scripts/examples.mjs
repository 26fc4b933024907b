// Runs short forms of the examples that no test runs, each in a folder of its own, and checks what they leave there.
// Arguments are names of examples. Fails if a folder of examples is neither here nor in `elsewhere`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

/** The tests that run the other examples. */
const elsewhere = {
  'browser-webgpu': 'examples/browser-webgpu/test/training.spec.ts', // npm run test:page
  descent: 'properties/documentation/pages/readme.test.ts',
  faces: 'examples/faces/faces.test.ts',
  first: 'properties/documentation/pages/readme.test.ts',
  http: 'examples/http/main.test.ts',
  mnist: '.ci/run', // the stage `demo`
  networks: 'examples/networks/networks.test.ts', // no program
  'page-worker': 'properties/browsers/pageWorker.test.ts',
  plain: 'properties/documentation/pages/readme.test.ts',
};

const pictures = ['forward.png', 'reverse.png', 'loss.svg', 'schedules.svg', 'snr.svg', 'solvers.png'];

/** The arguments and the files of each example, and an example that runs before it. One without its hardware gives the message `refusal`, and status 1. */
const examples = [
  {
    name: 'adm',
    args: ['--minutes', '0.001', '--digits', '10', '--out', '.'],
    files: ['guidance.svg', 'guidance.png'],
  },
  { name: 'digit-classifier', args: ['--epochs', '0.01'], files: ['digits.safetensors'] },
  {
    name: 'few-steps',
    // tunes the network of a run of the demo
    before: {
      name: 'mnist',
      args: ['--process', 'edm', '--steps', '2', '--batch', '2', '--sampler', 'ddim:1', '--out', 'run'],
    },
    args: ['--run', 'run', '--steps', '2', '--digits', '10', '--out', '.'],
    files: ['few-steps.png'],
  },
  {
    name: 'node-gpu',
    args: ['--steps', '2', '--out', 'run'],
    files: ['run/samples.png', 'run/checkpoint.safetensors', 'run/metrics.jsonl'],
    refusal: /^BackendUnavailable: node-gpu: expected a GPU, got none: .*; pass --backend wasm to run without a GPU$/m,
  },
  { name: 'pictures', args: [], files: pictures.map((name) => `docs/${name}`) },
  // it fails if the samples are far from the data
  { name: 'swiss-roll', args: ['--steps', '1000', '--out', '.'], files: ['swiss-roll.svg'] },
];

/** Runs an example, and returns what is wrong with it, or null. */
const wrongWith = ({ name, before, args, files, refusal }) => {
  const folder = mkdtempSync(join(tmpdir(), `noisefold-${name}-`));
  try {
    const run = (example) => {
      const main = join(root, 'dist/examples', example.name, 'main.js');
      return spawnSync(process.execPath, [main, ...example.args], { cwd: folder, encoding: 'utf8' });
    };
    const first = before && run(before);
    if (first && first.status !== 0) return `status ${first.status} of ${before.name}\n${first.stdout}${first.stderr}`;
    const { status, stdout, stderr } = run({ name, args });
    if (status === 1 && refusal?.test(stderr)) return null;
    if (status !== 0) return `status ${status}\n${stdout}${stderr}`;
    const missing = files.filter((file) => !(statSync(join(folder, file), { throwIfNoEntry: false })?.size > 0));
    return missing.length === 0 ? null : `${missing.join(', ')} missing or empty\n${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const known = new Set([...Object.keys(elsewhere), ...examples.map(({ name }) => name)]);
const unknown = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !known.has(entry.name))
  .map(({ name }) => `examples/${name} is run nowhere: add it to scripts/examples.mjs`);
const lost = Object.entries(elsewhere)
  .filter(([, file]) => !existsSync(join(root, file)))
  .map(([name, file]) => `${file} does not exist, which ran examples/${name}`);
for (const problem of [...unknown, ...lost]) console.log(problem);

const chosen = process.argv.slice(2);
let failed = unknown.length + lost.length;
for (const example of examples.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
  const began = performance.now();
  const wrong = wrongWith(example);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`examples/${example.name}: ${wrong ?? 'ran'} (${seconds} s)`);
  if (wrong !== null) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
