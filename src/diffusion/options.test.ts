/** The error message of every function for invalid options. */
import { describe, expect, it } from 'vitest';
import { outcomeOf, right } from '../../properties/diffusion/run.js';
import { type Dim, iota, type Key, ones, table, type Tensor, zeros } from '../dsl/index.js';
import { E } from '../internal/fp.js';
import { cosine, exponential, laplace, scheduleFromAlphaBar, sigmoidAlphaBar } from './schedules/alphaBarSchedules.js';
import { linearUnscaled, scaledLinear } from './schedules/betaSchedules.js';
import { boundLosses, hybridLosses } from './losses/boundLoss.js';
import { conditioningAugmentation } from './denoisers/conditioningAugmentation.js';
import { meanGuided } from './guidance/classifierGuidance.js';
import type { GuideGradient } from './guidance/guide.js';
import { pMeanVariance, reverseOf } from './likelihood/reverse.js';
import { exponentialSigmas, karrasGrid, karrasSigmas } from './grids/sigmaGrid.js';
import { consistencyDenoiser } from './solvers/consistency.js';
import { uncorrected } from './guidance/x0Correction.js';
import { ddim } from './solvers/ddim.js';
import { type Denoiser, learningVariance } from './denoisers/denoiser.js';
import { gaussianMixture } from './denoisers/gaussianMixture.js';
import { dynamicThreshold } from './guidance/dynamicThreshold.js';
import { cfg } from './guidance/classifierFreeGuidance.js';
import { unguided } from './guidance/guidance.js';
import { importanceTimesteps } from './losses/importanceTimesteps.js';
import { slerp } from './sampling/interpolation.js';
import { likelihood } from './likelihood/odeLikelihood.js';
import type { Objective } from './losses/objective.js';
import { simpleLosses } from './losses/loss.js';
import { respace } from './grids/respacing.js';
import { sampler } from './sampling/sampler.js';
import { scheduleFromBetas } from './schedules/schedule.js';
import { superResolution } from './denoisers/superResolution.js';
import { logNormalTimes, shiftedTimes } from './losses/timeDistribution.js';
import { logSNRTimes } from './losses/logSNRTimes.js';
import { pseudoHuberLosses } from './losses/pseudoHuber.js';
import { timestepsBy } from './losses/timestepsBy.js';
import { gridOf, trailing } from './grids/grid.js';
import { edmWeight, minSnrWeight, p2Weight, sigmoidWeight, snrWeight, weightedBy } from './losses/weighting.js';
import { ddpm } from './paths/discreteNoising.js';

const noising = right(ddpm(cosine(100)));
const white: Denoiser<null, [2]> = { predicts: 'x0', conditions: { label: { classes: 3 } }, apply: (_, x) => x };
const learning = learningVariance<null, [2]>({
  predicts: 'x0',
  as: 'range',
  apply: (_, x) => ({ prediction: x, variance: x }),
});
const uphill: GuideGradient<null, [2]> = { gradient: (_, x) => x };
const guided: Denoiser<{ readonly guide: null }, [2]> = { predicts: 'x0', apply: (_, x) => x };
/** Passes any value as options, as JavaScript can. */
const any = (options: unknown): never => options as never;

const messageOf = (value: E.Either<{ readonly message: string }, unknown>): string =>
  E.match(({ message }: { readonly message: string }) => message, () => 'taken')(value); // oxfmt-ignore

