/** Mistakes that types could miss, in values, functions and options. A `hit` is an error; a `miss` fails at run time. */
import { group, hit, miss, right } from './program.js';

export const functions = group('functions', {
  'a method that takes fewer shapes than its type says': miss`
    interface Block {
      run(x: Tensor<[Dim, 64]>): Tensor<[Dim, 64]>;
    }
    const block: Block = { run: (x: Tensor<[8, 64]>) => add(x, zeros(8, 64)) };
    block.run(zeros(4, 64));
  `,
  'a function that takes fewer shapes than its type says': hit`
    interface Block {
      readonly run: (x: Tensor<[Dim, 64]>) => Tensor<[Dim, 64]>;
    }
    const block: Block = { «run»: (x: Tensor<[8, 64]>) => add(x, zeros(8, 64)) };
  `,
  'a list that is filled through a wider type': miss`
    const narrow: Tensor<[8, 64]>[] = [];
    const wide: Tensor<[8, Dim]>[] = narrow;
    wide.push(zeros(8, 32));
    add(narrow[0]!, zeros(8, 64));
  `,
  'a record that is changed through a wider type': miss`
    const narrow = { x: zeros(8, 64) };
    const wide: { x: Tensor<[8, Dim]> } = narrow;
    wide.x = zeros(8, 32);
    add(narrow.x, zeros(8, 64));
  `,
  'a member that is not there': miss`
    const xs: readonly Tensor<[8]>[] = [];
    neg(xs[0]!);
  `,
  'a predicate that is always true': miss`
    const isNarrow = (x: Tensor<[8, Dim]>): x is Tensor<[8, 64]> => true;
    const x: Tensor<[8, Dim]> = zeros(8, Number('32'));
    if (isNarrow(x)) add(x, zeros(8, 64));
  `,
  'a type parameter that only the result has': miss`
    const parse = <S extends Shape>(text: string): Tensor<S> => JSON.parse(text);
    add(parse<[8]>('[1, 2]'), zeros(8));
  `,
  'a callback that ignores the batch': hit`
    const each = <B extends Dim>(x: Tensor<[B, 2]>, f: (x: Tensor<[B, 2]>) => Tensor<[B, 2]>) => f(x);
    each(zeros(4, 2), «() => zeros(5, 2)»);
  `,
  'a type parameter that extends two shapes': hit`
    const doubled = <S extends [8] | [4]>(x: Tensor<S>) => add(x, «zeros(8)»);
  `,
  'functions in a list': hit`
    const steps = [matmul(zeros(64, 32)), matmul(zeros(64, 10))];
    const y = steps.map((f) => pipe(zeros(8, 32), «f»));
  `,
  'a generic function that is passed by its name': hit`
    const merge = <B extends Dim>(x: Tensor<[B]>) => (y: Tensor<[B]>) => mul(x, y);
    [zeros(4), zeros(5)].map(merge).map((f) => f(zeros(4)));
  `,
  'a rest parameter of two batches': hit`
    const total = <B extends Dim>(...xs: readonly Tensor<[B, 64]>[]) => xs.reduce((a, b) => add(a, b));
    total(«zeros(4, 64), zeros(5, 64)»);
  `,
  'a function that calls itself': miss`
    const grown = (x: Tensor<[8, Dim]>, times: number): Tensor<[8, Dim]> =>
      times === 0 ? x : grown(concat(x, x), times - 1);
    add(grown(zeros(8, 2), 3), zeros(8, 2));
  `,
  'a spread of arguments': hit`
    const operands = [zeros(4, 64), zeros(5, 64)] as const;
    add(«...operands»);
  `,
  'a spread of extents': hit`
    const shape = [8, 64] as const;
    add(zeros(...shape), «zeros(8, 32)»);
  `,
  'a spread of extents of unknown number': miss`
    const shape: readonly number[] = [8, 64];
    add(zeros(...shape), zeros(8, 32));
  `,
});

