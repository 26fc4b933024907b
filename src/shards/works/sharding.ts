/** Runs the pieces of a work as jobs on an engine, and keeps their results as files that the jobs name. */
import pMap from 'p-map';
import { functionOf, positive } from '../../internal/decode.js';
import { type NoisefoldError, orRaise, raise } from '../../internal/errors.js';
import { E, type either, F, t, TE } from '../../internal/fp.js';
import { type Block, type Fallible, gen, hold, take } from '../../internal/gen.js';
import { part, signal } from '../../internal/parts.js';
import { sizeOf } from '../../internal/numbers.js';
import { type Filled, optional, type OptionsOf } from '../../internal/schema.js';
import { cancelled, unlessStopped } from '../../internal/stop.js';
import { makeFolder, readBytes, writeAtomically } from '../../node/files.js';
import { node, onFile } from '../../node/node.js';
import type { OpenEngine, Outcome, ShardEngine } from '../jobs/engine.js';
import type { Bits } from '../jobs/bits.js';
import type { Order } from '../jobs/order.js';
import { itemCount, type Job, sha256, textOf } from '../jobs/job.js';
import { tensorsOf, type Tensors } from '../jobs/result.js';

/** The fields of {@link Sharding}. */
export const shardingFields = {
  /** `local()` or `queue({ url })`. */
  engine: part<ShardEngine>('an engine, such as local() or queue({ url })', 'name', 'open'),
  /**
   * The folder of the results. Each file there is the result of one job, and has its name. A run uses the files that it
   * finds, so that it computes only what is missing after an interruption, or for more items.
   */
  folder: t.string,
  /** The number of items of a job, at most 65,536; default 100. It does not change the results. */
  size: optional(itemCount, 100),
  /** The number of times that a job may fail before it is reported as failed; default 3. Other jobs continue. */
  attempts: optional(positive, 3),
  /** Called after each job that ran, and at the end, with the number of items that are done: `progress('drawing', { unit: 'sample' })`. */
  onShard: optional(functionOf<(done: number, of: number) => unknown>('a function')),
  /** Ends the run as `Cancelled`. The next run uses the results that are in the folder. */
  signal: optional(signal),
};

/** The engine, the folder and the size of the jobs of a work. */
export interface Sharding extends OptionsOf<typeof shardingFields> {}

/** The result of a job, as a file. */
export interface ShardFile {
  readonly path: string;
  /** The SHA-256 of the job. */
  readonly job: string;
  /** The index of the first item, and the number of items. */
  readonly range: readonly [first: number, count: number];
}

/** A job that failed in all its attempts. */
export interface ShardFailure {
  readonly range: readonly [first: number, count: number];
  readonly error: NoisefoldError;
}

/** The results of a work. */
export interface ShardFiles {
  /** The results, in the order of the items. */
  readonly files: readonly ShardFile[];
  /** The jobs without a result. */
  readonly failures: readonly ShardFailure[];
  /** The number of jobs that ran. */
  readonly computed: number;
  /** The number of jobs whose results were in the folder. */
  readonly reused: number;
  /** The number of times that a job failed or lost its worker and ran again. */
  readonly retries: number;
}

/** The maximum number of jobs of a work: each takes a file of one folder, and a kilobyte of memory. */
const MOST_JOBS = 100_000;

/** The maximum size of the images of a job in bytes: servers of queues keep at most 512 MiB under a name. */
const MOST_BYTES = 2 ** 29 - 2 ** 16;

/** The ranges of `size` images from `first` on, in jobs. Raises `ConfigError` for too many or too large jobs. */
export const rangesOf = (
  where: string,
  { first, count, size }: { readonly first: number; readonly count: number; readonly size: number },
  image: readonly number[] = [0],
): readonly (readonly [first: number, count: number])[] => {
  const jobs = Math.ceil(count / size);
  const refuse = (field: string, expected: string, actual: string, hint: string) =>
    raise('ConfigError', { where: `${where}.${field}`, expected, actual, hint });
  if (jobs > MOST_JOBS || !Number.isSafeInteger(first + count))
    refuse('size', `at most ${MOST_JOBS} jobs`, `${jobs} of ${size}`, 'give more items to a job, or fewer items');
  const bytes = Math.min(size, count) * sizeOf(image) * Float32Array.BYTES_PER_ELEMENT;
  if (bytes > MOST_BYTES)
    refuse('size', `at most ${MOST_BYTES} bytes of images in a job`, `${bytes}`, 'give fewer items to a job');
  return Array.from({ length: jobs }, (_, i) => [first + i * size, Math.min(size, count - i * size)] as const);
};

/** A piece of a work: a job without the bits that it requires, which the engine decides. */
export interface Piece extends Pick<Job, 'work' | 'range' | 'options'> {
  /** Loads the input bytes of the job. */
  readonly input?: Fallible<Uint8Array>;
}

/** The outcome of a piece. */
export type End = { readonly retries: number; readonly isReused: boolean } & (
  | { readonly file: ShardFile }
  | { readonly failure: ShardFailure }
);

