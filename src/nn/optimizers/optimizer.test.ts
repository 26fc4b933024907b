import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import {
  type Dim,
  type Grads,
  concatAll,
  constantOf,
  grad,
  leafSpec,
  parseSpec,
  reshape,
  scalar,
  type Shape,
  showShape,
  type Tensor,
  tensorsOf,
  treeSpec,
} from '../../dsl/index.js';
import { attempt } from '../../internal/errors.js';
import { E, F } from '../../internal/fp.js';
import { allZeros } from '../layers/initializers.js';
import { parameter } from '../layers/layer.js';
import { adam, type AdamConfig, adamw } from './adam.js';
import { cosineDecay, warmup } from './learningRate.js';
import { chain, clipByGlobalNorm, globalNorm, learner, type Optimizer, type OptimizerState } from './optimizer.js';

interface Params {
  readonly w: Tensor<[Dim]>;
  readonly deep: { readonly b: Tensor<[Dim]> };
}
const paramsOf = ([w, b]: readonly [readonly number[], readonly number[]]): Params => ({
  w: constantOf(w, w.length),
  deep: { b: constantOf(b, b.length) },
});

/** All numbers of a tree, one after the other. */
const flat = (tree: unknown): Tensor<[Dim]> => {
  const [first, ...rest] = tensorsOf(tree).map(({ leaf }) => reshape(leaf as Tensor<Shape>, -1)); // all are float32 here
  return concatAll([first!, ...rest], 0);
};

const start = [[1, -2, 0.5], [3]] as const;
const gradients = [
  [[0.1, -0.2, 3], [1e-4]],
  [[-0.3, 0.1, 2], [2e-4]],
  [[0.2, 0.2, -1], [0]],
] as const;

/** The parameters after all gradients. */
const trained = (optimizer: Optimizer): Promise<readonly number[]> =>
  numbersOf(() => {
    const begin = { params: paramsOf(start), state: optimizer.init(paramsOf(start)) };
    const end = gradients.reduce<{ readonly params: Params; readonly state: OptimizerState<Params> }>(
      ({ params, state }, g, step) => optimizer.update(paramsOf(g), state, params, scalar(step, 'int32')),
      begin,
    );
    return flat(end.params);
  });

/** Algorithm 1 of Kingma & Ba 2015, and line 12 of algorithm 2 of Loshchilov & Hutter 2019, literally. */
const byHand = (
  rate: (t: number) => number,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: Partial<AdamConfig> = {},
  weightDecay = 0,
  gradientsOf: (t: number) => readonly number[] = (t) => gradients[t - 1]!.flat(),
): readonly number[] =>
  start.flat().map((theta, i) => {
    let [p, m, v] = [theta, 0, 0];
    for (let t = 1; t <= gradients.length; t++) {
      const g = gradientsOf(t)[i]!;
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g * g;
      const [mHat, vHat] = [m / (1 - beta1 ** t), v / (1 - beta2 ** t)];
      p = p - rate(t) * (mHat / (Math.sqrt(vHat) + epsilon) + weightDecay * p);
    }
    return p;
  });

// float64 throughout; 1 − βᵗ is computed in two ways, which lose up to 1/(1 − β₂) = 1000 ulp
const approx = 1e-12;

describe('adam', () => {
  test('makes the steps of the paper', async () => {
    expect(
      relativeDistance(
        await trained(adam({ learningRate: 0.1 })),
        byHand(() => 0.1),
      ),
    ).toBeLessThan(approx);
  });

  test('with other decays, and an epsilon large enough to matter', async () => {
    const config = { beta1: 0, beta2: 0.5, epsilon: 0.1 };
    const result = await trained(adam({ learningRate: 0.1, ...config }));
    expect(
      relativeDistance(
        result,
        byHand(() => 0.1, config),
      ),
    ).toBeLessThan(approx);
  });

  test('the first step has the size of the learning rate, against the sign of the gradient', async () => {
    const optimizer = adam({ learningRate: 0.1, epsilon: 1e-30 });
    const [w0, w1, w2, b] = await numbersOf(() =>
      flat(
        optimizer.update(paramsOf(gradients[0]), optimizer.init(paramsOf(start)), paramsOf(start), scalar(0, 'int32'))
          .params,
      ),
    );
    expect([w0! - 1, w1! + 2, w2! - 0.5, b! - 3].map((d) => d.toFixed(9))).toEqual(
      [-0.1, 0.1, -0.1, -0.1].map((d) => d.toFixed(9)),
    );
  });

  test('a learning rate may follow the step', async () => {
    const learningRate = warmup(2)(0.1);
    const result = await trained(adam({ learningRate }));
    expect(
      relativeDistance(
        result,
        byHand((t) => 0.1 * Math.min(1, t / 2)),
      ),
    ).toBeLessThan(approx);
  });

  test('the spec of the state has the form of the parameters, in either notation', () => {
    const { state } = adam({ learningRate: 1 });
    const written = { w: '3', deep: { b: '1' } } as const;
    const params = treeSpec<Params>({ w: leafSpec([3]), deep: { b: leafSpec([1]) } });
    const expected = ['first.w [3]', 'first.deep.b [1]', 'second.w [3]', 'second.deep.b [1]'];
    for (const spec of [parseSpec(state(written)), parseSpec(state(params))])
      expect(right(spec).leaves.map(({ path, shape }) => `${path} ${showShape(shape)}`)).toEqual(expected);
  });

  test('a parameter without a gradient is unchanged', async () => {
    const params = { w: constantOf([1], 1), count: constantOf(Int32Array.of(7), 1) };
    const optimizer = adamw({ learningRate: 0.1 });
    const updated = optimizer.update(
      { w: constantOf([1], 1), count: null },
      optimizer.init(params),
      params,
      scalar(0, 'int32'),
    );
    expect(await numbersOf(() => updated.params.count)).toEqual([7]);
    expect(await numbersOf(() => updated.state['first']!.count)).toEqual([0]);
    // the types require the gradient of a float
    const without = optimizer.update(
      { w: null as never, count: null },
      optimizer.init(params),
      params,
      scalar(0, 'int32'),
    );
    expect(await numbersOf(() => without.params.w)).toEqual([1]);
  });
});

