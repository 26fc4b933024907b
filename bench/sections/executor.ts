/** The overhead of the executor. */
import type { Backend } from 'noisefold/dsl';
import { hostHeap } from '../../src/backends/shared/heap.js';
import { hostBackend } from '../../src/backends/shared/hostBackend.js';
import type { Slot } from '../../src/dsl/plan/backend.js';
import { plan } from '../../src/dsl/compile/planning.js';
import { sizeOf } from '../../src/internal/numbers.js';
import { median, milliseconds } from '../measure.js';
import { BATCH, type NetworkRecipe, stepProgram } from '../network.js';
import { atMost, information, orThrow, type Row } from '../table.js';

export const executorSection = async (
  { capabilities }: Backend,
  recipe: NetworkRecipe,
  stepMilliseconds: number,
): Promise<readonly Row[]> => {
  const { plan: planned, traced } = orThrow(plan(stepProgram(recipe), { B: BATCH }, capabilities, ['state']));
  // the plan with empty kernels measures the executor alone
  const idleBackend = hostBackend({
    name: 'idle',
    capabilities,
    heap: hostHeap(4, (dtype) => (dtype === 'float32' ? Float32Array : Int32Array)),
    rules: () => [() => ({ name: 'idle', run: () => undefined })],
  });
  const runner = orThrow(await idleBackend.compile(planned)());
  const inputs: Slot[] = [];
  for (const { dtype, shape } of planned.inputs)
    inputs.push(dtype === 'key' ? [1, 2] : orThrow(await idleBackend.upload(new Float32Array(sizeOf(shape)), dtype)()));
  // a donated input is returned as the output of its path
  const outputOf = new Map(traced.outputs.map(({ path }, i) => [path, i]));
  const idle: number[] = [];
  let slots: readonly Slot[] = inputs;
  for (let i = 0; i < 20; i++) {
    let outputs: readonly Slot[] = slots;
    idle.push(
      await milliseconds(async () => {
        outputs = orThrow(await runner.run(slots)());
      }),
    );
    slots = planned.inputs.map(({ path, donated }, input) => (donated ? outputs[outputOf.get(path)!]! : slots[input]!));
  }
  const own = median(idle);
  return [
    information("executor's own time for a step", own, 'ms', 'its kernels replaced by ones that do nothing'),
    atMost("(e) executor's own time / step", (100 * own) / stepMilliseconds, 1, '%'),
  ];
};
