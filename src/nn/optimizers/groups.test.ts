/** Compares SGD, Muon and groups of parameters with float64 oracles written from the papers. */
import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance } from '../../../properties/diffusion/run.js';
import {
  concatAll,
  constantOf,
  type Dim,
  leafSpec,
  parseSpec,
  raveling,
  reshape,
  scalar,
  type Shape,
  type Tensor,
  tensorsOf,
  treeSpec,
} from '../../dsl/index.js';
import { attempt } from '../../internal/errors.js';
import { E, F } from '../../internal/fp.js';
import { adam, adamw } from './adam.js';
import { groups } from './groups.js';
import { muon } from './muon.js';
import { chain, clipByGlobalNorm, type Optimizer } from './optimizer.js';
import { sgd } from './sgd.js';

type Shapes = Readonly<Record<string, readonly number[]>>;
type Numbers = Readonly<Record<string, readonly number[]>>;
type Tree = Readonly<Record<string, Tensor<Shape>>>;

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const waves = (shapes: Shapes, k: number): Numbers =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(0.7 * i + 1.3 * k + shape.length))]),
  ); // oxfmt-ignore
const treeOf = (shapes: Shapes, numbers: Numbers): Tree =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, data]) => [name, constantOf(data, ...shapes[name]!) as Tensor<Shape>]),
  );
const flat = (tree: unknown): Tensor<[Dim]> =>
  concatAll(tensorsOf(tree).map(({ leaf }) => reshape(leaf as Tensor<Shape>, -1)) as [Tensor<[Dim]>], 0);

const UPDATES = 4;

/** The parameters after some updates, as a tree; or raveled into vectors, as `fit` stores them. */
const trained = (optimizer: Optimizer, shapes: Shapes, isRaveled = false): Promise<readonly number[]> =>
  numbersOf(() => {
    const spec = treeSpec<Tree>(
      Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, leafSpec(shape)])),
    );
    const { leaves, ravel, unravel } = raveling(spec, optimizer.groupOf);
    const [to, from] = isRaveled
      ? [ravel, unravel as (x: unknown) => Tree]
      : [(x: Tree) => x, (x: unknown) => x as Tree];
    const used = isRaveled ? (optimizer.over?.(leaves) ?? optimizer) : optimizer;
    let params: unknown = to(treeOf(shapes, waves(shapes, 0)));
    let state = used.init(params);
    for (let step = 0; step < UPDATES; step++) {
      const gradients = to(treeOf(shapes, waves(shapes, step + 1)));
      const updated = used.update<unknown>(gradients as never, state, params, scalar(step, 'int32'));
      ({ params, state } = updated);
    }
    return flat(from(params));
  });

/** The same, computed by an oracle for each parameter. */
const expected = (
  shapes: Shapes,
  rule: (name: string) => (theta: readonly number[], gradientAt: (t: number) => readonly number[]) => readonly number[],
): readonly number[] =>
  Object.keys(shapes).flatMap((name) => rule(name)(waves(shapes, 0)[name]!, (t) => waves(shapes, t)[name]!));

/** The rule of `torch.optim.SGD`, as its documentation states it. */
const sgdByHand =
  ({ rate = 0.1, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 }) =>
  (theta: readonly number[], gradientAt: (t: number) => readonly number[]): readonly number[] =>
    theta.map((start, i) => {
      let p = start;
      let b = 0;
      for (let t = 1; t <= UPDATES; t++) {
        let g = gradientAt(t)[i]! + weightDecay * p;
        if (momentum !== 0) {
          b = t === 1 ? g : momentum * b + (1 - dampening) * g;
          g = nesterov ? g + momentum * b : b;
        }
        p -= rate * g;
      }
      return p;
    });

type M = readonly (readonly number[])[];
const product = (a: M, b: M): M => a.map((row) => b[0]!.map((_, j) => row.reduce((s, x, k) => s + x * b[k]![j]!, 0)));
const turned = (a: M): M => a[0]!.map((_, j) => a.map((row) => row[j]!));
const combined = (...terms: readonly (readonly [number, M])[]): M =>
  terms[0]![1].map((row, i) => row.map((_, j) => terms.reduce((s, [c, m]) => s + c * m[i]![j]!, 0)));

/**
 * Jordan et al. 2024, on matrices of outputs by inputs, as in the paper; the mean of the gradients is that of the
 * published code.
 */
