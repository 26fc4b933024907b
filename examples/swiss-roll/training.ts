/** Training: each step draws new points of the roll. */
import { function as F, readerTaskEither as RTE } from 'fp-ts';
import { ascribe, compile, foldIn, fork, iterate, program, type RandomKey, read, type Read } from 'noisefold/dsl';
import { adam, cosineDecay, warmup } from 'noisefold/nn';
import { initialState, parametersOf, trainState, trainStep } from 'noisefold/training';
import { swissRoll } from './data.js';
import type { Process } from './processes.js';

const BATCH = 256;

/** Trains the model of a process for a number of steps, and returns the moving average of its parameters. */
export const train = (
  process: Process,
  steps: number,
  key: RandomKey,
  onLoss: (step: number, loss: number) => void,
) => {
  const optimizer = adam({ learningRate: F.pipe(4e-3, warmup(50), cosineDecay({ steps, floor: 0.01 })) });
  const recipe = { ...process, optimizer, averageDecay: 0.998 };
  const spec = { state: trainState(recipe), key: 'key' } as const;
  const step = program(spec, ({ state, key: k }) => {
    const keys = fork(k, 'data', 'noise');
    const x0 = ascribe(swissRoll(BATCH)(keys.data), 'B', 2);
    return trainStep(recipe, [2]).trace({ state, examples: { x0, conditions: {}, key: keys.noise } });
  });
  const keys = fork(key, 'start', 'steps');
  const inputs = (i: number) => ({ key: foldIn(keys.steps, i) });
  const tell = (i: number) => RTE.map(([loss = NaN]: Read<'float32'>) => onLoss(i + 1, loss));
  const every = Math.ceil(steps / 8);
  return F.pipe(
    RTE.Do,
    RTE.bind('start', () => compile(initialState(recipe), {})),
    RTE.bind('run', () => compile(step, {}, { donate: ['state'] })),
    RTE.bind('parameters', () => compile(parametersOf(process.model), {})),
    RTE.bind('state', ({ start }) => RTE.fromTaskEither(start.run({ key: keys.start }))),
    RTE.bind(
      'last',
      ({ run, state }) =>
      iterate(run, { times: steps, inputs, every, onStep: ({ report }, i) => tell(i)(read(report.loss)) })({ state }), // oxfmt-ignore
    ),
    RTE.flatMapTaskEither(({ parameters, last }) => parameters.run({ vectors: last.state.average })),
  );
};