describe('options of functions that return an Either', () => {
  it.each<[unknown, message: string]>([
    [cosine(9, any({ maxbeta: 0.5 })), 'cosine.maxbeta: expected the field maxBeta, got an unknown field; did you mean maxBeta?'],
    [cosine(9, { maxBeta: 2 }), 'cosine.maxBeta: expected a largest β in (0, 1], got 2; 0.999 is usual; 1 leaves no signal at the end, if ᾱ reaches 0'],
    [scheduleFromAlphaBar((x) => 1 - x, 9, NaN), 'scheduleFromAlphaBar: expected a largest β in (0, 1], got NaN; 0.999 is usual; 1 leaves no signal at the end, if ᾱ reaches 0'],
    [exponential(10, { rate: NaN }), 'exponential.rate: expected a finite number above 0, got NaN; a rate of 12 is usual'],
    [exponential(10, { rate: -1 }), 'exponential.rate: expected a finite number above 0, got -1; a rate of 12 is usual'],
    [exponential(10, { rate: 1e5 }), 'exponential: expected ᾱ in (0, 1] that falls at every step (to 0 only at the last), got 0 at 1/10, after 1; a rate of 12 is usual'],
    [laplace(9, { b: 0 }), 'laplace.b: expected a finite number above 0, got 0; 0.5 is usual'],
    [sigmoidAlphaBar(9, { tau: -1 }), 'sigmoidAlphaBar.tau: expected a finite number above 0, got -1; 1 is usual'],
    [sigmoidAlphaBar(9, { start: 5 }), 'sigmoidAlphaBar.start: expected start < end, got start = 5, end = 3; start -3 and end 3 are usual'],
    [linearUnscaled(9, any({ begin: 0.1 })), 'linearUnscaled.begin: expected one of the fields start, end, got an unknown field; leave it out'],
    [scaledLinear(9, { end: 1e-5 }), 'scaledLinear.end: expected rising betas, 0 < start ≤ end < 1, got start = 0.00085, end = 0.00001; scheduleFromBetas takes betas in any order'],
    [scheduleFromBetas(any(undefined)), 'scheduleFromBetas: expected an array of numbers, got nothing; give [1, 2] or a typed array'],
    [likelihood(any({ noising, denoiser: white, gird: 5 })), 'likelihood.gird: expected one of the fields noising, denoiser, grid, got an unknown field; did you mean grid?'],
    [cfg(2, any({ reskale: 0.7 }))(white), 'cfg.reskale: expected one of the fields rescale, interval, sigmas, got an unknown field; did you mean rescale?'],
    [cfg(2, any({ interval: 5 }))(white), 'cfg.interval: expected an interval [first, last], got 5; { interval: [200, 800] } guides only between these timesteps'],
    [cfg(2, { interval: [9, 5] })(white), 'cfg.interval: expected an interval of whole timesteps, 0 ≤ first ≤ last, got [9, 5]; timesteps begin at 0, which has the least noise'],
    [cfg(2, { interval: [50, 500] })({ ...white, timesteps: 50 }), 'cfg.interval: expected an interval that begins at a timestep of the denoiser, 0 to 49, got [50, 500]; no step would be guided'],
    [meanGuided(uphill, 1, any({ gradientAt: 'x' }))(guided), 'meanGuided.gradientAt: expected \'mean\' or \'xt\', got "x"; {} is Algorithm 1'],
    [meanGuided(uphill, 1, any({ variance: 'beta' }))(guided), 'meanGuided.variance: expected the field gradientAt, got an unknown field; leave it out'],
    [karrasSigmas(4, any({ min: 0.1, max: 9, roh: 7 })), 'karrasSigmas.roh: expected one of the fields min, max, rho, got an unknown field; did you mean rho?'],
    [karrasSigmas(4, { min: 0.1, max: 9, rho: 0 }), 'karrasSigmas.rho: expected rho > 0, got 0; a rho of 7 is usual; 1 makes equal steps of σ'],
    [karrasGrid(4, any({ sigmaMax: 9 }))(noising), 'karrasGrid.sigmaMax: expected one of the fields min, max, rho, got an unknown field; did you mean max?'],
    [exponentialSigmas(4, any({ min: 0.1 })), 'exponentialSigmas.max: expected number, got nothing; sigmaRange gives the ends of a schedule'],
    [gaussianMixture(any({ shape: [2], weights: 3, means: [], variances: [] })), 'gaussianMixture.weights: expected a weight for each Gaussian, got 3; change weights'],
    [gaussianMixture(any({ shape: [2], weights: [1], means: [0], variances: [1] })), 'gaussianMixture.means.0: expected an array of numbers, got 0; give [1, 2] or a typed array'],
    [sampler(any({ noising, denoiser: white, solver: ddim, grid: 5 })), 'sampler.solver: expected a solver, such as ddim(): call the function that makes it, got a function; change solver'],
    [sampler(any({ noising, denoiser: white, solver: ddim(), grid: '5' })), 'sampler.grid: expected a number of timesteps, or a grid such as trailing(50), got "5"; write grid: 25'],
    [sampler(any({ noising, denoiser: white, solver: ddim(), grid: [99, 50] })), 'sampler.grid: expected a number of timesteps, or a grid such as trailing(50), got times in an array; write atTimes([99, 50])'],
    [sampler(any({ noising, denoiser: { ...white, predicts: 'eps' }, solver: ddim(), grid: 5 })), 'sampler.denoiser.predicts: expected \'epsilon\', \'x0\', \'v\', \'score\' or \'velocity\', got "eps"; give that of the denoiser'],
    [sampler(any({ noising, denoiser: { predicts: 'x0', apply: 3 }, solver: ddim(), grid: 5 })), 'sampler.denoiser.apply: expected a function of params, x_t and its time, got 3; write (x) => …'],
    [respace(any([99, 50]))(noising), 'grid: expected a number of timesteps, or a grid such as trailing(50), got times in an array; write atTimes([99, 50])'],
    [respace(10)(any(E.right(noising))), 'respace: noising: expected a noising process of a schedule, got an Either; take the value out of it by unwrap or E.flatMap'],
    [gridOf(any('10'))(noising), 'grid: expected a number of timesteps, or a grid such as trailing(50), got "10"; write grid: 25'],
  ])('%#: %s', (value, message) => expect(messageOf(any(value))).toBe(message)); // oxfmt-ignore

  it('an interval beyond the process is refused, even if the denoiser has more timesteps', () => {
    const of = (interval: readonly [number, number], known?: number) =>
      sampler<null, [2]>({
        noising,
        denoiser: { ...white, ...(known !== undefined && { timesteps: known }) },
        solver: ddim(),
        guidance: cfg(2, { interval }),
        correction: uncorrected,
      });
    const message = 'cfg.interval: expected an interval that begins at a timestep of the denoiser, 0 to 99, got [200, 500]; no step would be guided';
    expect(messageOf(of([200, 500]))).toBe(message);
    expect(messageOf(of([200, 500], 1000))).toBe(message);
    expect(messageOf(of([99, 500], 1000))).toBe('taken');
    // of a respaced process by the timesteps of the denoiser: 24, 49, 74 and 99
    const short = right(E.flatMap(respace(trailing(4)))(E.right(noising)));
    const last = (first: number) =>
      sampler<null, [2]>({ noising: short, denoiser: white, solver: ddim(), guidance: cfg(2, { interval: [first, 500] }) });
    expect(messageOf(last(99))).toBe('taken');
    expect(messageOf(last(100))).toContain('0 to 99, got [100, 500]');
  }); // oxfmt-ignore

  it('a guidance without an interval is accepted', () => {
    expect(messageOf(sampler<null, [2]>({ noising, denoiser: white, solver: ddim(), guidance: unguided }))).toBe('taken');
  }); // oxfmt-ignore
});

