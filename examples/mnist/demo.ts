/** The demo: trains, draws samples and shows them. */
import { askBackend, type Backend, type Dim, failure, fork, key, type NoisefoldError, using } from 'noisefold/dsl';
import {
  encodePng,
  fitIn,
  imageGrid,
  type Images,
  lossChart,
  resumable,
  sample,
  type StopSignal,
  type Trained,
  writeAtomically,
} from 'noisefold/training';
import type { UNetParams } from 'noisefold/nn';
import { either as E, function as F, readerTaskEither as RTE, taskEither as TE } from 'fp-ts';
import { backends } from './backends.js';
import type { Config } from './config.js';
import type { Digits } from './digits.js';
import type { Display } from './display.js';
import type { Extract } from './features.js';
import type { Options } from './options.js';
import type { Parts } from './parts.js';
import { demoPartsOf } from './processes.js';
import { classesOf, drawing, type Recipe, settings } from './recipe.js';
import { filesOf, isOver, openRun, readLog, type Run, writeConfig } from './runFolder.js';
import { scoreOf } from './score.js';
import { following, stopped } from './training.js';

/** The environment of the demo. */
export interface World {
  readonly recipe: Recipe;
  readonly digits: TE.TaskEither<NoisefoldError, Digits>;
  readonly display: Display;
  /** Extracts the features by which the digits are scored, for images of the size that its network takes. */
  readonly extract: Extract;
  /** Ends the run with a checkpoint. */
  readonly signal: StopSignal;
}

/** Everything that is known before the backend starts. */
interface Prepared {
  readonly run: Run;
  readonly parts: Parts;
  readonly digits: Digits;
}

type OnBackend<A> = RTE.ReaderTaskEither<Backend, NoisefoldError, A>;
type TrainedDigits = Trained<UNetParams, [Dim, Dim, Dim]>;

const keysOf = ({ seed }: Config) => fork(key(seed), 'train', 'sample');

/** Says what to do about a checkpoint of another recipe, which the demo never resumes. */
const ofAnotherRecipe = (error: NoisefoldError): NoisefoldError =>
  error._tag === 'CheckpointMismatch' && error.where.includes(': config')
    ? failure('CheckpointMismatch', {
        ...error,
        hint: 'an older version of the demo, or another run, made the checkpoint: begin again, without --resume',
      })
    : error;

/** Checks the whole run before it writes anything. */
const prepare =
  ({ digits }: World) =>
  (run: Run): TE.TaskEither<NoisefoldError, Prepared> => {
    const { config, from } = run;
    return F.pipe(
      demoPartsOf(config.recipe, config),
      E.tap(({ recipe }: Parts) =>
        from === null
          ? E.right(from)
          : resumable(from, { key: keysOf(config).train, batch: config.batch, config: recipe }),
      ),
      TE.fromEither,
      TE.mapLeft(ofAnotherRecipe),
      TE.flatMap((parts) => TE.map((all: Digits): Prepared => ({ run, parts, digits: all }))(digits)),
    );
  };

const train =
  ({ display, signal }: World) =>
  ({ run, parts, digits }: Prepared): OnBackend<TrainedDigits> => {
    const { config, from, metrics } = run;
    const { recipe } = parts;
    const done = from?.step ?? 0;
    const training = fitIn(
      run,
      {
        model: parts.model,
        noising: parts.noising,
        optimizer: parts.optimizer,
        times: parts.times,
        averageDecay: recipe.averageDecay,
        conditionDropout: recipe.labelDropout,
        data: digits.train,
        heldOut: { data: digits.test, every: recipe.heldOutEvery, images: recipe.heldOutImages },
        batch: config.batch,
        steps: isOver(config, done, metrics.at(-1)?.seconds ?? 0) ? done : config.steps,
        key: keysOf(config).train,
        config: recipe,
        signal,
        oracle: backends[config.backend](), // the reference backend would take minutes
        onEvent: following(run, display),
      },
      { every: config.checkpointEvery },
    );
    return RTE.mapLeft(cancelled(run))(training);
  };

/** Says how to resume a cancelled run. */
const cancelled =
  (run: Run) =>
  (error: NoisefoldError): NoisefoldError =>
    error._tag === 'Cancelled' && !error.where.startsWith('training: ') // cancelled before it began
      ? stopped(run, error.where)
      : error;