/** Reads the result of a job. Fails with `DecodeError` for a damaged file, and for the result of another job. */
export const readShard = ({ path, job }: Pick<ShardFile, 'path' | 'job'>): Fallible<Tensors> =>
  F.pipe(readBytes(path), TE.flatMapEither(tensorsOf(path, job)));

/** The job of a piece on an engine. */
function* orderOf({ input, ...piece }: Piece, bits: Bits): Block<Order> {
  const bytes = input && (yield* take(input));
  const own = bytes && { digest: sha256(bytes), bytes };
  const text = yield* take(textOf({ ...piece, bits, ...(own && { input: own.digest }) }));
  return { name: sha256(text), text, ...(own && { input: own }) };
}

/** Runs a job. If it returns bytes that are not its result, the job counts as failed. */
function* outcomeOf(order: Order, engine: OpenEngine): Block<Outcome> {
  const { result, retries } = yield* take(async () => E.right(await engine.run(order)));
  return { result: E.tap(tensorsOf(`result of job ${order.name}`, order.name))(result), retries };
}

/** Runs a piece, unless the folder has its result. Computes a damaged result again. */
function* runPiece(piece: Piece, engine: OpenEngine, folder: string): Block<End> {
  const order = yield* orderOf(piece, engine.bits);
  const { range } = piece;
  const file = { path: node().join(folder, `${order.name}.safetensors`), job: order.name, range };
  const before = yield* take(async () => E.right(await readShard(file)()));
  if (E.isRight(before)) return { file, retries: 0, isReused: true };

  const { result, retries } = yield* outcomeOf(order, engine);
  const isReused = false;
  if (E.isLeft(result)) return { failure: { range, error: result.left }, retries, isReused };
  yield* take(writeAtomically(file.path, result.right));
  return { file, retries, isReused };
}

/** A job that asks a worker for options of all other jobs, because only workers know these options. */
export interface Question {
  readonly piece: Piece;
  readonly optionsOf: (answer: Tensors) => either.Either<NoisefoldError, Piece['options']>;
}

/** The pieces of a work, and the trained files that they name. */
export interface Pieces {
  /** The name of the function that was called, for errors. */
  readonly where: string;
  readonly pieces: readonly Piece[];
  readonly question?: Question;
  readonly checkpoints: readonly string[];
}

/**
 * Asks a question, and returns the options that answer it; no options without a question. Fails with the error of the
 * job that asks.
 */
function* answerTo(question: Question | undefined, engine: OpenEngine): Block<Piece['options']> {
  if (question === undefined) return {};
  const order = yield* orderOf(question.piece, engine.bits);
  const { result } = yield* outcomeOf(order, engine);
  return yield* take(F.pipe(result, E.flatMap(tensorsOf(order.name, order.name)), E.flatMap(question.optionsOf)));
}

/** Runs pieces on an engine. Fails with the errors of the engine and of the files, but not with those of a job. */
export function* endsOf(
  { where, pieces, question, checkpoints }: Pieces,
  { engine, folder, attempts, onShard, signal: stop }: Filled<typeof shardingFields>,
): Block<readonly End[]> {
  yield* take(onFile(folder, 'a folder to write', () => makeFolder(folder)));
  const open = yield* hold(engine.open({ checkpoints, attempts }), (one) => () => one.close().then(E.right));
  const of = pieces.reduce((sum, { range: [, count] }) => sum + count, 0);
  const goOn = `the results in ${folder} are kept: run it again, and it goes on where it ended`;
  let done = 0; // mutable
  const run = async (piece: Piece): Promise<End> => {
    if (stop?.aborted === true) return orRaise(cancelled(where, goOn, stop.reason));
    const end = orRaise(await gen(() => runPiece(piece, open, folder))());
    done += piece.range[1];
    if (!end.isReused || done === of) await onShard?.(done, of);
    return end;
  };
  const work = async (): Promise<readonly End[]> => {
    const answer = orRaise(await gen(() => answerTo(question, open))());
    const answered = pieces.map((piece) => ({ ...piece, options: { ...piece.options, ...answer } }));
    return pMap(answered, run, { concurrency: open.ahead });
  };
  return yield* take(unlessStopped(where, work(), stop, goOn));
}

/** Collects the outcomes of pieces. */
export const filesOf = (ends: readonly End[]): ShardFiles => ({
  files: ends.flatMap((end) => ('file' in end ? [end.file] : [])),
  failures: ends.flatMap((end) => ('failure' in end ? [end.failure] : [])),
  computed: ends.filter(({ isReused }) => !isReused).length,
  reused: ends.filter(({ isReused }) => isReused).length,
  retries: ends.reduce((sum, { retries }) => sum + retries, 0),
});

/** Runs pieces on an engine, and returns their results. */
export function* runPieces(work: Pieces, sharding: Filled<typeof shardingFields>): Block<ShardFiles> {
  return filesOf(yield* endsOf(work, sharding));
}
