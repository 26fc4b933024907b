/** Solvers that need the ends of the flow, and networks that learned them or not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { onWasm } from '../../../properties/training/onWasm.js';
import {
  atTimes,
  consistency,
  consistencyLosses,
  ddim,
  ectPairs,
  edm,
  type Model,
  type Objective,
  pseudoHuberLosses,
  simpleLosses,
  snrWeight,
  type Solver,
  tcd,
  weightedBy,
} from '../../diffusion/index.js';
import { add, key, type Scalar, zerosLike } from '../../dsl/index.js';
import { adam, allZeros, parameter } from '../../nn/index.js';
import { E } from '../../internal/fp.js';
import { loadTrained, saveTrained } from '../../checkpoints/trainedFiles.js';
import { datasetOf } from '../../data/dataset.js';
import { fit } from '../fit/fit.js';
import { right } from '../testing.js';
import type { Trained } from '../../checkpoints/trained.js';
import { sample } from './sample.js';

type Image = [1, 1, 1];
const model: Model<Scalar, Image> = {
  ...parameter(allZeros),
  predicts: 'x0',
  clock: 'level',
  apply: (w, x) => add(zerosLike(x), w),
};
const data = right(datasetOf({ pixels: Uint8Array.of(0, 255), image: [1, 1, 1] }));
const recipe = { model, noising: edm(), data, optimizer: adam({ learningRate: 0.1 }), batch: 2, steps: 0, key: key(7) };

const own: Objective = (noising, denoiser, options) => simpleLosses(noising, denoiser, options);
const outcomes = (of: Trained<Scalar, Image>) =>
  onWasm(async (backend) => {
    const draw = async (solver: Solver): Promise<string> =>
      E.match(
        ({ message }: { readonly message: string }) => message,
        () => 'drawn',
      )(await sample(of, { solver, grid: atTimes([80, 1]), key: key(8) })(backend)());
    return [await draw(consistency()), await draw(tcd()), await draw(ddim())];
  });
const refused =
  'sample: solver: expected ddim() or another solver of denoisers, whose x̂₀ is the mean of the data, got consistency() or tcd(), which take x̂₀ for samples; tune the model by consistencyLosses (docs/fewsteps.md), or leave out its field estimatesEnd to draw so anyway';

test.each<[string, Partial<{ readonly loss: Objective }>, boolean]>([
  ['the usual loss', {}, false],
  ['a loss with another distance', { loss: pseudoHuberLosses(0.1) }, false],
  ['a weighted loss', { loss: weightedBy(snrWeight)(simpleLosses) }, false],
  ['a loss of consistency', { loss: consistencyLosses({ pairs: ectPairs({ steps: 9, stages: 3 }) }) }, true],
  ['a weighted loss of consistency', { loss: weightedBy(snrWeight)(consistencyLosses({ pairs: ectPairs({ steps: 9, stages: 3 }) })) }, true], // oxfmt-ignore
  ['a loss of its own, which nobody knows', { loss: own }, true],
])('after %s, consistency and tcd draw or are refused', async (_, loss, draws) => {
  const trained = await onWasm(async (backend) => {
    const result = right(await fit({ ...recipe, ...loss })(backend)());
    return { ...result, params: 0 as never }; // that backend is closed
  });
  expect(trained.estimatesEnd).toBe(loss.loss === own ? undefined : draws);
  expect(await outcomes(trained)).toEqual(draws ? ['drawn', 'drawn', 'drawn'] : [refused, refused, 'drawn']);
});

test('a file keeps what a network learned', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'noisefold-ends-'));
  const path = join(folder, 'model.safetensors');
  const kept = async (estimatesEnd: boolean | undefined) =>
    onWasm(async (backend) => {
      const { estimatesEnd: _, ...trained } = right(await fit(recipe)(backend)());
      const of = { ...trained, ...(estimatesEnd !== undefined && { estimatesEnd }) };
      right(await saveTrained(path, of)(backend)());
      return right(await loadTrained(path, { model })(backend)()).estimatesEnd;
    });
  expect([await kept(true), await kept(false), await kept(undefined)]).toEqual([true, false, undefined]);
  rmSync(folder, { recursive: true });
});
