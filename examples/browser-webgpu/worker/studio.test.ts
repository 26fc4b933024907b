import { unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { using } from 'noisefold/dsl';
import type { StoredTensor } from 'noisefold/training';
import { function as F, taskEither as TE } from 'fp-ts';
import { expect, test } from 'vitest';
import { architectureOf, recipe } from '../../mnist/recipe.js';
import { digitParts, type Weights } from './network.js';
import { paintersOf } from './studio.js';

const tiny = { ...recipe, model: { ...recipe.model, base: 2, multipliers: [1, 2], heads: 1, groups: 1 } };
const { model } = unwrap(architectureOf(tiny));
const tensors: Weights = new Map(
  model.params.leaves.map(({ path, shape: dims }): readonly [string, StoredTensor] => {
    const shape = dims.map(Number);
    const size = shape.reduce((product, extent) => product * extent, 1);
    return [path, { dtype: 'F32', shape, data: new Float32Array(size) }];
  }),
);

test('a loaded network is uploaded when it first draws, once, and released with its painters', async () => {
  const effect = using(wasm())((backend) => {
    let loads = 0;
    const weights = TE.fromIO(() => (loads++, tensors));
    const held = () => backend.stats().buffers;
    const before = held();
    return F.pipe(
      paintersOf({ parts: () => digitParts(tiny), weights }, backend),
      TE.tap(({ release }) => release), // loads nothing
      TE.tapIO(() => () => expect([loads, held()]).toEqual([0, before])),
      TE.tap(({ check }) => check),
      TE.bindTo('painters'),
      TE.let('first', held),
      TE.tap(({ painters }) => painters.check),
      TE.tapIO(({ first }) => () => {
        expect(loads).toBe(1);
        expect(first).toBe(before + tensors.size);
        expect(held()).toBe(first);
      }),
      TE.tap(({ painters }) => painters.release),
      TE.tapIO(() => () => expect(held()).toBe(before)),
    );
  });
  unwrap(await effect());
});
