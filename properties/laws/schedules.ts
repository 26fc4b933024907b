/** Laws of schedules, and of the grids and processes made from them. */
import fc from 'fast-check';
import {
  ancestral,
  clippedLogVariances,
  conversion,
  ddim,
  everyStep,
  foldChannels,
  type Grid,
  type Level,
  levelsOf,
  logSNRAt,
  logSNRs,
  type DiscreteNoising,
  noisingOf,
  respace,
  type Schedule,
  sigmaAt,
  sigmas,
  atTimes,
  transition,
  timestepOfLogSNR,
  timestepOfSigma,
  zeroTerminalSNR,
} from 'noisefold/diffusion';
import { gridded, schedule, unended } from '../arbitraries/diffusion.js';
import { valueOf } from '../oracles/plans.js';
import { factorsOf, stagesOn } from '../oracles/stages.js';
import { approx, firstOf, type Law, near, type Violation } from './law.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;

/** The first position at which a list of numbers does not fall. */
const falling = (what: string, numbers: Iterable<number>): Violation => {
  const all = Array.from(numbers);
  const wrong = all.findIndex((number, i) => i > 0 && !(number < all[i - 1]!));
  return wrong === -1 ? null : `${what}: expected less than ${all[wrong - 1]} at ${wrong}, got ${all[wrong]}`;
};

/** The first number that is not finite. */
const finite = (what: string, numbers: Iterable<number>): Violation => {
  const wrong = Array.from(numbers).find((number) => !Number.isFinite(number));
  return wrong === undefined ? null : `${what}: expected a finite number, got ${wrong}`;
};

const monotone: Law<Schedule> = {
  name: 'noise rises with each timestep',
  formula:
    '0 < β_t ≤ 1; ᾱ_t and λ_t = log(ᾱ_t/(1−ᾱ_t)) fall within [0, 1) and [−∞, ∞), σ_t rises; 0, −∞, ∞ at t = T−1 only',
  source: 'Variational Diffusion Models (Kingma et al. 2021), section 3.1',
  arbitrary: schedule,
  runs: 100,
  violation: (schedule) => {
    const { T, betas, alphaBars } = schedule;
    const outside = betas.find((beta) => !(beta > 0 && beta <= 1));
    return firstOf(
      outside === undefined ? null : `β: expected one in (0, 1], got ${outside}`,
      falling('ᾱ', [1, ...alphaBars]),
      falling('λ', logSNRs(schedule)),
      falling(
        '−σ',
        Array.from(sigmas(schedule), (sigma) => -sigma),
      ),
      finite('λ', logSNRs(schedule).subarray(0, T - 1)),
      finite('σ', sigmas(schedule).subarray(0, T - 1)),
    );
  },
};

/** The least fall of λ from a timestep near t to the next. */
const steepness = (levels: Float64Array, t: number): number => {
  const falls = [-1, 0, 1].map((i) => levels[Math.floor(t) + i]! - levels[Math.floor(t) + i + 1]!);
  return Math.min(...falls.filter(Number.isFinite));
};

const invertible: Law<readonly [Schedule, number]> = {
  name: 'log-SNR and σ determine the timestep',
  formula: 't(λ(t)) = t = t(σ(t)) for t in [0, T−1], whole or not, within 64 roundings of λ; for whole t exactly, by λ',
  source: 'Variational Diffusion Models, section 3.1; `DiscreteSchedule` of k-diffusion',
  arbitrary: fc.tuple(schedule, fc.double({ min: 0, max: 1, noNaN: true })),
  runs: 200,
  violation: ([schedule, part]) => {
    const levels = logSNRs(schedule);
    // between a timestep and one without signal, there is no signal
    const end = levels[schedule.T - 1] === -Infinity ? schedule.T - 2 : schedule.T - 1;
    return [part * end, Math.round(part * end), schedule.T - 1].reduce<Violation>((violation, t) => {
      const level = logSNRAt(schedule)(t);
      const tolerance = level === -Infinity ? 0 : (64 * ULP * (1 + Math.abs(level))) / steepness(levels, t);
      return (
        violation ??
        firstOf(
          near('t of λ', timestepOfLogSNR(schedule)(level), t, t % 1 === 0 ? 0 : tolerance + 4 * ULP * t),
          near('t of σ', timestepOfSigma(schedule)(sigmaAt(schedule)(t)), t, tolerance + 4 * ULP * t),
        )
      );
    }, null);
  },
};

const rightGrids: Law<{
  readonly noising: DiscreteNoising;
  readonly steps: number;
  readonly rule: string;
  readonly grid: Grid;
}> = {
  name: 'every rule gives a grid with the requested number of steps',
  formula:
    'T > t_1 > … > t_n ≥ 0, whole for grids of timesteps, for every n ≤ T; the timestep before t_i is t_{i+1}, and the data after t_n',
  source: 'definition of a grid',
  arbitrary: gridded,
  runs: 300,
  violation: ({ noising, steps, rule, grid }) => {
    const timesteps = valueOf(grid(noising));
    const levels = levelsOf(noising, valueOf(atTimes(timesteps)(noising)));
    return firstOf(
      near(`${rule}: steps`, timesteps.length, steps, 0),
      approx(
        `${rule}: next`,
        levels.slice(1).map(({ t }) => t),
        [...timesteps.slice(1), -1],
        0,
      ),
    );
  },
};

