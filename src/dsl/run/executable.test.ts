import { describe, expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/index.js';
import { thrownError } from '../../internal/errors.js';
import { E, F, RTE } from '../../internal/fp.js';
import {
  add,
  compile,
  fork,
  grad,
  key,
  leafSpec,
  mul,
  type NoisefoldError,
  normal,
  program,
  type RandomKey,
  read,
  sum,
  type Tensor,
  treeSpec,
  upload,
  using,
  valueShape,
} from '../index.js';

const twice = program({ x: '2 2' }, ({ x }) => mul(x, 2));

describe('compile rejects invalid options', () => {
  const double = program({ x: '2' }, ({ x }) => ({ x: add(x, x) }));
  const messageOf = async (options: unknown): Promise<string> =>
    E.match(({ message }: NoisefoldError) => message, () => 'accepted')(
      await using(reference())(compile(double, {}, options as never))(),
    ); // oxfmt-ignore
  test.each([
    [{ donate: 'x' }, "compile.donate: expected names of inputs, got \"x\"; { donate: ['state'] } reuses the memory of an input for the output of the same name"],
    [{ donates: ['x'] }, "compile.donates: expected one of the fields donate, storage, got an unknown field; did you mean donate?"],
    [null, "compile: expected { donate, storage }, got null; { donate: ['state'] } reuses the memory of an input for the output of the same name"],
    [{ donate: ['z'] }, "compile: donate: expected the input x, got 'z'; donate inputs of the program by their names"],
    [{ donate: ['x'] }, 'accepted'],
  ])('%j: %s', async (options, message) => expect(await messageOf(options)).toBe(message)); // oxfmt-ignore
});

describe('compile rejects a symbol without a number', () => {
  test.each<[unknown, string]>([
    [{ x: 'B 2', y: 'B C' }, 'compile: input x has the symbol B: expected a number for it, got none; write compile(program, { B: …, C: … })'],
    ['B', 'compile: the input has the symbol B: expected a number for it, got none; write compile(program, { B: … })'],
  ])('%j', async (spec, message) => {
    const same = program(spec as { x: 'B' }, (x) => x); // a spec of the table of cases
    const compiled = compile(same, {} as { B: number }); // from JavaScript
    expect(await using(reference())(compiled)()).toMatchObject(E.left({ _tag: 'UnknownDim', message }));
  }); // oxfmt-ignore
});

describe('compile refuses what is not a program, and an exception of its function', () => {
  const bug = (): never => {
    throw new TypeError('my bug');
  };
  test.each<[string, readonly unknown[], string]>([
    ['nothing', [undefined, {}], 'compile.program: expected a program, got nothing; write compile(program('],
    ['a text', ['x', {}], 'compile.program: expected a program, got "x"'],
    ['no extents', [twice], 'compile.extents: expected the extents of its symbols, got nothing'],
    ['a function that throws', [program({ x: '2' }, bug), {}], 'compile: expected functions that do not throw and return what their types say, got TypeError: my bug (at '],
  ])('%s', async (_, given, message) => {
    const refusal = await using(reference())(compile(...(given as [typeof twice, object])))(); // from JavaScript
    expect(refusal).toMatchObject(E.left({ _tag: 'ConfigError', message: expect.stringContaining(message) }));
  }); // oxfmt-ignore

  test('keeps the stack of the exception', async () => {
    const refusal = await using(reference())(compile(program({ x: '2' }, bug), {}))();
    expect(E.isLeft(refusal) && thrownError(refusal.left).stack).toMatch(/^ConfigError: compile: .*\nTypeError: my bug\n +at .*bug/);
  }); // oxfmt-ignore
});

test.each([reference, wasm])('%o: arrays may change and move once the work has begun', async (acquire) => {
  const backend = right(await acquire()());
  const sums = right(
    await compile(
      program({ x: '2', y: '2' }, ({ x, y }) => add(x, y)),
      {},
    )(backend)(),
  );
  const [x, y, z] = [Float32Array.of(1, 2), Float32Array.of(10, 20), Int32Array.of(7)];
  const working = [sums.run({ x, y })(), upload(z, [1])(backend)()] as const;
  x.fill(99);
  structuredClone([y, z], { transfer: [y.buffer, z.buffer] });
  const [result, uploaded] = await Promise.all(working);
  expect(Array.from(right(await read(right(result))(backend)()))).toEqual([11, 22]);
  expect(Array.from(right(await read(right(uploaded))(backend)()))).toEqual([7]);
  right(await backend.close());
});

test('compile rejects a tensor that escaped from a function given to grad', async () => {
  const escaping = program({ x: '2' }, ({ x }) => {
    let inner: Tensor<readonly [2]> = x;
    const gradient = grad((y: Tensor<readonly [2]>) => {
      inner = y;
      return sum(mul(y, y));
    })(x);
    return add(gradient, inner);
  });
  const message =
    "compile: expected results computed from the program's inputs, got a tensor that was made inside a function given to grad, vjp or vmap and used outside it; return it from that function (with valueAuxAndGrad for a loss)";
  expect(await using(reference())(compile(escaping, {}))()).toMatchObject(E.left({ _tag: 'ConfigError', message }));
});

describe('a run rejects', () => {
  test.each<[string, object, string]>([
    ['an unknown input', { x: Float32Array.of(1), y: 2, z: 1 }, 'run.z: expected one of the inputs x, y, got an unknown input; leave it out, or add it to the inputs of the program'],
    ['a misspelt input', { X: Float32Array.of(1), y: 2 }, 'run.X: expected one of the inputs x, y, got an unknown input; did you mean x?'],
  ])('%s', async (_, given, message) => {
    const sum = program({ x: '1', y: '' }, ({ x, y }) => add(x, y));
    const run = F.pipe(compile(sum, {}), RTE.flatMapTaskEither((e) => e.run(given as never)));
    expect(await using(reference())(run)()).toMatchObject(E.left({ _tag: 'ConfigError', message }));
  }); // oxfmt-ignore

  test('an undefined input', async () => {
    const run = F.pipe(compile(twice, {}), RTE.flatMapTaskEither((e) => e.run({ x: Float32Array.of(1, 2, 3, 4), y: undefined } as never))); // oxfmt-ignore
    expect(E.isRight(await using(reference())(run)())).toBe(true);
  });

  test.each<[string, unknown, string, string]>([
    ['an array', [1, 2, 3, 4], 'ShapeError', 'Array'],
    ['nothing', undefined, 'ShapeError', 'nothing'],
    ['a string', 'one', 'ShapeError', 'string one'],
    ['too few numbers', Float32Array.of(1), 'ShapeError', '1 numbers'],
    ['integers', Int32Array.of(1, 2, 3, 4), 'DTypeError', 'Int32Array'],
    ['bytes', Uint8Array.of(1, 2, 3, 4), 'DTypeError', 'Uint8Array'],
  ])('%s', async (_, x, tag, actual) => {
    const run = F.pipe(compile(twice, {}), RTE.flatMapTaskEither((e) => e.run({ x } as never))); // oxfmt-ignore
    expect(await using(reference())(run)()).toMatchObject(
      E.left({ _tag: tag, where: 'input x', expected: 'float32 [2, 2]', actual }),
    );
  });

  test.each<['int32' | 'bool', number]>([
    ['int32', 1.5],
    ['int32', 2 ** 31],
    ['bool', 2],
  ])('a number that is not %s', async (dtype, x) => {
    const same = program(treeSpec<{ readonly x: Tensor<[], 'int32'> }>({ x: leafSpec([], dtype) }), ({ x }) => x);
    const run = F.pipe(compile(same, {}), RTE.flatMapTaskEither((e) => e.run({ x }))); // oxfmt-ignore
    expect(await using(reference())(run)()).toMatchObject(
      E.left({ _tag: 'DTypeError', where: 'input x', expected: `${dtype} []`, actual: `${x}` }),
    );
  });

  test.each([[[1e300, 0]], [[-1, 0]], [[2 ** 32, 0]], [[0.5, 0]], [[NaN, 0]], [[1, 2, 3]]])(
    '%j as a key',
    async (key) => {
      const draw = program({ key: 'key' }, (inputs) => normal(inputs.key, 2));
      const run = F.pipe(compile(draw, {}), RTE.flatMapTaskEither((e) => e.run({ key } as never))); // oxfmt-ignore
      expect(await using(reference())(run)()).toMatchObject(
        E.left({ _tag: 'DTypeError', where: 'input key', actual: `[${key.join(', ')}]` }),
      );
    },
  );

  test.each<[unknown, string]>([
    [7, 'number 7'],
    [null, 'object null'],
    [Uint32Array.of(7, 0), 'Uint32Array'],
    ['7', 'string 7'],
    [['7', '0'], '[7, 0]'],
  ])('%j in place of a key', async (key, actual) => {
    const draw = program({ key: 'key' }, (inputs) => normal(inputs.key, 2));
    const run = F.pipe(compile(draw, {}), RTE.flatMapTaskEither((e) => e.run({ key } as never))); // oxfmt-ignore
    const error = { _tag: 'DTypeError', where: 'input key', actual, hint: 'give a key: key(7)' };
    expect(await using(reference())(run)()).toMatchObject(E.left(error));
  });

  test('one key for two inputs, which would draw the same numbers', async () => {
    const draw = program({ a: 'key', b: ['key'] }, ({ a, b }) => add(normal(a, 2), normal(b[0], 2)));
    const given = (a: RandomKey, b: RandomKey) =>
      F.pipe(
        compile(draw, {}),
        RTE.flatMapTaskEither((e) => e.run({ a, b: [b] })),
        RTE.map(valueShape),
        (effect) => using(reference())(effect)(),
      );
    const message =
      "inputs a and b.0: expected a key for each, got [7, 0] for both; fork it: const { a, b } = fork(key(7), 'a', 'b')";
    expect(await given(key(7), [7, 0])).toMatchObject(E.left({ _tag: 'KeyReused', message }));
    const { a, b } = fork(key(7), 'a', 'b');
    expect(await given(a, b)).toEqual(E.right([2]));
  });

  test('a value of another dtype', async () => {
    const backend = right(await reference()());
    const x = right(await upload(Int32Array.of(1, 2, 3, 4), [2, 2])(backend)());
    const executable = right(await compile(twice, {})(backend)());
    expect(await executable.run({ x } as never)()).toMatchObject(
      E.left({ _tag: 'DTypeError', actual: 'a value int32 [2, 2]' }),
    );
    right(await backend.close());
  });
});
