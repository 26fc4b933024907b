/**
 * `npm run bench`: medians for some networks on a backend, alternating with its peers. Prints one table. On wasm,
 * writes it to bench/results.json, and its first part to the README; on webgpu, writes it to bench/results-webgpu.json.
 *
 * - `--backend wasm|webgpu`; default: wasm.
 * - `--rounds 5`: the number of rounds.
 * - `--train-batch 8`, `--train-rounds 2`: for the training step on webgpu. Its peer is slow on software adapters,
 *   where the default batch is 1.
 * - `--peak-gflops`, `--peak-gbs`: the peak performance of the GPU, to report fractions of it.
 * - `--profile 10`: the slowest calls of the forward pass and of the step.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { machine } from '../src/doctor/machine.js';
import { table } from './table.js';
import { type Conditions, speedSection, withSpeed } from './timings.js';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'wasm' },
    rounds: { type: 'string', default: '5' },
    'train-batch': { type: 'string' },
    'train-rounds': { type: 'string', default: '2' },
    'peak-gflops': { type: 'string' },
    'peak-gbs': { type: 'string' },
    profile: { type: 'string', default: '0' },
  },
});
const rounds = Number(values.rounds);
const optional = (text: string | undefined): number | null => (text === undefined ? null : Number(text));

const here = machine(new URL('../../package.json', import.meta.url));
const common = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cpu: cpus()[0]?.model.trim() ?? 'an unknown CPU',
  cores: cpus().length,
  load: loadavg()[0]!, // before anything runs
  rounds,
};

const measure = async () => {
  // loaded on demand: tfjs looks for WebGPU once, while it loads
  switch (values.backend) {
    case 'wasm': {
      const { wasmResults } = await import('./wasm.js');
      const { rows, timings, torch } = await wasmResults({ rounds, profiled: Number(values.profile) });
      const peers = { tfjs: here.packages['@tensorflow/tfjs-core'] ?? '', PyTorch: torch };
      const conditions: Conditions = { ...common, peers };
      const readme = readFileSync('README.md', 'utf8');
      writeFileSync('README.md', withSpeed(readme, speedSection(conditions, timings)));
      return { file: 'results', about: conditions, more: { timings }, rows };
    }
    case 'webgpu': {
      const { webgpuRows } = await import('./webgpu.js');
      const { adapter, rows } = await webgpuRows({
        rounds,
        trainBatch: optional(values['train-batch']),
        trainRounds: Number(values['train-rounds']),
        peak: { gflops: optional(values['peak-gflops']), gbs: optional(values['peak-gbs']) },
        profiled: Number(values.profile),
      });
      return { file: 'results-webgpu', about: { ...common, adapter }, more: {}, rows };
    }
    default:
      throw new Error(`--backend is wasm or webgpu, not ${values.backend}`);
  }
};

const { file, about, more, rows } = await measure();
console.log(table(rows));
writeFileSync(`bench/${file}.json`, `${JSON.stringify({ ...about, ...more, rows }, null, 2)}\n`);
process.exitCode = rows.every(({ met }) => met !== false) ? 0 : 1;
