/**
 * Parts of a sampling as data: the name of a function of the library and its arguments, `['cfg', 2]` for `cfg(2)`. A job
 * is sent to other processes, and cannot contain functions.
 */
import {
  alignYourSteps,
  ancestral,
  apg,
  atSigmas,
  atTimes,
  cfg,
  cfgPlusPlus,
  cfgZero,
  clipToImage,
  consistency,
  ddim,
  ddimInversion,
  ddimStride,
  deis,
  dpmSolver,
  dpmSolverFast,
  dpmSolverPP,
  dpmSolverPP2SAncestral,
  dpmSolverPPSde,
  dpmSolverPPSdeSinglestep,
  dpmSolverPPSinglestep,
  dynamicThreshold,
  euler,
  eulerAncestral,
  evenGrid,
  everyStep,
  exponentialGrid,
  flowEuler,
  flowHeun,
  flowSde,
  heun,
  karrasGrid,
  kdpm2,
  kdpm2Ancestral,
  lcmGrid,
  leading,
  linspace,
  lms,
  pndm,
  polyexponentialGrid,
  restart,
  saSolver,
  sections,
  spaced,
  tcd,
  timestepRespacing,
  trailing,
  uncorrected,
  uniPC,
  vpGrid,
} from '../diffusion/index.js';
import { listOf, refused, show } from '../internal/decode.js';
import { attempt } from '../internal/errors.js';
import { isEither } from '../internal/either.js';
import { E, F, t } from '../internal/fp.js';
import { suggestion } from '../internal/suggest.js';

/** Functions by their names. */
type Catalogue = Readonly<Record<string, (...settings: never[]) => unknown>>;

/** A call of a function of a catalogue. */
export type Call<C extends Catalogue> = {
  readonly [N in keyof C & string]: readonly [name: N, ...settings: Parameters<C[N]>];
}[keyof C & string];

const solvers = {
  ...{
    ancestral,
    consistency,
    ddim,
    ddimInversion: () => ddimInversion(),
    deis,
    dpmSolver,
    dpmSolverFast,
    dpmSolverPP,
  },
  ...{ dpmSolverPP2SAncestral, dpmSolverPPSde, dpmSolverPPSdeSinglestep, dpmSolverPPSinglestep },
  ...{ euler, eulerAncestral, flowEuler, flowHeun, flowSde, heun, kdpm2, kdpm2Ancestral, lms, pndm },
  ...{ restart, saSolver, tcd, uniPC },
};

const grids = {
  ...{ alignYourSteps, atSigmas, atTimes, ddimStride, evenGrid, everyStep: () => everyStep, exponentialGrid },
  ...{ karrasGrid, lcmGrid, leading, linspace, polyexponentialGrid, sections, spaced, timestepRespacing },
  ...{ trailing, vpGrid },
};

const guidances = { apg, cfg, cfgPlusPlus, cfgZero };

const corrections = { clipToImage: () => clipToImage, dynamicThreshold, uncorrected: () => uncorrected };

/** A solver, such as `['dpmSolverPP', { order: 2 }]`. */
export type SolverCall = Call<typeof solvers>;
/** A grid, such as `['karrasGrid', 18]`. */
export type GridCall = Call<typeof grids>;
/** A guidance by classes, such as `['cfg', 2]`. */
export type GuidanceCall = Call<typeof guidances>;
/** A correction, such as `['uncorrected']`. */
export type CorrectionCall = Call<typeof corrections>;

/** The type of calls of a catalogue. It decodes a call to what the function returns. */
const callOf = (what: string, catalogue: Catalogue, example: string): t.Type<unknown, unknown> => {
  const name = `${what} as its name and its settings, such as ${example}`;
  const names = Object.keys(catalogue);
  return new t.Type<unknown, unknown>(
    name,
    (x): x is unknown => Array.isArray(x) && names.includes(x[0]),
    (x, context) => {
      if (!Array.isArray(x) || typeof x[0] !== 'string')
        return refused(x, context, { expected: name, hint: `give ${example}` });
      const [called, ...settings] = x as [string, ...unknown[]];
      if (!names.includes(called))
        return refused(x, context, {
          expected: listOf(what.split(' ').at(-1)!, names),
          actual: show(called),
          meant: suggestion(called, names),
          hint: 'give one of these, or a worker of your own',
        });
      const made = attempt(() => catalogue[called]!(...(settings as never[])));
      const result = E.isRight(made) && isEither(made.right) ? (made.right as typeof made) : made;
      if (E.isRight(result)) return t.success(result.right);
      const { where, expected, actual, hint } = result.left;
      return refused(x, context, { expected: `${where}: ${expected}`, actual, hint });
    },
    F.identity,
  );
};

/** A type that checks calls as another one does, and leaves them as they are. */
export const asData = (type: t.Type<unknown, unknown>): t.Type<unknown, unknown> =>
  new t.Type<unknown, unknown>(
    type.name,
    type.is,
    (x, context) => E.map(() => x)(type.validate(x, context)),
    F.identity,
  );

export const solverCall = callOf('a solver', solvers, "['dpmSolverPP', { order: 2 }]");
export const gridCall = callOf('a grid', grids, "['karrasGrid', 18]");
export const guidanceCall = callOf('a guidance', guidances, "['cfg', 2]");
export const correctionCall = callOf('a correction', corrections, "['uncorrected']");