/** The class of each digit to draw. */
const labelsOf = ({ parts: { model } }: Prepared): readonly number[] => {
  const classes = classesOf(model);
  return Array.from({ length: drawing.rows * classes }, (_, i) => i % classes);
};

const draw =
  ({ display, signal }: World) =>
  (prepared: Prepared) =>
  (trained: TrainedDigits): OnBackend<Images> => {
    const { run, parts } = prepared;
    const { solver, grid, guidance } = parts;
    const began = performance.now();
    return F.pipe(
      trained,
      sample({
        solver,
        grid,
        guidance,
        labels: labelsOf(prepared),
        batch: drawing.batch,
        key: keysOf(run.config).sample,
        signal,
        onStep: (done, of) => {
          const secondsPerStep = (performance.now() - began) / 1000 / done;
          display.progress({ phase: 'sampling', done, of, secondsLeft: (of - done) * secondsPerStep })();
        },
      }),
      RTE.mapLeft(cancelled(run)),
    );
  };

/** The size of the samples in their picture, and the black pixels between them. */
const LAYOUT = { scale: 4, gap: 4 } as const;

/** Writes the samples, one class per column, and the chart of the loss. */
const show = (
  { run, parts: { model } }: Prepared,
  images: Images,
): TE.TaskEither<NoisefoldError, readonly string[]> => {
  const { samples, chart } = filesOf(run.path);
  return F.pipe(
    TE.fromEither(imageGrid(images, { ...LAYOUT, columns: classesOf(model) })),
    TE.flatMap(encodePng),
    TE.tap(() => run.check),
    TE.flatMap((png) => writeAtomically(samples, png)),
    TE.flatMap(() => readLog(run)),
    TE.flatMap((metrics) => writeAtomically(chart, lossChart(metrics, { title: 'MNIST' }))),
    TE.map(() => [samples, chart]),
  );
};

/** Commands to try after the run, each with what it does. */
const nextOf = ({ path }: Run): readonly string[] => {
  const commands = [
    [`npm run demo -- --resume --guidance 4 --out ${path}`, 'stronger guidance'],
    [`npm run eval -- --run ${path}`, 'scores of 1000 digits'],
    ['npm run example:browser', 'live on a web page'],
  ] as const;
  const width = Math.max(...commands.map(([command]) => command.length));
  return ['next:', ...commands.map(([command, about]) => `  ${command.padEnd(width)}  # ${about}`)];
};

const announcement = ({ path, config, from }: Run): string => {
  const goal = `${config.steps} steps of ${config.batch} images on ${config.backend}, in ${path}`;
  return from === null ? `training: ${goal}` : `resuming at step ${from.step}: ${goal}`;
};

/** The demo: returns the files to look at, the score of the digits, and what to try next. */
export const demo =
  (options: Options): RTE.ReaderTaskEither<World, NoisefoldError, readonly string[]> =>
  (world) =>
    TE.bracket(openRun({ ...settings, recipe: world.recipe })(options), inFolder(world), (run) => run.release);

const inFolder =
  (world: World) =>
  (run: Run): TE.TaskEither<NoisefoldError, readonly string[]> =>
    F.pipe(
      prepare(world)(run),
      TE.tapIO(() => world.display.note(announcement(run))),
      TE.flatMap((prepared) =>
        F.pipe(
          askBackend,
          RTE.tapIO(({ name }) =>
            run.config.backend === 'auto' ? world.display.note(`auto: ${name}`) : () => undefined,
          ),
          RTE.tapTaskEither(() => writeConfig(run)), // once a backend is available
          RTE.flatMap(() => train(world)(prepared)),
          RTE.flatMap(draw(world)(prepared)),
          RTE.flatMap((images) =>
            F.pipe(
              scoreOf(world, prepared.digits, images, labelsOf(prepared)),
              RTE.bimap(cancelled(run), (score) => ({ images, score })),
            ),
          ),
          using(backends[run.config.backend]()),
          TE.flatMap(({ images, score }) =>
            TE.map((files: readonly string[]) => [...files, score, ...nextOf(run)])(show(prepared, images)),
          ),
        ),
      ),
    );
