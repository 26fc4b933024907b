/** Filter gradients as lowered by the compiler: each is one anchor, and its depth is split if there are few tiles. */
import { afterAll, describe, expect, test } from 'vitest';
import { runPlan, unfused, valueOf } from '../../../../properties/oracles/plans.js';
import { skippedFor } from '../../../../properties/skips.js';
import { noWebgpu } from '../../../../properties/webgpu.js';
import { filterGradientComposite } from '../../../dsl/composites/index.js';
import { lower } from '../../../dsl/compile/lower/index.js';
import { type ConvAttributes, node } from '../../../dsl/graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import * as p from '../../../dsl/primitives/index.js';
import { reference } from '../../reference/index.js';
import { acquireDevice } from '../device/adapter.js';
import { backendOn } from '../backend.js';

const PLAIN: ConvAttributes = {
  strides: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
  lhsDilation: [1, 1],
  rhsDilation: [1, 1],
  groups: 1,
  batchGroups: 1,
};
const SAME: ConvAttributes['padding'] = [
  [1, 1],
  [1, 1],
];

type Four = readonly [number, number, number, number];

interface Case {
  readonly image: Four;
  readonly kernel: Four;
  readonly attributes: ConvAttributes;
}

const cases: Readonly<Record<string, Case>> = {
  'three by three': { image: [3, 8, 8, 4], kernel: [3, 3, 4, 8], attributes: { ...PLAIN, padding: SAME } },
  'odd extents': { image: [3, 5, 7, 3], kernel: [3, 2, 3, 5], attributes: PLAIN },
  'a stride': { image: [2, 9, 8, 2], kernel: [3, 3, 2, 6], attributes: { ...PLAIN, strides: [2, 2] } },
  'dilations, and padding that crops': {
    image: [2, 7, 6, 2],
    kernel: [2, 2, 2, 4],
    attributes: {
      ...PLAIN,
      padding: [
        [2, -1],
        [1, 0],
      ],
      lhsDilation: [2, 1],
      rhsDilation: [1, 2],
    },
  },
  'a 1×1 window': { image: [3, 4, 4, 16], kernel: [1, 1, 16, 16], attributes: PLAIN },
  'a result of many tiles': { image: [2, 4, 4, 96], kernel: [3, 3, 96, 96], attributes: { ...PLAIN, padding: SAME } },
}; // oxfmt-ignore

/** Numbers with few bits, so that their sums are exact in float32 in any order. */
const numbers = (n: number, seed: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => (((Math.imul(i + 17 * seed + 1, 2654435761) >>> 16) % 17) - 8) / 4);

describe('webgpu', skippedFor(noWebgpu), async () => {
  const oracle = valueOf(await reference()());
  const backend = noWebgpu === '' ? await backendOn(valueOf(await acquireDevice({})())) : oracle;
  afterAll(async () => {
    await backend.close();
  });

  test.each(Object.entries(cases))('%s', async (_, { image, kernel, attributes }) => {
    const x = node('input', [], { path: 'x' }, image, 'float32');
    const output = p.conv2d(x, node('input', [], { path: 'w' }, kernel, 'float32'), attributes);
    const dy = node('input', [], { path: 'dy' }, output.shape, 'float32');
    const gradient = p.composite(filterGradientComposite, [x, dy], { attributes, kernel: [kernel[0], kernel[1]] });
    const inputs = [x, dy];
    const given = inputs.map((n, i) => numbers(sizeOf(n.shape), i));
    const plan = lower(
      { inputs, outputs: [gradient], donations: [null, null], donated: [false, false] },
      backend.capabilities,
    );
    expect(plan.calls.map(({ kind }) => kind)).toEqual(['anchor']);
    const [actual] = await runPlan(backend, plan, given);
    const [expected] = await runPlan(oracle, unfused([p.decomposition(gradient)]), given);
    expect(Array.from(actual!)).toEqual(Array.from(expected!));
  });
});
