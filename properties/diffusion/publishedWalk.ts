/** Runs our solvers on the timesteps of published schedulers, with the model that those were run with. */
import {
  ancestral,
  clipToImage,
  consistency,
  consistencyDenoiser,
  type Correction,
  cosine,
  ddim,
  ddimInversion,
  ddpm,
  type Denoiser,
  dpmSolverPP,
  dpmSolverPPSde,
  dpmSolverPPSinglestep,
  dynamicThreshold,
  euler,
  eulerAncestral,
  exponentialSigmas,
  heun,
  karrasSigmas,
  learningVariance,
  linearUnscaled,
  lms,
  type Noise,
  type Parameterization,
  pndm,
  type DiscreteNoising,
  noisingOfSigmas,
  respaceAtSigmas,
  sampler,
  type SampleState,
  scaledLinear,
  type Schedule,
  sigmaRange,
  sigmoidBetas,
  type Solver,
  atTimes,
  uncorrected,
  uniPC,
  zeroTerminalSNR,
} from '../../src/diffusion/index.js';
import {
  add,
  ascribeLike,
  concatAll,
  constantOf,
  type Dim,
  gather,
  mul,
  onesLike,
  reshape,
  scalar,
  scaleBy,
  type Shape,
  sin,
  table,
  tanh,
  type Tensor,
} from '../../src/dsl/index.js';
import { E } from '../../src/internal/fp.js';
import { detNoise } from '../golden/gaussianDiffusion.js';
import type { GoldenSteps } from '../golden/diffusers.js';
import { numbersOf, right } from './run.js';
import { wholeTimesteps } from '../../src/diffusion/paths/discretePath.js';

type Image = [1, 2];
const SIZE = 4;

/** The timesteps of a process that a sampling visits, and the t that the model gets for each. */
interface Place {
  readonly noising: DiscreteNoising;
  readonly timesteps: readonly number[];
  readonly seen: readonly number[];
}

const asTheyAre: readonly number[] = Array.from({ length: 1000 }, (_, t) => t);

const schedules = {
  linear: linearUnscaled(1000),
  scaled_linear: scaledLinear(1000),
  squaredcos_cap_v2: cosine(1000),
  sigmoid: sigmoidBetas(1000),
};

const falling = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => count - 1 - i);

/** True if the last leg ends at t = 0, and not at the data. */
const endsAtFirstLevel = ({ class: name, settings }: GoldenSteps): boolean =>
  settings.final_sigmas_type === 'sigma_min' || !(settings.set_alpha_to_one ?? name !== 'PNDMScheduler');

/** Every timestep of a process, with their t, which may be fractional, in place of the timesteps of the process. */
const everywhere = (noising: DiscreteNoising, theirs: readonly number[]): Place => ({
  noising,
  timesteps: falling(theirs.length),
  seen: [...theirs].reverse().reduce((seen, t, i) => seen.with(noising.timesteps[i]!, t), asTheyAre),
});

/** The σ of a case, including those between timesteps of the schedule, as our functions compute them. */
const between = ({ settings, timesteps = [] }: GoldenSteps, schedule: Schedule) => {
  const make =
    settings.use_karras_sigmas === true
      ? karrasSigmas
      : settings.use_exponential_sigmas === true
        ? exponentialSigmas
        : undefined;
  return make && right(make(timesteps.length, sigmaRange(schedule)));
};

