/** Solvers that take their steps as schedulers of diffusers do. */
import { type Level, plus, sigmaOf, type Solver, solverOf, times } from '../../diffusion/index.js';
import { deisOf } from '../../diffusion/solvers/exponential/deis.js';
import { dpmMultistep } from '../../diffusion/solvers/exponential/dpmSolverPP.js';
import { pairOf } from '../../diffusion/solvers/exponential/exponentialStep.js';
import { lowering, predictorCorrector } from '../../diffusion/solvers/exponential/multistep.js';
import { singlestep } from '../../diffusion/solvers/exponential/singlestep.js';
import { ADAMS_BASHFORTH } from '../../diffusion/solvers/pndm.js';
import { meanStep, type OrderAt } from '../../diffusion/solvers/steps.js';
import { isInNoise, type SchedulerSettings } from './schedulerSettings.js';

const etaOf = ({ algorithm_type: algorithm }: SchedulerSettings): number => (algorithm.startsWith('sde') ? 1 : 0);
const spaceOf = ({ algorithm_type: algorithm }: SchedulerSettings) => (isInNoise(algorithm) ? 'epsilon' : 'x0');

/** The orders of a multistep method of n steps that ends with lower ones: with `lowers` if n is below 15. */
const ending =
  (order: number, n: number, lowers: boolean, endsByEuler = false): OrderAt =>
  (left) => {
    const fewer = lowers && n < 15;
    if (left === 1 && (fewer || endsByEuler)) return 1;
    return left === 2 && fewer ? 2 : order;
  };

/** Multistep DPM-Solver and DPM-Solver++, for a number of steps. */
export const dpmMultistepSteps = (settings: SchedulerSettings, n: number): Solver => {
  const { solver_order: order, lower_order_final: lowers, euler_at_final: endsByEuler } = settings;
  return solverOf(
    dpmMultistep({
      order,
      orderAt: ending(order, n, lowers, endsByEuler),
      rule: settings.solver_type === 'heun' ? 'heun' : 'midpoint',
      phi3: 1 / 2,
      space: spaceOf(settings),
      eta: etaOf(settings),
      maxSigmaRatio: Infinity,
    }),
  );
};

/** Singlestep DPM-Solver and DPM-Solver++, for a number of steps. */
export const dpmSinglestepSteps = (settings: SchedulerSettings, n: number): Solver => {
  const { solver_order: order, solver_type: type, lower_order_final: lowers, final_sigmas_type: end } = settings;
  const isUneven = n % order !== 0;
  return singlestep({
    order,
    pair: pairOf(type),
    parabola: type === 'heun',
    space: spaceOf(settings),
    eta: etaOf(settings),
    maxSigmaRatio: Infinity,
    endsAlone: end === 'zero' || ((lowers || isUneven) && !(order === 3 && n % 3 === 2)),
  });
};

/** DEIS, for a number of steps. */
export const deisSteps = ({ solver_order: order, lower_order_final: lowers }: SchedulerSettings, n: number): Solver =>
  deisOf(order, ending(order, n, lowers));

/** UniPC. */
export const uniPCSteps = ({
  solver_order: order,
  solver_type: type,
  predict_x0: inX0,
  lower_order_final: lowers,
  disable_corrector: skipped,
}: SchedulerSettings): Solver =>
  solverOf(
    predictorCorrector({
      order,
      corrector: order + 1,
      disableCorrector: skipped,
      pair: type === 'bh1' ? 'bh1' : 'bh2',
      space: inX0 ? 'x0' : 'epsilon',
      maxSigmaRatio: Infinity,
      orderAt: lowering(lowers),
    }),
  );

/** τ of SA-Solver: noise between timesteps 200 and 800. */
const isNoisy = ({ t, networkTime = t }: Level): boolean => networkTime >= 200 && networkTime <= 800;

/** SA-Solver. */
export const saSolverSteps = ({
  predictor_order: order,
  corrector_order: corrector,
  algorithm_type: algorithm,
  lower_order_final: lowers,
}: SchedulerSettings): Solver => {
  const isInX0 = algorithm === 'data_prediction';
  return solverOf(
    predictorCorrector({
      order,
      corrector,
      disableCorrector: [],
      pair: isInX0 ? 'bh1' : 'exact',
      space: isInX0 ? 'x0' : 'epsilon',
      eta: (from) => (isNoisy(from) ? 1 : 0),
      maxSigmaRatio: Infinity,
      orderAt: lowering(lowers),
    }),
  );
};

/**
 * Multistep sampling of LCM (Luo et al. 2023, Algorithm 3) from a network of ε, x₀ or v: the consistency function
 * c_skip·x_t + c_out·x̂₀ with σ_data = 1/2 and τ = `scaling`·t, then noise up to the next level.
 */
export const lcmSteps = (scaling: number): Solver =>
  solverOf(({ x, D, noise }, from, to) => {
    const tau = scaling * from.t;
    const all = tau ** 2 + 1 / 4;
    const f = plus(times(1 / 4 / all, x), times(tau / Math.sqrt(all), D(x, from).x0));
    return plus(times(to.alpha, f), times(to.sigma, noise()));
  });

/** IPNDM: PLMS with fewer ε̂ in the first steps. Its first step begins without signal, and takes 0 for x̂₀. */
export const ipndmSteps = (): Solver =>
  solverOf(({ x, D, past }, from, to) => {
    const predictions = [D(x, from), ...past].slice(0, 4);
    if (sigmaOf(from) === Infinity) return times(to.sigma, x);
    return meanStep(predictions, ADAMS_BASHFORTH[predictions.length - 1]!, from, to);
  });