const muonByHand =
  ({ rate = 0.1, momentum = 0.95, nesterov = true, weightDecay = 0, shape = [] as readonly number[] }) =>
  (theta: readonly number[], gradientAt: (t: number) => readonly number[]): readonly number[] => {
    const outputs = shape.at(-1)!;
    const inputs = sizeOf(shape) / outputs;
    const published = (x: readonly number[]): M =>
      turned(Array.from({ length: inputs }, (_, i) => x.slice(i * outputs, (i + 1) * outputs)));
    let p = published(theta);
    let m = combined([0, p]);
    for (let t = 1; t <= UPDATES; t++) {
      const g = published(gradientAt(t));
      m = combined([momentum, m], [1 - momentum, g]);
      let X = nesterov ? combined([1 - momentum, g], [momentum, m]) : m;
      X = combined([1 / (Math.hypot(...X.flat()) + 1e-7), X]);
      if (outputs > inputs) X = turned(X);
      for (let i = 0; i < 5; i++) {
        const A = product(X, turned(X));
        X = combined([3.4445, X], [1, product(combined([-4.775, A], [2.0315, product(A, A)]), X)]);
      }
      if (outputs > inputs) X = turned(X);
      p = combined([1 - rate * weightDecay, p], [-rate * Math.max(1, outputs / inputs) ** 0.5, X]);
    }
    return turned(p).flat();
  };

// float64 throughout: the orders of sums differ, and Newton–Schulz multiplies an error by 3.4⁵ = 480 at most in each update
const approx = 1e-10;

describe('sgd', () => {
  test.each([
    [{}],
    [{ momentum: 0.9 }],
    [{ momentum: 0.9, dampening: 0.3 }],
    [{ momentum: 0.9, nesterov: true, weightDecay: 0.2 }],
    [{ weightDecay: 0.2 }],
  ])('makes the steps of PyTorch: %o', async (config) => {
    const shapes = { w: [3, 2], b: [2] };
    const actual = await trained(sgd({ learningRate: 0.1, ...config }), shapes);
    expect(
      relativeDistance(
        actual,
        expected(shapes, () => sgdByHand(config)),
      ),
    ).toBeLessThan(approx);
  });

  test('keeps a velocity only if there is momentum', () => {
    expect(Object.keys(sgd({ learningRate: 1 }).state('3'))).toEqual([]);
    expect(Object.keys(sgd({ learningRate: 1, momentum: 0.5 }).state('3'))).toEqual(['velocity']);
  });
});

describe('muon', () => {
  const shapes = { tall: [6, 3], wide: [2, 5], kernel: [3, 3, 2, 4] };
  const config = { weightDecay: 0.3, nesterov: true };
  const byHand = (change = {}) => expected(shapes, (name) => muonByHand({ ...config, ...change, shape: shapes[name as keyof typeof shapes] })); // oxfmt-ignore

  test('makes the steps of the paper, of matrices and kernels', async () => {
    expect(relativeDistance(await trained(muon({ learningRate: 0.1, ...config }), shapes), byHand())).toBeLessThan(
      approx,
    );
    const plain = await trained(muon({ learningRate: 0.1, ...config, nesterov: false, momentum: 0.5 }), shapes);
    expect(relativeDistance(plain, byHand({ nesterov: false, momentum: 0.5 }))).toBeLessThan(approx);
  });

  test('makes the same steps if parameters are stored in vectors', async () => {
    const optimizer = chain(clipByGlobalNorm(1e9), muon({ learningRate: 0.1, ...config }));
    expect(relativeDistance(await trained(optimizer, shapes, true), byHand())).toBeLessThan(approx);
  });

  test('refuses a vector, by its path', async () => {
    for (const isRaveled of [false, true]) {
      const outcome = attempt(() => trained(muon({ learningRate: 0.1 }), { w: [2, 2], b: [2] }, isRaveled));
      await expect(E.isRight(outcome) ? outcome.right : Promise.reject(outcome.left)).rejects.toThrow(/^muon: b: expected a matrix or a kernel, of at least 2 axes, got \[2\]/);
    }
  }); // oxfmt-ignore
});