describe('losses, draws and weightings raise errors when they are made, outside of a program', () => {
  it.each<readonly [string, () => unknown, message: string]>([
    ['logNormalTimes', () => logNormalTimes({ mean: NaN }), 'logNormalTimes.mean: expected a finite number, got NaN; the paper uses -1.2'],
    ['shiftedTimes', () => shiftedTimes(0), 'shiftedTimes: shift: expected a finite number above 0, got 0; SD3 uses 3 at 1024×1024'],
    ['importanceTimesteps', () => importanceTimesteps({ size: 0 }), 'importanceTimesteps.size: expected '],
    ['logSNRTimes', () => logSNRTimes({ min: NaN }), 'logSNRTimes.min: expected '],
    ['minSnrWeight', () => minSnrWeight(-1), 'minSnrWeight: γ: expected a finite number above 0, got -1; the paper uses 5'],
    ['p2Weight', () => p2Weight({ k: 0 }), 'p2Weight.k: expected a finite number above 0, got 0; 1 is usual'],
    ['simpleLosses', () => simpleLosses(noising, white, { conditionDropout: 2 }), 'loss.conditionDropout: expected a number from 0 to 1, or { together, each }, got 2; 0.1 is usual'],
    ['hybridLosses', () => hybridLosses(noising, learning, { lambda: -1 }), 'hybridLosses.lambda: expected a finite number ≥ 0, got -1; the paper uses a λ of 0.001'],
    ['boundLosses', () => boundLosses(noising, white, any({ variance: 'small' })), 'boundLosses.variance: expected \'posterior\' or \'beta\', got "small"'],
    ['weighted losses', () => weightedBy(snrWeight)(simpleLosses)(noising, white, { conditionDropout: 2 }), 'loss.conditionDropout: expected a number from 0 to 1, or { together, each }, got 2'],
    ['pseudoHuberLosses', () => pseudoHuberLosses(-1), 'pseudoHuberLosses: c: expected a finite number above 0, got -1'],
  ])('%s', (_, make, message) => expect(make).toThrow(message)); // oxfmt-ignore
});

