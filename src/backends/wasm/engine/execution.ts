/** Places a plan in the memory of a wasm backend, and runs it. */
import type { Plan } from '../../../dsl/plan/plan.js';
import { failure, messageOf, type NoisefoldError } from '../../../internal/errors.js';
import { E, type either, TE, type taskEither } from '../../../internal/fp.js';
import { type Execution, nameOf, type RunFailure } from '../../shared/executor.js';
import type { Frame } from '../../shared/kernel.js';
import type { Heap } from '../../shared/heap.js';
import { layOut } from '../../shared/layout.js';
import { inOrder, queued, timed } from '../../shared/runs.js';
import { inTurns } from '../../../internal/stop.js';
import { STAGE_WORDS } from '../threads/driver.js';
import { type Engine, functionNames, loadProgram } from './engine.js';
import type { WasmKernel } from './kernel.js';
import { type Prepared, type Program, programOf } from './program.js';
import { encode, relocate, type Tape, writeTape } from './tape.js';
import { WORD_BYTES } from '../assembler/numbers.js';

/**
 * The minimum number of cycles for workers: about a third of a millisecond, several times as long as it takes to wake
 * them. Shorter work runs on the calling thread.
 */
export const WORTH_WORKERS = 1_000_000;

/** Consecutive kernels that run together: the stages of several kernels, or one kernel in JavaScript. */
interface Segment {
  readonly first: number;
  readonly last: number;
  readonly kernel: Prepared;
  readonly cycles: number;
}

const single = (kernel: Prepared, i: number): Segment => ({ first: i, last: i, kernel, cycles: kernel.cycles });

const segmentsOf = (kernels: readonly Prepared[]): readonly Segment[] => {
  const segments: Segment[] = [];
  kernels.forEach((kernel, i) => {
    const before = segments.at(-1);
    if (before?.kernel.kind === 'stages' && kernel.kind === 'stages')
      segments[segments.length - 1] = { ...before, last: i, cycles: before.cycles + kernel.cycles };
    else segments.push(single(kernel, i));
  });
  return segments;
};

type Outcome = RunFailure | null;

/** Compiles the kernels of a plan. An engine may refuse the code, for which it has its own limit. */
const compile = (kernels: readonly WasmKernel[], engine: Engine): taskEither.TaskEither<NoisefoldError, Program> =>
  TE.tryCatch(
    () => inTurns(programOf(kernels, engine)),
    (thrown) =>
      failure('BackendFailure', {
        where: 'the wasm backend',
        expected: 'the code of a plan to compile',
        actual: String(thrown),
        hint: 'release executables that are no longer needed',
      }),
  );

/** A plan that is compiled, and its tape in memory. */
interface Loaded {
  readonly plan: Plan;
  readonly kernels: readonly WasmKernel[];
  readonly program: Program;
  readonly functions: readonly string[];
  readonly frame: Frame;
  readonly tape: Tape;
  /** The address of the tape. */
  readonly start: number;
}

const wordsAt = ({ memory }: Engine, start: number, { words }: Tape): Int32Array =>
  new Int32Array(memory.buffer, start, words.length);

const failureOf = ({ plan, kernels }: Loaded, { first, last }: Segment, reason: string): RunFailure => ({
  at: last,
  error: failure('BackendFailure', {
    where:
      first === last ? nameOf(plan.calls[first]!) : `${nameOf(plan.calls[first]!)} to ${nameOf(plan.calls[last]!)}`,
    expected: first === last ? `${kernels[first]!.name} to run` : 'these calls to run',
    actual: reason,
    hint: 'run it again; if memory has run out, use a smaller batch',
  }),
});

/** Makes a function that runs a segment on the calling thread, kernel by kernel. */
const callerRunner = (loaded: Loaded, engine: Engine) => {
  const { program, frame, tape, start } = loaded;
  let onCaller: ReturnType<typeof loadProgram> | null = null;
  return (segment: Segment): Outcome | Promise<Outcome> => {
    const { first, last, kernel } = segment;
    const runKernel = (at: number): Outcome => {
      try {
        if (kernel.kind === 'host') {
          frame.refresh();
          kernel.kernel.run(frame);
          return null;
        }
        onCaller ??= loadProgram(engine, program);
        const from = tape.starts[first + at]!;
        onCaller(start + WORD_BYTES * STAGE_WORDS * from, tape.starts[first + at + 1]! - from);
        return null;
      } catch (thrown) {
        return failureOf(loaded, segment, messageOf(thrown));
      }
    };
    return inOrder(last + 1 - first, runKernel, engine.turns);
  };
};

