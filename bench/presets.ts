/**
 * `npm run bench:presets`: prints the presets of U-Nets, with their parameters and the operations of a forward pass,
 * and the cost of planning and differentiating ADM-256, with and without recomputation. Computes no tensors.
 */
import { add, type Dim, grad, leafSpec, program, sum, type Tensor, treeSpec } from 'noisefold/dsl';
import { parameterCount, unet, type UNetConfig, type UNetParams, unetPresets } from 'noisefold/nn';
import { wasm } from 'noisefold/backends/wasm';
import { plan } from '../src/dsl/compile/planning.js';
import type { Plan } from '../src/dsl/compile/plan.js';
import { explain } from '../src/dsl/run/explain.js';
import { milliseconds } from './measure.js';
import { orThrow } from './table.js';

const backend = orThrow(await wasm()());
const { capabilities } = backend;

type Images = Tensor<['B', Dim, Dim, Dim]>;

/** The forward pass of one image, or the gradients of all parameters of the sum of its output. */
const programOf = (config: UNetConfig, what: 'forward' | 'gradient') => {
  const model = orThrow(unet<[Dim & number, Dim & number, Dim & number]>(config as never)); // for an image whose size is known only at run time
  const spec = treeSpec<{
    readonly params: UNetParams;
    readonly x: Images;
    readonly t: Tensor<['B'], 'int32'>;
    readonly label: Tensor<['B'], 'int32'>;
    readonly image: Images;
  }>({
    params: model.params,
    x: leafSpec(['B', ...config.image]),
    t: leafSpec(['B'], 'int32'),
    label: leafSpec(['B'], 'int32'),
    image: leafSpec(['B', ...config.image]),
  });
  return program(spec, ({ params, x, t, label, image }) => {
    const at = { t, ...(config.classes && { label }), ...(config.condition && { condition: { image } }) };
    const apply =
      model.learned?.apply ?? ((...given: Parameters<typeof model.apply>) => ({ prediction: model.apply(...given) }));
    const loss = (p: UNetParams) => Object.values(apply(p, x as never, at as never)).map((y) => sum(y as Images)); // of the extents of the model
    return what === 'forward' ? loss(params) : grad((p: UNetParams) => loss(p).reduce((a, b) => add(a, b)))(params);
  });
};

const planned = (config: UNetConfig, what: 'forward' | 'gradient'): Plan =>
  orThrow(plan(programOf(config, what) as never, { B: 1 }, capabilities)).plan; // of one of two programs

const gigaflops = (p: Plan): number =>
  explain({ plan: p, kernels: [] }).reduce((total, { flops }) => total + (flops ?? 0), 0) / 1e9;
const megabytes = (p: Plan): number => (4 * p.arenaElements) / 1e6;

console.log(
  `${'preset'.padEnd(26)}${'parameters'.padStart(13)}${'GFLOP'.padStart(9)}${'MB'.padStart(8)}  (forward pass of one image)`,
);
for (const [name, config] of Object.entries<UNetConfig>(unetPresets)) {
  const forward = planned(config, 'forward');
  const count = parameterCount(orThrow(unet(config as never)).params); // for any image
  console.log(
    `${name.padEnd(26)}${count.toLocaleString('en').padStart(13)}${gigaflops(forward).toFixed(1).padStart(9)}${megabytes(forward).toFixed(0).padStart(8)}`,
  );
}

console.log('\nadm-256, gradients of all parameters, one image');
for (const recompute of [false, true]) {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  let gradient: Plan | undefined;
  const time = await milliseconds(
    () => void (gradient = planned({ ...unetPresets['adm-256'], recompute }, 'gradient')),
  );
  const heap = process.memoryUsage().heapUsed - before;
  console.log(
    `recompute ${recompute}: ${(time / 1000).toFixed(2)} s, ${(heap / 1e6).toFixed(0)} MB of heap, ${gradient!.calls.length} calls, ` +
      `${gigaflops(gradient!).toFixed(0)} GFLOP, ${megabytes(gradient!).toFixed(0)} MB beside parameters and gradients`,
  );
}
console.log(`peak memory of the process ${(process.resourceUsage().maxRSS / 1000).toFixed(0)} MB`);
await backend.close();
