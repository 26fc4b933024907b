import { describe, expect, test } from 'vitest';
import { cosine, ddpm, type Model } from '../../diffusion/index.js';
import { add, cast, div, key, minimum, mod, type Scalar, sub, zerosLike } from '../../dsl/index.js';
import { adam, allZeros, parameter, type Step } from '../../nn/index.js';
import { onWasm, takeAll } from '../../../properties/training/onWasm.js';
import { datasetOf } from '../../data/dataset.js';
import { right } from '../testing.js';
import { counted, divergence, noSteps } from './nonFiniteSteps.js';
import { startTraining } from '../fit/run.js';

/** The step at which a run ends, and the hint; null for a run that does not end. `x` is a step that is not finite. */
const endOf = (steps: string, hasOracle = true) => {
  let series = noSteps;
  for (const [step, letter] of [...steps].entries()) {
    series = counted(series, letter !== 'x');
    const error = divergence(step, series, hasOracle);
    if (error !== null) return { step, actual: error.actual, hint: error.hint };
  }
  return null;
};

const LOWER = 'lower the learning rate, or clip gradients';
const CHECK = 'no step was finite: check the model, the loss and the data';

test('a series ends when as many steps were finite as were not, so that the origin of the next one is found anew', () => {
  const equal = counted(counted({ ...noSteps, origin: 'log' }, false), true);
  expect(equal).toEqual({ ...noSteps, began: true });
  expect(counted(equal, false).steps).toBe(1); // the first of a series
});

describe('a run', () => {
  test.each([
    ['ten steps in a row', 'x'.repeat(10), 9, '10 of 10', CHECK],
    ['ten steps in a row after finite ones', `${'.'.repeat(50)}${'x'.repeat(10)}`, 59, '10 of 10', LOWER],
    ['two of three steps', 'xx.'.repeat(30), 25, '18 of 26', LOWER],
    ['nine steps in a row, again and again', `.${'xxxxxxxxx.'.repeat(9)}`, 12, '11 of 12', LOWER],
  ])('ends when %s are not finite', (_, steps, step, share, hint) => {
    expect(endOf(steps)).toMatchObject({ actual: `none in ${share} steps`, hint });
    expect(endOf(steps)!.step).toBe(step);
  });

  test.each([
    ['nine steps in a row', `.${'x'.repeat(9)}${'.'.repeat(9)}${'x'.repeat(9)}`],
    ['every second step', 'x.'.repeat(200)],
    ['few of many steps', 'xx...'.repeat(100)],
  ])('goes on when %s are not finite', (_, steps) => expect(endOf(steps)).toBeNull());

  test('without an oracle points to it', () => {
    expect(endOf('x'.repeat(10), false)?.hint).toBe(
      `${CHECK}; oracle: reference() finds the first operation whose result is not finite`,
    );
  });

  test('whose steps are mostly not finite fails, although never ten in a row are not', () =>
    onWasm(async (backend) => {
      // infinite unless the step is a multiple of 4
      const learningRate = (step: Step): Scalar => div(1e-3, sub(1, minimum(mod(cast(step, 'float32'), 4), 1)));
      const model: Model<Scalar, [1, 1, 1]> = {
        ...parameter(allZeros),
        predicts: 'x0',
        apply: (w, x) => add(zerosLike(x), w),
      };
      const data = right(datasetOf({ pixels: Uint8Array.of(255), labels: Uint8Array.of(0), image: [1, 1, 1] }));
      const recipe = { model, data, noising: right(ddpm(cosine(10))), optimizer: adam({ learningRate }) };
      const run = right(await startTraining({ ...recipe, batch: 1, steps: 100, key: key(7) })(backend)());
      const { events, error } = await takeAll(run);
      expect(error).toMatchObject({
        _tag: 'NonFinite',
        where: 'training, step 18',
        actual: 'none in 14 of 18 steps',
      });
      expect(events.filter(({ _tag }) => _tag === 'NonFinite')).toHaveLength(14);
    }));
});
