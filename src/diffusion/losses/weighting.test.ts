import { describe, expect, it } from 'vitest';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { constantOf, fullLike, onHost, type Tensor, treeSpec } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { reparameterize } from '../denoisers/overNoising.js';
import type { Objective } from './objective.js';
import { simpleLosses } from './loss.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import {
  edmWeight,
  minSnrWeight,
  p2Weight,
  sigmoidWeight,
  snrWeight,
  uniformWeight,
  type Weighting,
  weightedBy,
  weightsOf,
} from './weighting.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(ddpm(scheduleFromBetas([0.05, 0.2, 0.5, 0.8])));
/** ᾱ/(1-ᾱ), by hand. */
const SNR = [0.95, 0.76, 0.38, 0.076].map((alphaBar) => alphaBar / (1 - alphaBar));
const GAMMA = 5;

describe('weightings agree with the formulas of their papers', () => {
  it.each([
    ['uniform of x₀', 'x0', uniformWeight, () => 1],
    ['SNR of ε', 'epsilon', snrWeight, () => 1],
    ['SNR of x₀', 'x0', snrWeight, (snr: number) => snr],
    ['min-SNR of x₀', 'x0', minSnrWeight(GAMMA), (snr: number) => Math.min(snr, GAMMA)],
    ['min-SNR of ε', 'epsilon', minSnrWeight(GAMMA), (snr: number) => Math.min(snr, GAMMA) / snr],
    ['min-SNR of v', 'v', minSnrWeight(GAMMA), (snr: number) => Math.min(snr, GAMMA) / (snr + 1)],
    // the score is -ε/s with s² = 1/(1 + SNR)
    ['min-SNR of the score', 'score', minSnrWeight(GAMMA), (snr: number) => Math.min(snr, GAMMA) / snr / (snr + 1)],
    ['P2 of ε', 'epsilon', p2Weight({ gamma: 1, k: 1 }), (snr: number) => 1 / (1 + snr)],
    ['P2 of ε, γ = ½', 'epsilon', p2Weight({ gamma: 0.5, k: 2 }), (snr: number) => 1 / Math.sqrt(2 + snr)],
    // (σ² + ¼)/(σ/2)²
    ['EDM of x₀', 'x0', edmWeight(), (snr: number) => (1 / snr + 0.25) / (1 / snr / 4)],
    ['EDM of v, σ = 1', 'v', edmWeight(1), () => 1],
    // sigmoid(b - λ) = 1/(1 + SNR·e^-b)
    ['sigmoid of ε', 'epsilon', sigmoidWeight(-1), (snr: number) => 1 / (1 + snr * Math.E)],
    ['sigmoid of x₀', 'x0', sigmoidWeight(2), (snr: number) => snr / (1 + snr * Math.exp(-2))],
    ['sigmoid of v', 'v', sigmoidWeight(0), (snr: number) => snr / (1 + snr) ** 2],
  ] as const)('%s', (_, predicts, weighting, expected) => {
    const weights = right(weightsOf(predicts, weighting)(noising));
    expect(relativeDistance([...weights], SNR.map(expected))).toBeLessThan(1e-13);
  });
});

it('a weighted loss is the same for every parameterization', async () => {
  const x0 = constantOf([0.5, -0.25, 1, -1, 0, 0.125, -0.5, 0.75], 4, 2) as Tensor<[4, 2]>;
  const off: Denoiser<null, [2]> = { predicts: 'x0', apply: (_, x) => fullLike(x, 0.25) };
  const losses = await Promise.all(
    (['x0', 'epsilon', 'v', 'score'] as const).map((predicts) => {
      const losses = weightedBy(minSnrWeight(2))(simpleLosses);
      const denoiser = reparameterize(noising, predicts)(off);
      return numbersOf((key) => losses(noising, denoiser)(null, { x0, key }).losses);
    }),
  );
  for (const other of losses.slice(1)) expect(relativeDistance(other, losses[0]!)).toBeLessThan(1e-12);
});

it('the sigmoid weight is finite in float32 at any log-SNR, and its ends are those of the docstring', () => {
  const at = onHost(sigmoidWeight(-1));
  for (const lambda of [200, 1000]) expect(at(lambda)).toBeCloseTo(Math.exp(-1), 15); // e^λ would be beyond float32
  expect(at(-200) / Math.exp(-200)).toBeCloseTo(1, 12);
});

it('refuses weights that are not finite: ε at zero terminal SNR', () => {
  const ends = right(ddpm(scheduleFromBetas([0.5, 1])));
  const result = weightsOf('epsilon', snrWeight)(ends);
  expect(E.isLeft(result) && result.left.message).toContain('NaN at t = 1');
  expect(right(weightsOf('v', snrWeight)(ends))[1]).toBe(0);
});

describe('weightedBy refuses', () => {
  it.each<readonly [string, unknown, string]>([
    ['a number', 5, 'weightedBy: expected a weighting, which is a function of the log-SNR, got 5; give snrWeight, minSnrWeight(), or your own'],
    ['nothing', undefined, 'weightedBy: expected a weighting, which is a function of the log-SNR, got nothing; give snrWeight, minSnrWeight(), or your own'],
    ['minSnrWeight without its call', minSnrWeight, 'weighting: expected a weighting, got minSnrWeight without its call; write minSnrWeight()'],
    ['p2Weight without its call', p2Weight, 'weighting: expected a weighting, got p2Weight without its call; write p2Weight()'],
    ['edmWeight without its call', edmWeight, 'weighting: expected a weighting, got edmWeight without its call; write edmWeight()'],
    ['sigmoidWeight without its call', sigmoidWeight, 'weighting: expected a weighting, got sigmoidWeight without its call; write sigmoidWeight(-1)'],
  ])('%s', (_, given, message) => expect(() => weightedBy(given as Weighting)).toThrow(message)); // oxfmt-ignore
});

it('weightedBy keeps the teacher and the settings of losses', () => {
  const teacher = { model: { params: treeSpec<object>({}) }, params: {} };
  const objective = Object.assign(simpleLosses.bind(null) as Objective, { settings: { a: 1 }, teacher });
  const weighted = weightedBy(snrWeight)(objective);
  expect([weighted.settings, weighted.teacher]).toEqual([{ a: 1 }, teacher]);
});
