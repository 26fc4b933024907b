import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf, right } from '../../../properties/diffusion/run.js';
import { add, cast, constantOf, type Key, matmul, mul, scaleBy, type Tensor } from '../../dsl/index.js';
import { F } from '../../internal/fp.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { classifierLosses } from './classifierLoss.js';
import type { Classifier } from '../guidance/guide.js';
import { noisedBatch } from './loss.js';
import { respace } from '../grids/respacing.js';
import { spaced } from '../grids/grid.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(ddpm(cosine(100)));
const B = 64;
const x0 = constantOf(Float32Array.from({ length: 2 * B }, (_, i) => Math.sin(i)), B, 2); // oxfmt-ignore
const labels = Array.from({ length: B }, (_, i) => i % 3);
const conditions = { label: constantOf(Int32Array.from(labels), B) };

/** Logits W·x_t·(1 + t/100), of three classes. */
const W = [
  [1, -2, 0.5],
  [0, 1, 3],
];
const classifier: Classifier<null, [2]> = {
  classes: 3,
  apply: (_, x, t) => scaleBy(matmul(x, constantOf(W.flat(), 2, 3)), add(mul(cast(t, 'float32'), 0.01), 1)),
};

const logitsOf = (x: readonly number[], t: number): readonly number[] =>
  [0, 1, 2].map((j) => (x[0]! * W[0]![j]! + x[1]! * W[1]![j]!) * (1 + t / 100));

/** −log softmax(logits)[y], and whether the greatest logit is that of y. */
const crossEntropy = (logits: readonly number[], y: number): number =>
  Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[y]!;

const seen = (key: Key, over = noising) => noisedBatch(over, classifier)({ x0, key, conditions });
const lossesOf = (key: Key, over = noising) => classifierLosses(over, classifier)(null, { x0, key, conditions });

describe('the loss of a classifier is −log p(y|x_t)', () => {
  test.each([
    ['at the timesteps of its process', noising, (t: number) => t],
    ['at the timesteps of the network for a respaced process', right(respace(spaced(5))(noising)), (t: number) => [0, 25, 50, 74, 99][t]!], // oxfmt-ignore
  ] as const)('%s', async (_, over, timestepOf) => {
    const xt = await numbersOf((key) => seen(key, over).xt);
    const losses = await numbersOf((key) => lossesOf(key, over).losses);
    const ts = await numbersOf((key) => lossesOf(key, over).t);
    const accuracy = await numbersOf((key) => lossesOf(key, over).accuracy);
    expect(new Set(ts).size).toBeGreaterThan(over.marginals.length / 3); // uniform
    for (let i = 0; i < B; i++) {
      const logits = logitsOf(xt.slice(2 * i, 2 * i + 2), timestepOf(ts[i]!));
      expect(losses[i]).toBeCloseTo(crossEntropy(logits, labels[i]!), 6);
      expect(accuracy[i]).toBe(logits.indexOf(Math.max(...logits)) === labels[i] ? 1 : 0);
    }
  });

  test('NaN only for a class out of range, and 0 for a sample without one', async () => {
    const odd = constantOf(Int32Array.from({ length: B }, (_, i) => [0, 4, -1, 3][i % 4]!), B); // oxfmt-ignore
    const losses = await numbersOf(
      (key) => classifierLosses(noising, classifier)(null, { x0, key, conditions: { label: odd } }).losses,
    );
    expect(losses.map(Number.isNaN)).toEqual(losses.map((_, i) => i % 4 === 1 || i % 4 === 2));
    expect(losses.map((loss) => loss === 0)).toEqual(losses.map((_, i) => i % 4 === 3));
  });
});

describe('the loss of a classifier refuses', () => {
  test('a process with timesteps that the classifier does not know', async () => {
    const short = { ...classifier, timesteps: 50 };
    expect(await messageOf((key) => classifierLosses(noising, short)(null, { x0, key, conditions }).losses)).toBe(
      'classifier: expected a process of at most 50 timesteps, which it knows, got one of 100; make the model with as many timesteps',
    );
  });

  const messageOf = async (build: (key: Key) => Tensor<[typeof B]>): Promise<string> =>
    F.pipe(await outcomeOf(build)(), (result) => ('left' in result ? result.left.message : 'none'));
  test('a batch without classes, and dropout of conditions', async () => {
    expect(await messageOf((key) => classifierLosses(noising, classifier)(null, { x0, key }).losses)).toBe(
      'classifierLosses: expected the class of each sample, conditions.label, got none; give the loss the classes of its data',
    );
    const dropping = { conditionDropout: 0.1 };
    expect(
      await messageOf((key) => classifierLosses(noising, classifier, dropping)(null, { x0, key, conditions }).losses),
    ).toBe(
      'classifierLosses: conditionDropout: expected 0, because a classifier needs the class of each sample, got 0.1; leave it out; it is for denoisers with conditions',
    );
  });
});

describe('a classifier of several conditions', () => {
  const both: Classifier<null, [2]> = {
    classes: { hair: { classes: 2 }, size: { classes: 3 } },
    apply: (_, x) => matmul(x, constantOf([1, -1, 0.5, 2, 0, 0, 1, -2, 1, 3], 2, 5)),
  };
  const sizes = labels.map((_, i) => (i % 4 === 0 ? 3 : (i * 7) % 3)); // 3 is none
  const hair = constantOf(Int32Array.from(labels, (y) => y % 2), B); // oxfmt-ignore
  const size = constantOf(Int32Array.from(sizes), B);

  test('adds the losses of those that a sample has, from their own logits', async () => {
    const xt = await numbersOf((key) => noisedBatch(noising, both)({ x0, key, conditions: { hair, size } }).xt);
    const losses = await numbersOf(
      (key) => classifierLosses(noising, both)(null, { x0, key, conditions: { hair, size } }).losses,
    );
    losses.forEach((loss, i) => {
      const [a, b] = [xt[2 * i]!, xt[2 * i + 1]!];
      const ofHair = crossEntropy([a, -a + b], labels[i]! % 2);
      const ofSize = sizes[i] === 3 ? 0 : crossEntropy([0.5 * a - 2 * b, 2 * a + b, 3 * b], sizes[i]!);
      expect(loss).toBeCloseTo(ofHair + ofSize, 6);
    });
  });

  test('needs the classes of each', async () => {
    const outcome = await outcomeOf(
      (key) => classifierLosses(noising, both)(null, { x0, key, conditions: { hair } }).losses,
    )();
    expect('left' in outcome && outcome.left.message).toContain('expected the class of each sample, conditions.size');
  });
});
