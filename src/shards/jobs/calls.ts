/**
 * Parts of a sampling as data: the name of a function of the library and its arguments, `['cfg', 2]` for `cfg(2)`. A job
 * is sent to other processes, and cannot contain functions.
 */
import * as diffusion from '../../diffusion/index.js';
import { listOf, refuseValue, show } from '../../internal/decode.js';
import { attempt } from '../../internal/errors.js';
import { isEither } from '../../internal/either.js';
import { E, F, t } from '../../internal/fp.js';
import { suggestion } from '../../internal/suggest.js';

/** Functions by their names. */
type Catalogue = Readonly<Record<string, (...settings: never[]) => unknown>>;

/** A call of a function of the library, by its name. */
type Call<N extends keyof typeof diffusion> = {
  readonly [K in N]: readonly [name: K, ...settings: SettingsOf<(typeof diffusion)[K]>];
}[N];
/** The arguments of a function; none if its options have no fields. */
type SettingsOf<F> = F extends (...settings: infer S) => unknown ? S : [];

const SOLVERS = [
  ...(['ancestral', 'consistency', 'ddim', 'ddimInversion', 'deis', 'dpmSolver', 'dpmSolverFast'] as const),
  ...(['dpmSolverPP', 'dpmSolverPP2SAncestral', 'dpmSolverPPSde', 'dpmSolverPPSdeSinglestep'] as const),
  ...(['dpmSolverPPSinglestep', 'euler', 'eulerAncestral', 'flowEuler', 'flowHeun', 'flowSde', 'heun'] as const),
  ...(['kdpm2', 'kdpm2Ancestral', 'lms', 'pndm', 'restart', 'rungeKutta', 'saSolver'] as const),
  ...(['tcd', 'uniPC'] as const),
] as const;

const GRIDS = [
  ...([
    'alignYourSteps',
    'atSigmas',
    'atTimes',
    'betaGrid',
    'betaSigmaGrid',
    'ddimStride',
    'evenGrid',
    'exponentialGrid',
    'karrasGrid',
  ] as const),
  ...(['lcmGrid', 'leading', 'linspace', 'polyexponentialGrid', 'sections', 'spaced'] as const),
  ...(['timestepRespacing', 'trailing', 'vpGrid'] as const),
] as const;

const GUIDANCES = ['apg', 'cfg', 'cfgPlusPlus', 'cfgZero', 'pag'] as const;

/** A solver, such as `['dpmSolverPP', { order: 2 }]`. */
export type SolverCall = Call<(typeof SOLVERS)[number]>;
/** A grid, such as `['karrasGrid', 18]`. */
export type GridCall = Call<(typeof GRIDS)[number]>;
/** A guidance by classes, such as `['cfg', 2]`. */
export type GuidanceCall = Call<(typeof GUIDANCES)[number]>;
/** A correction, such as `['uncorrected']`. */
export type CorrectionCall = readonly ['clipToImage'] | readonly ['uncorrected'] | Call<'dynamicThreshold'>;

const functionsOf = (names: readonly (keyof typeof diffusion)[]): Catalogue =>
  Object.fromEntries(names.map((name) => [name, diffusion[name] as Catalogue[string]])); // makers of parts

const corrections: Catalogue = {
  clipToImage: () => diffusion.clipToImage,
  uncorrected: () => diffusion.uncorrected,
  dynamicThreshold: diffusion.dynamicThreshold,
};

/** A codec of calls of the functions in a catalogue. It decodes a call to the value that the function returns. */
const callOf = (what: string, catalogue: Catalogue, example: string): t.Type<unknown, unknown> => {
  const name = `${what} as its name and its settings, such as ${example}`;
  const names = Object.keys(catalogue);
  return new t.Type<unknown, unknown>(
    name,
    (x): x is unknown => Array.isArray(x) && names.includes(x[0]),
    (x, context) => {
      if (!Array.isArray(x) || typeof x[0] !== 'string')
        return refuseValue(x, context, { expected: name, hint: `give ${example}` });
      const [called, ...settings] = x as [string, ...unknown[]];
      if (!names.includes(called))
        return refuseValue(x, context, {
          expected: listOf(what.split(' ').at(-1)!, names),
          actual: show(called),
          meant: suggestion(called, names),
          hint: 'give one of these, or a worker of your own',
        });
      const outcome = attempt(() => catalogue[called]!(...(settings as never[])));
      const result = E.isRight(outcome) && isEither(outcome.right) ? (outcome.right as typeof outcome) : outcome;
      if (E.isRight(result)) return t.success(result.right);
      const { where, expected, actual, hint } = result.left;
      return refuseValue(x, context, { expected: `${where}: ${expected}`, actual, hint });
    },
    F.identity,
  );
};

/** A codec that checks calls as another codec does, but returns the call itself. */
export const asData = (type: t.Type<unknown, unknown>): t.Type<unknown, unknown> =>
  new t.Type<unknown, unknown>(
    type.name,
    type.is,
    (x, context) => E.map(() => x)(type.validate(x, context)),
    F.identity,
  );

export const solverCall = callOf('a solver', functionsOf(SOLVERS), "['dpmSolverPP', { order: 2 }]");
export const gridCall = callOf('a grid', functionsOf(GRIDS), "['karrasGrid', 18]");
export const guidanceCall = callOf('a guidance', functionsOf(GUIDANCES), "['cfg', 2]");
export const correctionCall = callOf('a correction', corrections, "['uncorrected']");