describe('groups', () => {
  const shapes = { kernel: [3, 3, 2, 4], w: [4, 3], b: [3], scale: [5] };
  const optimizer = groups([
    { where: (_, shape) => shape.length > 2, optimizer: muon({ learningRate: 0.2 }) },
    { where: (path) => path === 'b', optimizer: sgd({ learningRate: 0.3, momentum: 0.9 }) },
    { optimizer: sgd({ learningRate: 0.1, weightDecay: 0.5 }) },
  ]);
  const rules: Readonly<Record<string, ReturnType<typeof sgdByHand>>> = {
    kernel: muonByHand({ rate: 0.2, shape: shapes.kernel }),
    b: sgdByHand({ rate: 0.3, momentum: 0.9 }),
  };
  const byHand = expected(shapes, (name) => rules[name] ?? sgdByHand({ rate: 0.1, weightDecay: 0.5 }));

  test('update each parameter by the optimizer of its group', async () => {
    expect(relativeDistance(await trained(optimizer, shapes), byHand)).toBeLessThan(approx);
  });

  test('also if parameters are stored in vectors, in a chain and in groups of groups', async () => {
    const nested = groups([{ where: (path) => path !== 'scale', optimizer }, { optimizer: sgd({ learningRate: 0.1, weightDecay: 0.5 }) }]);
    for (const used of [optimizer, chain(clipByGlobalNorm(1e9), optimizer), nested])
      expect(relativeDistance(await trained(used, shapes, true), byHand)).toBeLessThan(approx);
  }); // oxfmt-ignore

  test('keep a moment only for the parameters whose optimizer has it', () => {
    const spec = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, shape.join(' ')]));
    const paths = F.pipe(parseSpec(optimizer.state(spec)), E.map(({ leaves }) => leaves.map(({ path }) => path)));
    expect(paths).toEqual(E.right(['momentum.kernel', 'velocity.b']));
  }); // oxfmt-ignore

  test('with a single optimizer equal that optimizer', async () => {
    const one = adamw({ learningRate: 0.1, weightDecay: 0.2 });
    expect(await trained(groups([{ optimizer: one }]), shapes)).toEqual(await trained(one, shapes));
  });

  test.each([
    [[{ where: (path: string) => path === 'w', optimizer: adam({ learningRate: 1 }) }], 'groups: kernel: expected one group that takes this parameter, [3, 3, 2, 4], got none'],
    [[{ where: () => true, optimizer: adam({ learningRate: 1 }) }, { where: (path: string) => path === 'b', optimizer: adam({ learningRate: 1 }) }], 'groups: b: expected one group that takes this parameter, [3], got the groups 0 and 1'],
    [[{ optimizer: adam({ learningRate: 1 }) }, { optimizer: adam({ learningRate: 1 }) }], 'groups: kernel: expected one group that takes this parameter, [3, 3, 2, 4], got the groups 0 and 1'],
  ])('%#: a parameter in no group, or in two, is named', async (list, message) => {
    const begin = (): Tensor<[Dim]> => flat(groups(list).init(treeOf(shapes, waves(shapes, 0)))['first']);
    expect(F.pipe(await outcomeOf(begin)(), E.mapLeft((error) => error.message.startsWith(message) ? message : error.message))).toEqual(E.left(message));
  }); // oxfmt-ignore
});

describe('invalid options are refused', () => {
  test.each([
    [() => sgd({ learningRate: 0.1, momentun: 0.9 } as never), 'sgd.momentun: expected one of the fields learningRate, momentum, dampening, nesterov, weightDecay, got an unknown field; did you mean momentum?'],
    [() => sgd({ learningRate: 0.1, momentum: 1 }), 'sgd.momentum: expected a decay in [0, 1), got 1; 0.9 and 0.999 are usual'],
    [() => sgd({ learningRate: 0.1, nesterov: true }), 'sgd.nesterov: expected momentum above 0, and no dampening, got momentum 0 and dampening 0; a momentum of 0.9 is usual'],
    [() => muon({ learningRate: 0.1, beta1: 0.9 } as never), 'muon.beta1: expected one of the fields learningRate, momentum, nesterov, weightDecay, steps, got an unknown field; leave it out'],
    [() => muon({ learningRate: 0.1, steps: 0 }), 'muon.steps: expected an integer ≥ 1, got 0; change steps'],
    [() => groups([]), 'groups: expected a group, got none; give at least one'],
    [() => groups([{ optimiser: adam({ learningRate: 1 }) } as never]), 'groups.0.optimiser: expected one of the fields optimizer, where, got an unknown field; did you mean optimizer?'],
  ])('%#: at once', (make, message) => {
    expect(F.pipe(attempt<unknown>(make), E.mapLeft((error) => error.message))).toEqual(E.left(message));
  }); // oxfmt-ignore
});

test('an optimizer states its settings', () => {
  const { settings } = chain(clipByGlobalNorm(1), groups([{ optimizer: adamw({ learningRate: 0.1, beta1: 0.5 }) }]));
  expect(settings).toEqual({
    chain: [
      { clipByGlobalNorm: [1] },
      { groups: [{ adamw: { adam: { learningRate: 0.1, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 } }, weightDecay: 0.01 }] },
    ],
  });
}); // oxfmt-ignore