export const placeOf = (golden: GoldenSteps): Place => {
  const { settings, levels, path = [], sigmas = [], timesteps = [] } = golden;
  if (levels !== undefined) {
    const heard = Int32Array.from(levels, (_, j) => 40 * j);
    return { noising: right(noisingOfSigmas(levels, heard)), timesteps: path, seen: asTheyAre };
  }
  // in diffusers ᾱ_999 is not 0, but 2⁻²⁴
  if (settings.rescale_betas_zero_snr === true && golden.class === 'DPMSolverMultistepScheduler') {
    const heard = Int32Array.from(timesteps).reverse();
    return everywhere(right(noisingOfSigmas([...sigmas].reverse(), heard)), timesteps);
  }
  const schedule = schedules[settings.beta_schedule ?? 'scaled_linear'];
  const noising = right(
    ddpm(settings.rescale_betas_zero_snr === true ? E.flatMap(zeroTerminalSNR)(schedule) : schedule),
  );
  const targets = between(golden, noising.schedule);
  if (targets !== undefined) return everywhere(right(respaceAtSigmas(targets)(noising)), timesteps);
  const visited = [...timesteps].sort((a, b) => b - a);
  return {
    noising,
    timesteps: endsAtFirstLevel(golden) ? [...visited, 0] : visited,
    seen: asTheyAre,
  };
};

const parameterizations = {
  epsilon: 'epsilon',
  sample: 'x0',
  v_prediction: 'v',
} as const satisfies Readonly<Record<string, Parameterization>>;

/** The parameterization of the model of a case. */
const predictsOf = ({ settings }: GoldenSteps): Parameterization =>
  parameterizations[settings.prediction_type ?? 'epsilon'];

const ofTime = (t: number): number => 0.3 * Math.sin(t / 100);

/** The prediction of the model, on the host. */
export const said = (x: number, t: number): number => 0.9 * Math.tanh(0.8 * x + ofTime(t));

/** The model, and its variance if that is learned. */
const denoiserOf = (golden: GoldenSteps, { noising, seen }: Place): Denoiser<null, Image> => {
  const { variance_type } = golden.settings;
  const at = <B extends Dim>(numbers: readonly number[], x: Tensor<[B, ...Image]>, t: Tensor<[B], 'int32'>) =>
    scaleBy(onesLike(x), gather(table(numbers), t) as Tensor<[B]>) as Tensor<[B, ...Image]>;
  const model: Denoiser<null, Image> = {
    predicts: predictsOf(golden),
    apply: (_, x, { t }) => mul(tanh(add(mul(x, 0.8), at(seen.map(ofTime), x, wholeTimesteps(t)))), 0.9),
  };
  if (variance_type?.startsWith('learned') === true)
    return learningVariance<null, Image>({
      predicts: model.predicts,
      as: variance_type === 'learned' ? 'logVariance' : 'range',
      apply: (params, x, where) => ({
        prediction: model.apply(params, x, where),
        variance: mul(
          sin(
            add(
              mul(x, 3),
              at(
                seen.map((t) => t / 50),
                x,
                wholeTimesteps(where.t),
              ),
            ),
          ),
          0.5,
        ),
      }),
    });
  return golden.class === 'LCMScheduler' ? consistencyDenoiser(noising)(model) : model;
};

const correctionOf = ({ class: name, settings }: GoldenSteps): Correction => {
  // a threshold of at most 1, the default, is a clip
  if (settings.thresholding === true)
    return settings.sample_max_value === 1 ? clipToImage : dynamicThreshold(settings.dynamic_thresholding_ratio);
  return (settings.clip_sample ?? /^DD[PI]M/.test(name)) ? clipToImage : uncorrected;
};

const churnOf = ({ settings: s }: GoldenSteps) => ({
  churn: s.s_churn ?? 0,
  sMin: s.s_tmin ?? 0,
  sMax: s.s_tmax ?? Infinity,
  sNoise: s.s_noise ?? 1,
});

