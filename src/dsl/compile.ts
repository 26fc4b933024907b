import { E, F, type io, type readerTaskEither, TE, type taskEither } from '../internal/fp.js';
import type { Backend, HostArray, KeyWords, Runner, Slot } from './backend.js';
import {
  type Bindings,
  extentsOf,
  fillSpec,
  type LeafSpec,
  type Syms,
  type TreeSpec,
  symbolsOf,
} from './spec.js';
import { attempt, fail, type NoisefoldError, raise, showShape } from './errors.js';
import { lower } from './lower/index.js';
import { type Node, node, sizeOf } from './node.js';
import { checkKeys } from './passes/checkKeys.js';
import { decompose } from './passes/decompose.js';
import { nothing } from './passes/nothing.js';
import { share } from './passes/share.js';
import { simplify } from './passes/simplify.js';
import { verify } from './passes/verify.js';
import type { Plan } from './plan.js';
import type { Program } from './program.js';
import type { AnyTensor, Dim, DType, Shape, Tensor } from './tensor.js';
import { isTensor, nodeOf, tensor } from './tensor.js';
import { kindOf, leaves, mapLeaves } from './tree.js';
import { type AnyValue, isValue, liveOn, type Resident, type Value, value } from './value.js';

/** A shape with its symbols bound, where they are bare. */
type Bound<S extends Shape, E> = {
  -readonly [I in keyof S]: S[I] extends keyof E ? E[S[I]] & Dim : S[I] extends number ? S[I] : Dim;
};

/** The tree of resident values of a tree of tensors, at given extents. */
export type At<T, E> =
  T extends Tensor<infer S, infer D>
    ? D extends 'key'
      ? KeyWords
      : Value<Bound<S, E>, D>
    : { readonly [K in keyof T]: At<T[K], E> };

/** What a run takes for a tree of inputs: values, or numbers from the host, uploaded for this run. */
export type Feed<T> =
  T extends Value<infer S, infer D>
    ? Value<S, D> | HostArray | (S extends readonly [] ? number : never)
    : T extends KeyWords
      ? T
      : { readonly [K in keyof T]: Feed<T[K]> };

export interface Executable<I, O> {
  /** Runs the plan. Donated values in `inputs` are consumed; all results are new. */
  readonly run: (inputs: Feed<I>) => taskEither.TaskEither<NoisefoldError, O>;
  /** As `run`, with the milliseconds that each call took. */
  readonly profile: (
    inputs: Feed<I>,
  ) => taskEither.TaskEither<
    NoisefoldError,
    { readonly outputs: O; readonly milliseconds: readonly number[] }
  >;
  /** Gives back the arena and the constants. */
  readonly release: io.IO<void>;
  readonly plan: Plan;
  /** The kernel of each call of the plan. */
  readonly kernels: readonly string[];
}

export interface CompileOptions<I> {
  /**
   * Inputs by name whose memory a run may take over for the output of the same path: the value that is
   * given is consumed, and the result lies in its place.
   */
  readonly donate?: readonly (keyof I & string)[];
}

interface Traced {
  readonly leaves: readonly LeafSpec[];
  readonly inputs: readonly Node[];
  readonly output: unknown;
  readonly outputs: readonly { readonly path: string; readonly leaf: AnyTensor }[];
}

/** Builds the graph of a program at concrete extents. Raises what the builder raises. */
const trace = <I, O>(program: Program<I, O>, spec: TreeSpec<I>, bindings: Bindings): Traced => {
  const known = symbolsOf(spec);
  for (const name of Object.keys(bindings))
    if (!known.includes(name))
      raise('UnknownDim', {
        where: `compile at ${name}`,
        expected:
          known.length === 0 ? 'no extents: the spec has no symbols' : `extents for ${known.join(', ')}`,
        actual: name,
        hint: 'leave it out, or use the symbol in the spec',
      });
  const nodes = spec.leaves.map((leaf) => {
    const extents = E.getOrElseW((error: NoisefoldError) => raise(error._tag, error))(
      extentsOf(leaf, bindings),
    );
    return node('input', [], { path: leaf.path }, extents, leaf.dtype);
  });
  const byPath = new Map(spec.leaves.map((leaf, i) => [leaf.path, nodes[i]!]));
  const output = program.trace(fillSpec(spec, (leaf) => tensor(byPath.get(leaf.path)!)));
  return { leaves: spec.leaves, inputs: nodes, output, outputs: leaves(isTensor)(output) };
};