/** Runs segments: long ones on workers if the backend has workers, others on the calling thread. */
const segmentRunner = (loaded: Loaded, engine: Engine) => {
  const { program, functions, tape, start } = loaded;
  const runHere = callerRunner(loaded, engine);
  let inPool: number | null = null;

  const runInPool = async (segment: Segment, pool: NonNullable<Engine['pool']>): Promise<Outcome> => {
    inPool ??= pool.load({ module: program.module, functions });
    const from = tape.starts[segment.first]!;
    const count = tape.starts[segment.last + 1]! - from;
    const outcome = await pool.run(inPool, start + WORD_BYTES * STAGE_WORDS * from, count);
    if (outcome === null) return null;
    if (outcome.kind === 'notStarted') return runHere(segment);
    // the workers may have stopped at any place, so run all items again
    const words = wordsAt(engine, start, tape);
    for (let stage = 0; stage < tape.starts.at(-1)!; stage++) words[STAGE_WORDS * stage + 2] = 0;
    return failureOf(loaded, segment, outcome.reason);
  };

  return {
    run: (segment: Segment): Outcome | Promise<Outcome> => {
      const { kernel, cycles } = segment;
      const { pool } = engine;
      return pool !== null && kernel.kind === 'stages' && cycles >= engine.worthWorkers
        ? runInPool(segment, pool)
        : runHere(segment);
    },
    release: (): void => {
      if (inPool !== null) engine.pool?.drop(inPool);
    },
  };
};

/** Reserves memory for a plan and its tape, and compiles it. */
export const wasmExecution = async (
  plan: Plan,
  kernels: readonly WasmKernel[],
  engine: Engine,
  heap: Heap,
): Promise<either.Either<NoisefoldError, Execution>> => {
  const { turns } = engine;
  const { jobs, memory } = turns;
  const layout = await layOut(plan, heap, memory);
  if (E.isLeft(layout)) return layout;
  const { frame, place, setKey, release } = layout.right;
  const result = await compile(kernels, engine)();
  if (E.isLeft(result)) {
    release();
    return result;
  }
  const program = result.right;
  const functions = functionNames(engine.modules, program);
  const indices = new Map(functions.map((name, i) => [name, i]));
  const tape = await inTurns(
    encode(
      program.kernels.map((kernel) => (kernel.kind === 'stages' ? kernel.stages : [])),
      (run) => indices.get(run)!,
    ),
  );
  const block = await memory.reserve(tape.words.length);
  if (E.isLeft(block)) {
    release();
    return block;
  }
  const address = memory.addressOf(block.right, 'compile');
  if (E.isLeft(address)) return address; // the backend is closed, so all its memory is free
  // no `await` from here on, so that the address stays valid
  const start = address.right;
  writeTape(tape, wordsAt(engine, start, tape), frame.addresses);

  const segments = segmentsOf(program.kernels);
  const runner = segmentRunner({ plan, kernels, program, functions, frame, tape, start }, engine);
  const move: typeof place = (buffer, to) => {
    const before = frame.addresses[buffer];
    place(buffer, to);
    if (frame.addresses[buffer] !== before)
      relocate(tape, wordsAt(engine, start, tape), buffer, frame.addresses[buffer]!);
  };
  const run: Execution['run'] = (milliseconds) => {
    const parts = milliseconds === null ? segments : program.kernels.map(single);
    return inOrder(
      parts.length,
      timed((at) => runner.run(parts[at]!), milliseconds),
      turns,
    );
  };

  return E.right({
    ...queued({ place: move, setKey, run }, turns),
    release: () => {
      release();
      memory.release(block.right);
      jobs.after(runner.release); // runs that still wait need the memory
    },
  });
};
