/** Sampling: points on their way from noise to data. */
import { function as F, readerTaskEither as RTE } from 'fp-ts';
import { dpmSolverPP, exponentialGrid, type Level, sampler, type SampleState, uncorrected } from 'noisefold/diffusion';
import { compile, type Dim, iterate, leafSpec, normal, program, type RandomKey, read, type Resident, treeSpec, type TreeSpec } from 'noisefold/dsl'; // oxfmt-ignore
import type { Params } from './network.js';
import type { Process } from './processes.js';

// equal steps of the log-SNR, where the solver is most accurate; the roll has no detail below σ = 0.01
const grid = exponentialGrid(25, { min: 0.01, max: 80 });
const parts = { grid, solver: dpmSolverPP(), correction: uncorrected };

/** Points at a noise level, scaled so that data and noise have a deviation of about 1. */
const scaled =
  ({ alpha, sigma }: Level) =>
  (x: Float32Array | Float64Array): Float32Array | Float64Array =>
    x.map((number) => number / Math.hypot(alpha, sigma));

/** The positions of `count` points, `[count, 2]`, before the first step (noise) and after each step of the solver. */
export const trajectories = ({ model, noising }: Process, params: Resident<Params>, count: number, key: RandomKey) =>
  F.pipe(
    RTE.fromEither(sampler({ ...parts, denoiser: model, noising })),
    RTE.bindTo('walk'),
    RTE.let('begin', ({ walk }) => program('key', (k) => ({ state: walk.start(normal(k, count, 2)) }))),
    RTE.bind('first', ({ begin }) =>
      F.pipe(
        compile(begin, {}),
        RTE.flatMapTaskEither(({ run }) => run(key)),
      ),
    ),
    RTE.let('move', ({ walk }) => {
      const x = leafSpec([count, 2]);
      const memory = Array.from({ length: walk.memory }, () => x);
      const spec: TreeSpec<SampleState<[Dim, 2]>> = treeSpec({ x, memory });
      return program({ params: model.params, state: spec, index: ':int32' }, ({ params: p, state, index }) => ({
        state: walk.step(p, state, { index }).state,
      }));
    }),
    RTE.bind('step', ({ move }) => compile(move, {}, { donate: ['state'] })),
    RTE.bind('noise', ({ first }) => read(first.state.x)),
    RTE.flatMap(({ walk, step, first, noise }) => {
      const places = [scaled(walk.plan[0]!.from)(noise)]; // a plan has at least one step
      const keep = (i: number) => RTE.map((x: typeof noise) => places.push(scaled(walk.plan[i]!.to)(x)));
      const inputs = (index: number) => ({ params, index });
      return F.pipe(
        iterate(step, { times: walk.steps, inputs, onStep: ({ state }, i) => keep(i)(read(state.x)) })(first),
        RTE.as(places),
      );
    }),
  );