/** The corresponding solvers of noisefold. */
const solvers: Readonly<Record<string, (golden: GoldenSteps) => Solver>> = {
  DDPMScheduler: ({ settings }) =>
    ancestral({ variance: settings.variance_type === 'fixed_large' ? 'beta' : 'posterior' }),
  DDIMScheduler: ({ step: { eta = 0, use_clipped_model_output: derives = false } = {} }) =>
    ddim({ eta, keepEpsilon: !derives }),
  DDIMInverseScheduler: () => ddimInversion(),
  PNDMScheduler: ({ settings }) => pndm({ start: settings.skip_prk_steps === true ? 'heun' : 'rungeKutta' }),
  DPMSolverMultistepScheduler: ({ settings: { algorithm_type, solver_order: order = 2, lower_order_final = true } }) =>
    algorithm_type === 'sde-dpmsolver++'
      ? dpmSolverPPSde({ order: order as 1 | 2 })
      : dpmSolverPP({ order, phi3: 'half', lowerOrderFinal: lower_order_final }),
  DPMSolverSinglestepScheduler: ({ settings: { solver_order: order = 2 } }) => dpmSolverPPSinglestep({ order }),
  UniPCMultistepScheduler: ({ settings: { solver_order: order = 2, solver_type, lower_order_final = true } }) =>
    uniPC({ order, variant: solver_type === 'bh1' ? 'bh1' : 'bh2', lowerOrderFinal: lower_order_final }),
  EulerDiscreteScheduler: () => euler(),
  EulerAncestralDiscreteScheduler: () => eulerAncestral(),
  HeunDiscreteScheduler: () => heun(),
  LMSDiscreteScheduler: ({ step }) => lms({ order: step?.order ?? 4 }),
  LCMScheduler: () => consistency(),
  sample_euler: (golden) => euler(churnOf(golden)),
  sample_heun: (golden) => heun(churnOf(golden)),
  sample_euler_ancestral: ({ settings }) => eulerAncestral({ eta: settings.eta ?? 1 }),
  sample_dpmpp_2m: () => dpmSolverPP(),
  sample_lms: () => lms(),
};

const inSigma = (name: string): boolean => /^(Euler|Heun|LMS|sample_)/.test(name);

/** Their states after each step, in our scale of x. */
export const expectedOf = (golden: GoldenSteps): readonly (readonly number[])[] => {
  if (!inSigma(golden.class)) return golden.xs;
  const { noising, timesteps } = placeOf(golden);
  return golden.xs.map((xs, i) => {
    const end = timesteps[i + 1];
    const alpha = end === undefined ? 1 : noising.marginals[end]!.alpha;
    return xs.map((x) => alpha * x);
  });
};

/** Our states after each step, for the same number of steps. */
export const walkedBy = async (golden: GoldenSteps): Promise<readonly (readonly number[])[]> => {
  const place = placeOf(golden);
  const image = (numbers: readonly number[]): Tensor<[2, ...Image]> => constantOf(numbers, 2, 1, 2);
  const noiseAt =
    (step: number): Noise =>
    (x) =>
    () =>
      ascribeLike(image(detNoise(SIZE, 10 + step)) as Tensor<Shape>, x);
  const samplerOf = (noise: Noise) =>
    right(
      sampler({
        noising: place.noising,
        denoiser: denoiserOf(golden, place),
        grid: atTimes(place.timesteps),
        solver: solvers[golden.class]!(golden),
        correction: correctionOf(golden),
        noise,
      }),
    );
  /** The stages of step i for one of their states, which are also those within a step by Runge-Kutta. */
  const stagesAt = (i: number): number =>
    golden.settings.skip_prk_steps === true || /heun/i.test(golden.class)
      ? samplerOf(noiseAt(i)).plan[i]!.stages.length
      : 1;
  const numbers = await numbersOf((key) => {
    let state: SampleState<[2, ...Image]> = samplerOf(noiseAt(0)).start(image(detNoise(SIZE, 1)));
    const after: Tensor<[Dim]>[] = [];
    let evaluation = 0;
    for (let i = 0; i < golden.xs.length; i++) {
      const step = samplerOf(noiseAt(i));
      for (let k = 0; k < stagesAt(i); k++)
        state = step.step(null, state, { index: scalar(evaluation++, 'int32'), key }).state;
      after.push(reshape(state.x, SIZE) as Tensor<[Dim]>);
    }
    return concatAll(after as [Tensor<[Dim]>], 0) as Tensor<Shape>;
  });
  return golden.xs.map((_, i) => numbers.slice(SIZE * i, SIZE * (i + 1)));
};