describe('invalid options are refused', () => {
  const usual = '1e-3 is usual for Adam';
  const huge = { learningRate: 0.1, weightDecay: Number.POSITIVE_INFINITY };
  test.each([
    [() => adam({ learningRate: 0.1, beta2: 1 }), 'adam.beta2: expected a decay in [0, 1), got 1; 0.9 and 0.999 are usual'],
    [() => adam({ learningRate: 0.1, epsilon: 0 }), 'adam.epsilon: expected a finite number above 0, got 0; 1e-8 is usual: without it a gradient of 0 gives 0 / 0'],
    [() => adam({ learningRate: 0.1, beta: 0.9 } as AdamConfig), `adam.beta: expected one of the fields learningRate, beta1, beta2, epsilon, got an unknown field; did you mean beta1?`],
    [() => adam({ lr: 0.1 } as unknown as AdamConfig), `adam.lr: expected one of the fields learningRate, beta1, beta2, epsilon, got an unknown field; did you mean learningRate?`],
    [() => adam({} as AdamConfig), `adam.learningRate: expected a learning rate: a number, or a function of the step, got nothing; 1e-3 is usual for Adam`],
    [() => adamw({ learningRate: 0.1, decay: 0.9 } as AdamConfig), 'adamw.decay: expected one of the fields learningRate, beta1, beta2, epsilon, weightDecay, got an unknown field; did you mean weightDecay?'],
    [() => adam({ learningRate: Number.NaN }), `adam.learningRate: expected a finite number ≥ 0, got NaN; ${usual}`],
    [() => adamw(huge), 'adamw.weightDecay: expected a finite number ≥ 0, got Infinity; 0.01 is usual'],
    [() => warmup(0.1, 0), 'warmup: expected a number of steps ≥ 1, got 0; count updates, from 0'],
    [() => cosineDecay(0.1, { steps: 5, floor: Number.NaN }), 'cosineDecay.floor: expected a number from 0 to 1, got NaN; a floor of 0.1 keeps a tenth of the rate'],
    [() => cosineDecay(0.1, { from: 5, steps: 5 }), 'cosineDecay.steps: expected a number of steps ≥ 6, got 5; count updates, from 0'],
    [() => warmup(-1, 3), `warmup: expected a finite number ≥ 0, got -1; ${usual}`],
    [() => adam({ learningRate: warmup(4) as unknown as number }), 'adam.learningRate: expected a learning rate: a number, or a function of the step, got warmup(…), which waits for its first operand; write warmup(rate, …) or pipe(rate, warmup(…))'],
    [() => learner(parameter(allZeros, 2), {} as Optimizer), 'learner.optimizer.state: expected a function, got nothing; make it by adam, adamw, chain or optimizerOf'],
    [() => learner({} as ReturnType<typeof parameter>, adam({ learningRate: 0.1 })), 'learner.model.params: expected a spec of parameters, got nothing; make it by layer, or by unet'],
    [() => learner(parameter(allZeros, 2), undefined as unknown as Optimizer), 'learner.optimizer: expected an optimizer, got nothing; make it by adam, adamw, chain or optimizerOf'],
  ])('%#: at once', (make, message) => {
    expect(F.pipe(attempt<unknown>(make), E.mapLeft((error) => error.message))).toEqual(E.left(message));
  }); // oxfmt-ignore

  test.each([
    [chain(clipByGlobalNorm(0), adam({ learningRate: 0.1 })), 'clipByGlobalNorm: expected a finite norm above 0, got 0; 1 is usual'],
  ] as const)('%#: when it is traced', async (optimizer, message) => {
    const begin = paramsOf(start);
    const outcome = await outcomeOf(() =>
      flat(
        optimizer.update(paramsOf(gradients[0]), optimizer.init(begin), begin, scalar(0, 'int32')).params,
      ),
    )();
    expect(E.isLeft(outcome) && outcome.left.message).toBe(message);
  }); // oxfmt-ignore
});

