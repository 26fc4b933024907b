/**
 * `npm run bench -- evaluation adm-256 float16`: evaluates a preset of a U-Net once at random parameters, which are stored
 * in 16 or 32 bits, on wasm. Prints the memory of its plan, the peak memory of the process, and the time.
 */
import { compile, type FloatStorage, planMemory, read, release, storeAs, upload, type Value } from 'noisefold/dsl';
import { open } from 'noisefold';
import { unetPresets } from 'noisefold/nn';
import { wasm } from 'noisefold/backends/wasm';
import { milliseconds } from './measure.js';
import { programOf } from './presetPrograms.js';
import { orThrow } from './table.js';

// from the command line: `unetPresets` and `compile` refuse others
const [name = 'adm-256', storage = 'float16'] = process.argv.slice(2) as [keyof typeof unetPresets, FloatStorage];
const { image } = unetPresets[name];
const evaluated = programOf(unetPresets[name], 'forward');
const { leaves } = orThrow(evaluated.inputs);

let state = 1;
/** A number in [-1, 1). */
const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) | 0) / 2 ** 31;

/** Parameters that keep the variance: scales of 1, and weights of variance 1 / inputs. */
const numbersOf = (path: string, shape: readonly number[]): Float32Array => {
  const size = shape.reduce((all, extent) => all * extent, 1);
  if (path.endsWith('scale')) return new Float32Array(size).fill(1);
  const width = Math.sqrt((3 * shape.at(-1)!) / size);
  return Float32Array.from({ length: size }, () => width * random());
};

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const nf = await open(wasm());

/** The parameters by path, uploaded one after the other. */
const params: object = {};
let count = 0;
for (const { path, shape } of leaves.filter((leaf) => leaf.path.startsWith('params.'))) {
  const numbers = numbersOf(path, shape as readonly number[]); // a preset has no symbols in its parameters
  count += numbers.length;
  const uploaded = await nf.run(upload(numbers, shape as readonly number[]));
  const words = await nf.run(storeAs(uploaded, storage));
  await nf.run(release(uploaded));
  const [last, ...branches] = path.split('.').slice(1).reverse() as [string, ...string[]];
  const branch = branches.reduceRight<Record<string, unknown>>(
    (tree, each) => (tree[each] ??= {}) as Record<string, unknown>,
    params as Record<string, unknown>,
  );
  branch[last] = words;
}
console.log(
  `${name}: ${count.toLocaleString('en')} parameters as ${storage}, ${megabytes(nf.backend.stats().bytes)} on the backend`,
);

const compiling = compile(evaluated as never, { B: 1 } as never, { storage: { params: storage } } as never);
const executable = await nf.run(compiling);
const { inputs, working, total } = planMemory(executable);
console.log(
  `plan: inputs ${megabytes(inputs)}, working ${megabytes(working)}, total ${megabytes(total)} (${total} bytes)`,
);

const x = Float32Array.from({ length: image[0] * image[1] * image[2] }, random);
const known = { label: Int32Array.of(7), augment: new Float32Array(9), lowRes: { image: x } };
const taken = Object.entries(known).filter(([condition]) => leaves.some(({ path }) => path.startsWith(`conditions.${condition}`))); // oxfmt-ignore
const conditions = Object.fromEntries(taken);
const run = executable.run as unknown as (inputs: unknown) => ReturnType<typeof executable.run>;
for (let round = 0; round < 2; round++) {
  const time = await milliseconds(async () => {
    const sums = (await nf.run(run({ params, x, t: Int32Array.of(500), conditions }))) as unknown;
    const [prediction] = sums as readonly [Value<[]>];
    console.log(`the sum of the prediction: ${(await nf.run(read(prediction)))[0]!}`);
    await nf.run(release(sums));
  });
  console.log(`evaluation ${round + 1}: ${(time / 1000).toFixed(1)} s`);
}
console.log(
  `peak memory of the process ${megabytes(process.resourceUsage().maxRSS * 1024)}, of the backend ${megabytes(nf.backend.stats().peakBytes)}`,
);
await nf.close();
