import { describe, expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { levelsOf } from '../paths/noising.js';
import { rectifiedFlow } from '../paths/continuousNoising.js';
import { type Algorithm, minus, plus, solverOf, times } from './algorithm.js';
import type { Stage } from './plan.js';

// α = 1 - t and σ = t
const noising = rectifiedFlow();
const levels = levelsOf(noising, [0.8, 0.5, 0.25]);

/** The stages of each step; the last step ends at the data. */
const stagesOf = (algorithm: Algorithm): readonly (readonly Stage[])[] =>
  right(solverOf(algorithm).plan(levels, noising)).map(({ stages }) => stages);

/** Compares the factors of a stage that are not 0. */
const expectFactors = (stage: Stage | undefined, expected: Partial<Stage>): void => {
  const { at: _, ...factors } = stage!;
  const others = Object.entries(factors).filter(([, n]) => n !== 0 && !(Array.isArray(n) && n.length === 0));
  const close = (n: unknown): unknown => {
    if (typeof n === 'number') return expect.closeTo(n, 14);
    return Array.isArray(n) ? n.map(close) : n;
  };
  const wanted = Object.entries(expected).map(([name, n]) => [name, close(n)]);
  expect(Object.fromEntries(others)).toEqual(Object.fromEntries(wanted));
};

describe('the trace of a step', () => {
  it('writes predictions of an evaluation as factors of its x and x̂₀', () => {
    const [[epsilon]] = stagesOf(({ x, D }, from) => D(x, from).epsilon) as [[Stage]];
    expectFactors(epsilon, { x: 1 / 0.8, x0: -0.2 / 0.8 }); // (x - α·x̂₀)/σ
    const [[velocity]] = stagesOf(({ x, D }, from) => D(x, from).velocity) as [[Stage]];
    expectFactors(velocity, { x: 1 / 0.8, x0: -0.2 / 0.8 - 1 }); // ε̂ - x̂₀
    const [[guided]] = stagesOf(({ x, D }, from) => minus(D(x, from).uncorrected, x)) as [[Stage]];
    expectFactors(guided, { x: -1, uncorrected: 1 });
  });

  it('begins a stage with each evaluation, with x of the step and a prediction of the one before in memory', () => {
    const [[first, second]] = stagesOf(({ x, D }, from, to) => {
      const d = D(x, from).epsilon;
      const { x0 } = D(plus(x, times(2, d)), to.sigma === 0 ? from : to);
      return plus(times(3, x), times(4, d), times(5, x0));
    }) as [[Stage, Stage]];
    expectFactors(first, { x: 1 + 2 / 0.8, x0: -0.4 / 0.8, remembers: 'epsilon' });
    expect(second.at).toBe(levels[1]);
    expectFactors(second, { start: 3, memory: [4], x0: 5 });
  });

  it('takes several predictions of the first evaluation from its x and x̂₀', () => {
    const [[, second]] = stagesOf(({ x, D }, from, to) => {
      const { x0, epsilon } = D(x, from);
      const end = D(x0, to.sigma === 0 ? from : to);
      return plus(x0, times(2, epsilon), times(3, end.x));
    }) as [[Stage, Stage]];
    expectFactors(second, { x: 3, start: 2 / 0.8, memory: [1 - 0.4 / 0.8] });
  });

  it('raises x before the first evaluation of a step, and starts from there', () => {
    const [[first, second]] = stagesOf(({ x, D, noise }, from, to) => {
      const hat = plus(times(0.5, x), times(0.25, noise()));
      const { x0 } = D(hat, from);
      return plus(times(2, hat), times(3, x0), times(0, D(x0, to.sigma === 0 ? from : to).x0), times(0.125, noise()));
    }) as [[Stage, Stage]];
    expectFactors(first, { churn: { alpha: 0.5, sigma: 0.25 }, x0: 1, remembers: 'x0' });
    expectFactors(second, { start: 2, memory: [3], noise: 0.125 });
  });

  it('takes the first predictions of earlier steps from memory, however many evaluations lie between', () => {
    const [, [third], [fourth]] = stagesOf(({ x, D, past, index, left }, from, to) => {
      expect(index + left).toBe(3);
      expect(past.map(({ at }) => at)).toEqual(levels.slice(0, index).toReversed());
      const own = D(x, from);
      if (index === 0) return D(own.x0, to).x0;
      return plus(own.x0, ...past.map((one, k) => times(k + 2, one.x0)));
    }) as [unknown, [Stage], [Stage]];
    expectFactors(third, { x0: 1, memory: [0, 2], remembers: 'x0' });
    expectFactors(fourth, { x0: 1, memory: [2, 0, 3] });
  });

  it('keeps the meaning of noise with a learned variance, and the gradient of guidance', () => {
    const learned = { low: -2, high: -1 };
    const [[stage]] = stagesOf(({ x, D, noise, gradient }, from) =>
      plus(D(x, from).x0, times(0.5, gradient), times(0.25, noise(learned))),
    ) as [[Stage]];
    expectFactors(stage, { x0: 1, gradient: 0.5, noise: 0.25, learned } as Partial<Stage>);
  });
});

describe('a step that cannot be traced', () => {
  const errorOf = (algorithm: unknown): string => {
    const result = solverOf(algorithm as Algorithm).plan(levels, noising);
    return E.isLeft(result) ? result.left.message : 'no error';
  };

  it.each([
    ['a step without an evaluation', ({ x }) => x, 'an evaluation of the denoiser in each step', 'call D(x, from)'],
    ['no form', ({ x, D }, from) => [D(x, from)], 'the x where the step ends: expected a form', 'write it by plus'],
    ['the evaluation of no form', ({ D }, from) => D(1 as never, from).x0, 'the x to evaluate: expected a form', 'got 1'],
    ['an evaluation at no level', ({ x, D }) => D(x, 0.5 as never).x0, 'D(x, at) at a level', 'got 0.5'],
    ['a first evaluation of a prediction', ({ x, D, past: [one] }, from) => D(one ? one.x0 : x, from).x0, 'α·x + σ·ε in the first evaluation', 'D(x, from) first'],
    ['noise of an earlier stage', ({ x, D, noise }, from, to) => {
      const next = plus(D(x, from).x0, noise());
      return plus(next, D(next, to).x0);
    }, 'new noise', 'write D(x, at).x for that x'],
    ['an earlier x̂₀ before its correction', ({ x, D }, from, to) => plus(D(x, from).uncorrected, D(x, to).x0), 'such as x0, got uncorrected', 'only the stage of its evaluation has it'],
    ['several predictions of an evaluation whose x is gone', ({ x, D, past: [one] }, from) => plus(D(x, from).x0, ...(one ? [one.x0, one.epsilon] : [])), 'x of this evaluation or of the first one of the step', 'in one prediction'],
  ] satisfies readonly (readonly [string, Algorithm | ((...args: Parameters<Algorithm>) => unknown), ...string[]])[])('has %s', (_, algorithm, ...texts) => {
    for (const text of texts) expect(errorOf(algorithm)).toContain(text);
  }); // oxfmt-ignore
});