describe('options of what a program is made of', () => {
  const t = iota(1);
  const some = Array.from({ length: 99 }, () => 1);
  const image = zeros(1, 2, 2, 1);
  const draw = (made: () => ReturnType<typeof logNormalTimes>) => (k: Key) => made()(noising)(zeros(4))(k);
  const lossOf =
    (losses: Objective, options: unknown, of: Denoiser<null, [2]> = white) =>
    (k: Key) =>
      losses(noising, of, any(options))(null, { x0: ones(1, 2), key: k }).losses;
  const distilled = (options: unknown) => () =>
    consistencyDenoiser(noising, any(options))(white).apply(null, ones(1, 2), { t });
  it.each<[(k: Key) => unknown, message: string]>([
    [() => learningVariance<null, [2]>(any({ ...learning, as: 'log' })), 'learningVariance: as: expected \'range\' or \'logVariance\', got "log"; give the meaning of the variance output'],
    [draw(() => logNormalTimes({ mean: NaN })), 'logNormalTimes.mean: expected a finite number, got NaN; the paper uses -1.2'],
    [draw(() => logNormalTimes({ deviation: 0 })), 'logNormalTimes.deviation: expected a finite number above 0, got 0; the paper uses 1.2'],
    [draw(() => logNormalTimes({ deviation: -1 })), 'logNormalTimes.deviation: expected a finite number above 0, got -1; the paper uses 1.2'],
    [draw(() => logNormalTimes(any({ std: 1 }))), 'logNormalTimes.std: expected one of the fields mean, deviation, got an unknown field; leave it out'],
    [draw(() => timestepsBy(ones(7))), 'timestepsBy: expected 100 probabilities, one for each timestep, got 7; give a probability for each timestep of the process; they need not sum to 1'],
    [draw(() => timestepsBy(table(new Float64Array(100)))), 'timestepsBy: expected a probability above 0, got none; give a probability for each timestep of the process; they need not sum to 1'],
    [draw(() => timestepsBy(table([...some, -1]))), 'timestepsBy: expected finite probabilities of 0 or more, got -1 at t = 99; give a probability for each timestep of the process; they need not sum to 1'],
    [draw(() => timestepsBy(table([NaN, ...some]))), 'timestepsBy: expected finite probabilities of 0 or more, got NaN at t = 0; give a probability for each timestep of the process; they need not sum to 1'],
    [() => importanceTimesteps(any({ sizes: 1 })).memory(noising), 'importanceTimesteps.sizes: expected one of the fields size, uniform, got an unknown field; did you mean size?'],
    [distilled({ sigmaData: 0 }), 'consistencyDenoiser.sigmaData: expected a finite number above 0, got 0; LCM uses 0.5'],
    [distilled({ timestepScaling: -1 }), 'consistencyDenoiser.timestepScaling: expected a finite number above 0, got -1; LCM uses 10'],
    [distilled({ sigma: 1 }), 'consistencyDenoiser.sigma: expected one of the fields sigmaData, timestepScaling, got an unknown field; did you mean sigmaData?'],
    [lossOf(hybridLosses, { lambda: NaN }, learning), 'hybridLosses.lambda: expected a finite number ≥ 0, got NaN; the paper uses a λ of 0.001'],
    [lossOf(hybridLosses, { lambda: -1 }, learning), 'hybridLosses.lambda: expected a finite number ≥ 0, got -1; the paper uses a λ of 0.001'],
    [lossOf(hybridLosses, { lamda: 1 }, learning), 'hybridLosses.lamda: expected one of the fields conditionDropout, times, lambda, cdf, got an unknown field; did you mean lambda?'],
    [lossOf(boundLosses, { variance: 'small' }), 'boundLosses.variance: expected \'posterior\' or \'beta\', got "small"; \'posterior\' is β̃_t, \'beta\' is β_t'],
    [lossOf(simpleLosses, { conditionDropout: 1.5 }), 'loss.conditionDropout: expected a number from 0 to 1, or { together, each }, got 1.5; 0.1 is usual'],
    [lossOf(simpleLosses, { conditiondropout: 0.1 }), 'loss.conditiondropout: expected one of the fields conditionDropout, times, got an unknown field; did you mean conditionDropout?'],
    [() => minSnrWeight(-1), 'minSnrWeight: γ: expected a finite number above 0, got -1; the paper uses 5'],
    [() => p2Weight({ k: 0 }), 'p2Weight.k: expected a finite number above 0, got 0; 1 is usual'],
    [() => p2Weight({ gamma: NaN }), 'p2Weight.gamma: expected a finite number ≥ 0, got NaN; 1 is usual'],
    [() => sigmoidWeight(NaN), 'sigmoidWeight: bias: expected a finite number, got NaN; give the log-SNR above which details count less, such as -1'],
    [() => edmWeight(0), 'edmWeight: σ_data: expected a finite number above 0, got 0; the paper uses 0.5'],
    [() => pMeanVariance(noising, white, any({ variance: 'small' }))(null, ones(1, 2), { t }).mean, 'pMeanVariance.variance: expected \'posterior\' or \'beta\', got "small"; \'posterior\' is β̃_t, \'beta\' is β_t'],
    [() => reverseOf(noising, white, any({ clip: true }))(t, ones(1, 2))({ prediction: ones(1, 2) }).mean, 'reverseOf.clip: expected one of the fields variance, correction, got an unknown field; leave it out'],
    [() => dynamicThreshold(any('0.9'))(ones(1, 2)), 'dynamicThreshold: expected a percentile between 0 and 1, got "0.9"; write dynamicThreshold() for the usual 0.995'],
    [() => slerp(ones(1, 2), ones(1, 2))(NaN), 'slerp: expected a finite weight, or a tensor of weights, got NaN; 0 is the first end, 1 is the second'],
    [() => slerp(ones(1, 2), ones(1, 2))(any('0.5')), 'slerp: expected a finite weight, or a tensor of weights, got "0.5"; 0 is the first end, 1 is the second'],
    [(k) => superResolution(any({ factors: 2 }))(image, k).image, 'superResolution.factors: expected the field factor, got an unknown field; did you mean factor?'],
    [(k) => conditioningAugmentation(noising, { levels: 101 })(superResolution({ factor: 2 }))(image, k).image, 'conditioningAugmentation.levels: expected a whole number of levels, 1 to 100, got 101; the first timesteps have the least noise'],
    [(k) => conditioningAugmentation(noising, any({ level: 5 }))(superResolution({ factor: 2 }))(image, k).image, 'conditioningAugmentation.level: expected the field levels, got an unknown field; did you mean levels?'],
  ])('%#: %s', async (build, message) =>
    expect(messageOf(await outcomeOf(build as (k: Key) => Tensor<[Dim]>)())).toBe(message)); // oxfmt-ignore
});