/** The passes in order. Each is verified. */
const optimized = (roots: readonly Node[], native: readonly string[]): readonly Node[] => {
  checkKeys(roots);
  const passes: readonly (readonly [string, (roots: readonly Node[]) => readonly Node[]])[] = [
    ['decompose', (r) => decompose(r, native)],
    ['nothing', nothing],
    ['simplify', simplify],
    ['share', share],
  ];
  return passes.reduce((graph, [name, pass]) => verify(name, pass(graph)), verify('trace', roots));
};

/** Pairs each donated input with the output of the same path, shape and dtype. */
const donationsOf = (
  traced: Traced,
  names: readonly string[],
): Pick<Parameters<typeof lower>[0], 'donations' | 'donated'> => {
  const donated = traced.leaves.map(({ path }) =>
    names.some((name) => path === name || path.startsWith(`${name}.`)),
  );
  const outputs = new Map(traced.outputs.map(({ path, leaf }, i) => [path, { n: nodeOf(leaf), i }]));
  const donations = traced.inputs.map((input, i) => {
    const target = outputs.get(traced.leaves[i]!.path);
    const fits =
      donated[i]! &&
      target !== undefined &&
      input.dtype !== 'key' &&
      target.n.dtype === input.dtype &&
      showShape(target.n.shape) === showShape(input.shape);
    return fits ? target.i : null;
  });
  return { donations, donated };
};

/** Traces, checks, optimizes and plans a program for a backend, without running anything. */
export const plan = <I, O>(
  program: Program<I, O>,
  bindings: Bindings,
  capabilities: Backend['capabilities'],
  donate: readonly string[] = [],
): E.Either<NoisefoldError, { readonly plan: Plan; readonly traced: Traced }> =>
  F.pipe(
    program.inputs,
    E.flatMap((spec) =>
      attempt(() => {
        const traced = trace(program, spec, bindings);
        const outputs = optimized(
          traced.outputs.map(({ leaf }) => nodeOf(leaf)),
          capabilities.composites,
        );
        return {
          traced,
          plan: lower({ inputs: traced.inputs, outputs, ...donationsOf(traced, donate) }, capabilities),
        };
      }),
    ),
  );

/**
 * Compiles a program at given extents of its symbols for the backend of the environment. The errors of the
 * builder (shapes, dtypes, keys used twice) come back as a `Left`. Hold the executable: running it costs no
 * tracing.
 *
 * @example
 * const mse = program({ x: 'B 2', y: 'B 2' }, ({ x, y }) => mean(square(pipe(x, sub(y)))))
 * const given = { x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(1, 2, 3, 8) }
 * const executable = compile(mse, { B: 2 })
 * const loss = pipe(executable, RTE.flatMapTaskEither(({ run }) => run(given)), RTE.flatMap(read))
 * await using(reference())(loss)() // → E.right([4])
 */
export const compile =
  <I, O, const E extends { readonly [K in Syms<I> & string]: number }>(
    program: Program<I, O>,
    extents: E,
    options: CompileOptions<I> = {},
  ): readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, Executable<At<I, E>, At<O, E>>> =>
  (backend) =>
    F.pipe(
      TE.fromEither(plan(program, extents, backend.capabilities, options.donate)),
      TE.flatMap(({ plan: planned, traced }) =>
        F.pipe(
          backend.compile(planned),
          TE.map((runner) => executable<At<I, E>, At<O, E>>(backend, runner, planned, traced)),
        ),
      ),
    );

const memberAt = (tree: unknown, path: string): unknown =>
  path === ''
    ? tree
    : path
        .split('.')
        .reduce<unknown>(
          (at, key) =>
            typeof at === 'object' && at !== null
              ? (at as Readonly<Record<string, unknown>>)[key]
              : undefined,
          tree,
        );

const isKeyWords = (x: unknown): x is KeyWords =>
  Array.isArray(x) && x.length === 2 && x.every(Number.isInteger);

/** A given input, ready to run: whether its memory is the run's own, to be released after it. */
interface Given {
  readonly slot: Slot;
  readonly resident: Resident | null;
  readonly temporary: boolean;
}