const respacing: Law<{ readonly noising: DiscreteNoising; readonly grid: Grid }> = {
  name: 'respacing of a process is a process',
  formula:
    'p′ = respace(g)(p): ᾱ′ falls, fold(q′(x_s|x_{s−1}), s ≤ t) = q′(x_t|x_0) = q(x_{g t}|x_0), and its every step is one of g over p; within 8 roundings of 1 a step, scales squared',
  source: 'Improved DDPM (Nichol & Dhariwal 2021), section 4',
  arbitrary: gridded.filter(({ noising, grid }) => valueOf(grid(noising)).every(Number.isInteger)),
  runs: 100,
  violation: ({ noising, grid }) => {
    const short = valueOf(respace(grid)(noising));
    const { T, channels, alphaBars } = short.schedule;
    const tolerance = 8 * (T + 1) * ULP;
    const whole = foldChannels(channels);
    const levels = levelsOf(noising, valueOf(grid(noising)));
    const steps = levelsOf(short, valueOf(everyStep(short)));
    // squares, because β′ is rounded near 1: where little signal is left, a scale has half as many correct digits
    const numbers = (all: readonly Level[]): readonly number[] =>
      all
        .slice(1)
        .flatMap((to, i) => [to, transition(to, all[i]!)].flatMap(({ alpha, sigma }) => [alpha ** 2, sigma ** 2]));
    return firstOf(
      falling('ᾱ', [1, ...alphaBars]),
      near('fold of scales', whole.alpha ** 2, short.marginals[T - 1]!.alpha ** 2, tolerance),
      near('fold of variances', whole.sigma ** 2, short.marginals[T - 1]!.sigma ** 2, tolerance),
      approx('levels', numbers(steps), numbers(levels), tolerance),
    );
  },
};

const respacingAll: Law<Schedule> = {
  name: 'respacing by all steps is the identity',
  formula:
    'respace(everyStep)(p) = p, within 16 roundings of 1 for β, which follows from σ; so of a respaced process, whose timesteps stay',
  source: 'definition',
  arbitrary: schedule,
  runs: 50,
  violation: (schedule) => {
    const noising = noisingOf(schedule);
    const half = valueOf(respace(Math.ceil(schedule.T / 2))(noising));
    return [noising, half].reduce<Violation>((violation, p) => {
      const same = valueOf(respace(everyStep)(p));
      return (
        violation ??
        firstOf(
          approx('timesteps', same.timesteps, p.timesteps, 0),
          // ᾱ has 2 roundings; each σ = √(1 − ᾱ)/√ᾱ has 3.5, which its square and the ratio of two make 14
          approx('β', same.schedule.betas, p.schedule.betas, 16 * ULP),
        )
      );
    }, null);
  },
};

const ending: Law<readonly [Schedule, number, number]> = {
  name: 'zero terminal SNR keeps the first ᾱ and ends at 0, without NaN',
  formula:
    'ᾱ′_0 = ᾱ_0, ᾱ′_{T−1} = 0, ᾱ′_t ≤ ᾱ_t within 8 roundings; posteriors, conversions of v and x₀, transitions, stages of DDIM and of ancestral sampling are finite',
  source: 'Lin et al. 2024, algorithm 1',
  arbitrary: fc.tuple(unended, fc.nat(9999), fc.double({ min: 0, max: 1, noNaN: true })),
  runs: 100,
  violation: ([schedule, n, eta]) => {
    const result = valueOf(zeroTerminalSNR(schedule));
    const noising = noisingOf(result);
    const grids = [valueOf(everyStep(noising)), [schedule.T - 1], [schedule.T - 1, n % (schedule.T - 1)]];
    const solvers = [ddim({ eta }), ancestral(), ancestral({ variance: 'beta' })];
    const stages = grids.flatMap((timesteps) =>
      solvers.flatMap((solver) => stagesOn(solver, noising, timesteps).map(factorsOf)),
    );
    const channels = grids.flatMap((timesteps) => {
      const levels = levelsOf(noising, timesteps);
      return levels.slice(1).map((to, i) => transition(to, levels[i]!));
    });
    const above = result.alphaBars.findIndex((alphaBar, t) => alphaBar > schedule.alphaBars[t]! + 8 * ULP);
    const kinds = [
      ['v', 'x0'],
      ['v', 'epsilon'],
      ['x0', 'v'],
      ['x0', 'epsilon'],
    ] as const;
    const conversions = kinds.flatMap(([from, to]) => noising.marginals.map(conversion(from, to)));
    return firstOf(
      near('ᾱ_0', result.alphaBars[0]!, schedule.alphaBars[0]!, 0),
      near('ᾱ_{T−1}', result.alphaBars[schedule.T - 1]!, 0, 0),
      above === -1 ? null : `ᾱ_${above}: expected at most ${schedule.alphaBars[above]}, got ${result.alphaBars[above]}`,
      finite(
        'posterior',
        noising.posteriors.flatMap(({ x0, xt, sigma }) => [x0, xt, sigma]),
      ),
      finite('log variance', clippedLogVariances(noising)),
      finite(
        'conversion',
        conversions.flatMap(({ x, prediction }) => [x, prediction]),
      ),
      finite(
        'transition',
        channels.flatMap(({ alpha, sigma }) => [alpha, sigma]),
      ),
      finite(
        'stage',
        stages.flatMap(({ x, x0, noise }) => [x, ...x0, noise]),
      ),
    );
  },
};

/**
 * Laws of schedules, and of what is made from them: noise levels, grids, respaced processes, zero terminal SNR.
 * @example
 * scheduleLaws[0]!.name // → 'noise rises with each timestep'
 * for (const law of scheduleLaws) await checkLaw(law, 0.05)
 */
export const scheduleLaws: readonly Law[] = [monotone, invertible, rightGrids, respacing, respacingAll, ending];
