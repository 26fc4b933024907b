/** The order of solvers of the probability flow: the distance from the end of the flow. */
import type { Backend, Shape } from 'noisefold/dsl';
import type { ContinuousNoising, Solver } from 'noisefold/diffusion';
import type { HostState } from '../../properties/oracles/solverWalk.js';
import { channelAt, flow } from './flow.js';
import type { Subject } from './mixtures.js';
import { type Stretch, walkAlong, wayOf } from './path.js';

/** The number of samples. */
const BATCH = 3;

/** Deterministic numbers from -1.7 to 1.7 with variance 1. */
const spread = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => Math.sqrt(3) * (2 * ((((i + 1) * 0.618_033_988_749_894_9) % 1) - 0.5)));

/** The starting points: the mean of a component with noise. */
const beginnings = ({ mixture }: Subject<Shape>, { from }: Stretch): readonly (readonly number[])[] => {
  const { alpha, sigma } = channelAt(from);
  const size = mixture.means[0]!.length;
  const noises = spread(BATCH * size);
  return Array.from({ length: BATCH }, (_, b) => {
    const k = b % mixture.weights.length;
    return Array.from({ length: size }, (__, i) => {
      const v = mixture.variances[k]!;
      const own = alpha ** 2 * (typeof v === 'number' ? v : v[i]!) + sigma ** 2;
      return alpha * mixture.means[k]![i]! + Math.sqrt(own) * noises[b * size + i]!;
    });
  });
};

/** The flow of some data from the starting points, computed once for all solvers and paths. */
export interface Course {
  readonly subject: Subject<Shape>;
  readonly stretch: Stretch;
  /** The samples at the start and at the end, one after the other. */
  readonly begin: Float64Array;
  readonly end: Float64Array;
}

const advance = ({ mixture }: Subject<Shape>, x: Float64Array, from: number, to: number): Float64Array => {
  const size = x.length / BATCH;
  const follow = flow(mixture);
  return Float64Array.from(
    Array.from({ length: BATCH }, (_, b) => follow(Array.from(x.subarray(b * size, (b + 1) * size)), from, to)).flat(),
  );
};

export const courseOf = (subject: Subject<Shape>, stretch: Stretch): Course => {
  const begin = Float64Array.from(beginnings(subject, stretch).flat());
  return { subject, stretch, begin, end: advance(subject, begin, stretch.from, stretch.to) };
};

/**
 * The error after n steps along a path, relative to ‖x‖. The first `starts` steps start from the exact flow: the starting values of a
 * multistep method.
 */
export const strongError = async (
  backend: Backend,
  { subject, stretch, begin, end }: Course,
  noising: ContinuousNoising,
  solver: Solver,
  n: number,
  starts: number,
): Promise<number> => {
  const { lambdas, plan } = wayOf(noising, solver, stretch, n);
  const walk = await walkAlong(backend, plan, subject.mixture, BATCH);
  const silence = new Float64Array(end.length);
  let exact = begin;
  let state: HostState = { x: begin, memory: Array.from({ length: walk.memory }, () => silence) };
  for (let index = 0; index < plan.length; index++) {
    if (index > 0 && index <= starts) {
      exact = advance(subject, exact, lambdas[index - 1]!, lambdas[index]!);
      state = { ...state, x: exact };
    }
    state = await walk.step(index, state, silence);
  }
  walk.release();
  return Math.hypot(...end.map((x, i) => state.x[i]! - x)) / Math.hypot(...end);
};