const given =
  (backend: Backend, inputs: unknown) =>
  ({ path, shape, dtype }: Plan['inputs'][number]): taskEither.TaskEither<NoisefoldError, Given> => {
    const x = memberAt(inputs, path);
    const where = `input ${path === '' ? '(the only one)' : path}`;
    const wrong = (
      actual: string,
      hint: string,
      tag: 'ShapeError' | 'DTypeError' = 'ShapeError',
    ): taskEither.TaskEither<NoisefoldError, never> =>
      TE.fromEither(fail(tag, { where, expected: `${dtype} ${showShape(shape)}`, actual, hint }));
    if (dtype === 'key')
      return isKeyWords(x)
        ? TE.right({ slot: x, resident: null, temporary: false })
        : wrong(kindOf(x), 'give a key: key(7)', 'DTypeError');
    if (isValue(x))
      return F.pipe(
        TE.fromEither(liveOn(backend, where)(x)),
        TE.flatMap((resident): taskEither.TaskEither<NoisefoldError, Given> =>
          resident.dtype === dtype && showShape(resident.shape) === showShape(shape)
            ? TE.right({ slot: resident.buffer, resident, temporary: false })
            : wrong(
                `a value ${resident.dtype} ${showShape(resident.shape)}`,
                'compile at the extents that you run with, and upload in the dtype of the spec',
                resident.dtype === dtype ? 'ShapeError' : 'DTypeError',
              ),
        ),
      );
    const numbers = typeof x === 'number' ? Float64Array.of(x) : x;
    if (!ArrayBuffer.isView(numbers) || numbers instanceof DataView)
      return wrong(kindOf(x), 'give a value, or a typed array of its numbers');
    const host = numbers as HostArray; // a typed array; its length is checked next
    if (host.length !== sizeOf(shape))
      return wrong(`${host.length} numbers`, 'give one number for each element');
    return TE.map((slot: Slot): Given => ({ slot, resident: null, temporary: true }))(
      backend.upload(host, dtype),
    );
  };

/** A donated value must not be given twice. */
const checkDonations = (planned: Plan, all: readonly Given[]): E.Either<NoisefoldError, void> => {
  const twice = all.findIndex(
    (g, i) =>
      g.resident !== null &&
      planned.inputs[i]!.donated &&
      all.some((other, j) => i !== j && other.resident === g.resident),
  );
  return twice < 0
    ? E.right(undefined)
    : fail('ValueConsumed', {
        where: `input ${planned.inputs[twice]!.path}`,
        expected: 'a donated value in one place',
        actual: 'the same value for two inputs',
        hint: 'upload a copy, or do not donate it',
      });
};

const executable = <I, O>(
  backend: Backend,
  runner: Runner,
  planned: Plan,
  traced: Traced,
): Executable<I, O> => {
  const outputNodes = traced.outputs.map(({ leaf }) => nodeOf(leaf));
  const treeOf = (slots: readonly Slot[]): O => {
    let next = 0;
    // At<O, E> is the tree of O with a value for each tensor
    return mapLeaves(isTensor)(() => {
      const { shape, dtype } = outputNodes[next]!;
      const slot = slots[next++]!;
      if (dtype === 'key' || 'length' in slot) return slot;
      return value<AnyValue>({
        _tag: 'Value',
        backend,
        buffer: slot,
        shape,
        dtype: dtype as Exclude<DType, 'key'>,
        state: 'live',
      });
    })(traced.output) as O;
  };
  const giveAll =
    (inputs: unknown): taskEither.TaskEither<NoisefoldError, readonly Given[]> =>
    async () => {
      const all: Given[] = [];
      for (const input of planned.inputs) {
        const one = await given(backend, inputs)(input)();
        if (E.isLeft(one)) {
          releaseTemporaries(all);
          return one;
        }
        all.push(one.right);
      }
      const checked = checkDonations(planned, all);
      if (E.isLeft(checked)) releaseTemporaries(all);
      return E.map(() => all)(checked);
    };
  const releaseTemporaries = (all: readonly Given[]): void => {
    for (const { slot, temporary } of all) if (temporary && !('length' in slot)) backend.release(slot)();
  };
  const around =
    <A>(go: (slots: readonly Slot[]) => taskEither.TaskEither<NoisefoldError, A>) =>
    (inputs: Feed<I>): taskEither.TaskEither<NoisefoldError, A> =>
      TE.flatMap((all: readonly Given[]): taskEither.TaskEither<NoisefoldError, A> => async () => {
        const result = await go(all.map(({ slot }) => slot))();
        if (E.isRight(result))
          all.forEach(({ resident }, i) => {
            if (resident !== null && planned.inputs[i]!.donated) resident.state = 'donated';
          });
        releaseTemporaries(all.filter((_, i) => !(E.isRight(result) && planned.inputs[i]!.donated)));
        return result;
      })(giveAll(inputs));
  return {
    plan: planned,
    kernels: runner.kernels,
    release: runner.release,
    run: (inputs) => TE.map(treeOf)(around(runner.run)(inputs)),
    profile: (inputs) =>
      TE.map(({ outputs, milliseconds }: { outputs: readonly Slot[]; milliseconds: readonly number[] }) => ({
        outputs: treeOf(outputs),
        milliseconds,
      }))(around(runner.profile)(inputs)),
  };
};
