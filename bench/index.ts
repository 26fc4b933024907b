/**
 * `npm run bench`: medians for network R on a backend, in one process, alternating with its peers. Prints one table
 * and writes it to bench/results.json (wasm) or bench/results-webgpu.json.
 *
 * - `--backend wasm|webgpu`; default: wasm.
 * - `--rounds 5`: the number of rounds.
 * - `--train-batch 8`, `--train-rounds 2`: for the training step on webgpu. Its peer is slow on software adapters,
 *   where the default batch is 1.
 * - `--peak-gflops`, `--peak-gbs`: the peak performance of the GPU, to report fractions of it.
 * - `--profile 10`: the slowest calls of the forward pass and of the step.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { table } from './table.js';

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
const optional = (given: string | undefined): number | null => (given === undefined ? null : Number(given));

const measure = async () => {
  // loaded on demand: tfjs looks for WebGPU once, while it loads
  switch (values.backend) {
    case 'wasm':
      return { file: 'results', device: {}, rows: await (await import('./wasm.js')).wasmRows(rounds) };
    case 'webgpu': {
      const { webgpuRows } = await import('./webgpu.js');
      const { adapter, rows } = await webgpuRows({
        rounds,
        trainBatch: optional(values['train-batch']),
        trainRounds: Number(values['train-rounds']),
        peak: { gflops: optional(values['peak-gflops']), gbs: optional(values['peak-gbs']) },
        profiled: Number(values.profile),
      });
      return { file: 'results-webgpu', device: { adapter }, rows };
    }
    default:
      throw new Error(`--backend is wasm or webgpu, not ${values.backend}`);
  }
};

const { file, device, rows } = await measure();
console.log(table(rows));
writeFileSync(
  `bench/${file}.json`,
  `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, ...device, rounds, rows }, null, 2)}\n`,
);
process.exitCode = rows.every(({ met }) => met !== false) ? 0 : 1;