describe('adamw', () => {
  test('makes the steps of the paper', async () => {
    const result = await trained(adamw({ learningRate: 0.1, weightDecay: 0.3 }));
    expect(
      relativeDistance(
        result,
        byHand(() => 0.1, {}, 0.3),
      ),
    ).toBeLessThan(approx);
  });

  test('without decay is adam', async () => {
    const [a, b] = [adamw({ learningRate: 0.1, weightDecay: 0 }), adam({ learningRate: 0.1 })];
    expect(await trained(a)).toEqual(await trained(b));
  });
});

describe('clipByGlobalNorm', () => {
  const clipped = (max: number, g: readonly [readonly number[], readonly number[]]): Promise<readonly number[]> =>
    numbersOf(() => flat(clipByGlobalNorm<Params>(paramsOf(g), max)));

  test('the norm is that of all leaves together', async () => {
    expect(await numbersOf(() => globalNorm<Params>(paramsOf([[3, 0], [4]])))).toEqual([5]);
  });

  test('the gradient of the norm is x/‖x‖, and 0 where all leaves are 0', async () => {
    const slopes = (x: readonly [readonly number[], readonly number[]]) =>
      numbersOf(() => flat(grad((p: Params) => globalNorm<Params>(p))(paramsOf(x))));
    expect(await slopes([[3, 0], [4]])).toEqual([0.6, 0, 0.8].map((v) => expect.closeTo(v, 12)));
    expect(await slopes([[0, 0], [4]])).toEqual([0, 0, 1]);
    expect(await slopes([[0, 0], [0]])).toEqual([0, 0, 0]);
  });

  test('leaves a short gradient unchanged, bit for bit', async () => {
    expect(await clipped(5, [[3, 0], [4]])).toEqual([3, 0, 4]);
    expect(await clipped(1, [[0, 0], [0]])).toEqual([0, 0, 0]);
  });

  test('shortens a long gradient, and keeps its direction', async () => {
    expect(await clipped(1, [[3, 0], [4]])).toEqual([3 * (1 / 5), 0, 4 * (1 / 5)]);
  });

  test('a NaN anywhere makes all gradients NaN, so that a guard detects it', async () => {
    expect(await clipped(1, [[NaN, 0], [4]])).toEqual([NaN, NaN, NaN]);
  });

  test('goes before an optimizer in a chain', async () => {
    const short = (t: number): readonly number[] => {
      const g = gradients[t - 1]!.flat();
      return g.map((x) => x * Math.min(1, 0.5 / Math.hypot(...g)));
    };
    const result = await trained(chain(clipByGlobalNorm(0.5), adam({ learningRate: 0.1 })));
    expect(
      relativeDistance(
        result,
        byHand(() => 0.1, {}, 0, short),
      ),
    ).toBeLessThan(approx);
  });

  test('keeps the type of the gradients', () => {
    const g: Grads<{ w: Tensor<[3]>; n: Tensor<[], 'int32'> }> = { w: constantOf([1, 2, 3], 3), n: null };
    expect(clipByGlobalNorm<{ w: Tensor<[3]>; n: Tensor<[], 'int32'> }>(g, 1).n).toBeNull();
  });
});

describe('learning rates', () => {
  const at = async (rate: ReturnType<typeof warmup>, steps: readonly number[]): Promise<readonly number[]> =>
    Promise.all(
      steps.map(async (step) => {
        const learningRate = rate(2);
        if (typeof learningRate === 'number') return learningRate;
        return (await numbersOf(() => learningRate(scalar(step, 'int32'))))[0]!;
      }),
    );

  test('warmup grows to the full rate at its last step, and stays there', async () => {
    expect(await at(warmup(4), [0, 1, 3, 4, 100])).toEqual([0.5, 1, 2, 2, 2]);
  });

  test('cosineDecay falls from the full rate to its floor, and stays there', async () => {
    const rates = await at(cosineDecay({ from: 10, steps: 30, floor: 0.1 }), [0, 10, 20, 30, 100]);
    [2, 2, 1.1, 0.2, 0.2].forEach((rate, i) => expect(rates[i]).toBeCloseTo(rate, 12));
  });

  test('they compose', async () => {
    const rates = await at((rate) => cosineDecay({ steps: 8 })(warmup(4)(rate)), [0, 4]);
    [0.5, 1].forEach((rate, i) => expect(rates[i]).toBeCloseTo(rate, 12));
  });
});