export const values = group(
  'values',
  {
    'a misspelt field that is spread only sometimes': hit`
      const isLarge = Number('1') > 0;
      unet(«{ image, base: 8, multipliers: [1], ...(isLarge && { heds: 4 }) }»);
    `,
    'a misspelt field in the result of a function': hit`
      const size = () => ({ base: 8, multipliers: [1], heds: 4 });
      unet(«{ image, ...size() }»);
    `,
    'a misspelt field in a merged record': hit`
      const config = Object.assign({ image, base: 8, multipliers: [1] }, { heds: 4 });
      unet(«config»);
    `,
    'a misspelt field in a name that is computed': hit`
      unet(«{ image, base: 8, multipliers: [1], ['he' + 'ds']: 4 }»)
    `,
    'a misspelt field in a record of anything': miss`
      const more: Readonly<Record<string, unknown>> = { heds: 4 };
      unet({ image, base: 8, multipliers: [1], ...more });
    `,
    'a misspelt field of a function that passes its options on': hit`
      const small = (more: { readonly heds?: number }) => unet(«{ image, base: 8, multipliers: [1], ...more }»);
    `,
    'a misspelt field of a nested record in a variable': hit`
      const heads = { channel: 32 };
      unet({ image, base: 8, multipliers: [1], «heads» });
    `,
    'a misspelt field that its type should find': hit`
      const drawing = { solver: ddim(), «gird: 25», key: key(7) } satisfies Sampling;
    `,
    'extents in a variable with a symbol too many': hit`
      const extents = { B: 4, N: 2 };
      compile(rows, «extents»);
    `,
    'extents in a record of any symbols': hit`
      const extents: Readonly<Record<string, number>> = {};
      compile(rows, «extents»);
    `,
    'a label that no class has': miss`
      declare const trained: Trained<UNetParams, [28, 28, 1]>;
      sample(trained, { solver: ddim(), key: key(7), labels: [12] });
    `,
    'a key of three words': hit`
      sample({ solver: ddim(), «key: [1, 2, 3]», count: 2 })
    `,
    'a key that is used twice': miss`
      program('key', (k) => add(normal(k, 8), normal(k, 8)))
    `,
    'a value that is used after it was donated': miss`
      const { run } = await nf.run(compile(program({ x: '2' }, ({ x }) => ({ x: neg(x) })), {}, { donate: ['x'] }));
      const x = await nf.run(upload(Float32Array.of(1, 2), [2]));
      await nf.run(run({ x }));
      await nf.run(run({ x }));
    `,
    'a value that is used after its backend was closed': miss`
      const x = await nf.run(upload(Float32Array.of(1, 2), [2]));
      await nf.close();
      await nf.run(read(x));
    `,
    'an upload of three numbers as four': miss`
      upload(Float32Array.of(1, 2, 3), [2, 2])
    `,
    'a constant of five numbers as six': miss`
      constantOf(new Float32Array(5), 2, 3)
    `,
    'a table of another length': hit`
      add(table([0.9, 0.5, 0.1]), «zeros(4)»)
    `,
    'a table of unknown length': miss`
      add(table(Float32Array.of(0.9, 0.5, 0.1)), zeros(4))
    `,
    'an input that is too short': miss`
      evaluate(rows, { B: 4 })({ x: new Float32Array(6) })
    `,
    'an integer as a key': miss`
      evaluate(program('key', (k) => normal(k, 3)), {})([1.5, -2])
    `,
    'more steps than the process has': miss`
      sample({ solver: ddim(), grid: 2000, key: key(7), count: 2 })
    `,
    'an order that a solver lacks': hit`
      dpmSolverPP({ «order: Number('4')» })
    `,
  },
  right`
    declare const nf: Noisefold;
    const image = [28, 28, 1] as const;
    const rows = program({ x: 'B 2' }, ({ x }) => neg(x));
  `,
);
