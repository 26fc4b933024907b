/** Compilation: the extents of symbols, and the values of inputs and results. */
import { group, right, wrong } from './program.js';

export const compilation = group(
  'compilation',
  {
    // wrong
    'an extent for a symbol that the program lacks': wrong`
      compile(rows, { B: 4, «N: 2» })
    `,
    'an extent for a misspelt symbol': wrong`
      compile(rows, { «b: 4» })
    `,
    'an extent for a program without symbols': wrong`
      compile(program({ x: '4 2' }, ({ x }) => sum(x)), { «B: 4» })
    `,
    'a symbol without an extent': wrong`
      compile(image, «{ B: 2, H: 8 }»)
    `,
    'no extents at all': wrong`
      compile(rows, «{}»)
    `,
    'a negative extent': wrong`
      compile(rows, { «B: -4» })
    `,
    'a fractional extent': wrong`
      compile(rows, { «B: 4.5» })
    `,
    'an odd extent of an image that is halved': wrong`
      compile(image, { B: 2, «H: 7», W: 8 })
    `,
    'an extent in words': wrong`
      compile(rows, { «B: '4'» })
    `,
    'an extra extent of an evaluation': wrong`
      evaluate(rows, { B: 4, «C: 2» })
    `,
    'a result of the full size at a known extent': wrong`
      const { run } = await nf.run(compile(image, { B: 2, H: 8, W: 8 }));
      const «y»: Value<[2, 8, 8, 3]> = await nf.run(run(new Float32Array(2 * 8 * 8 * 3)));
    `,
    'a result of another batch': wrong`
      const { run } = await nf.run(compile(rows, { B: 4 }));
      const «y»: Value<[5, 2]> = await nf.run(run({ x: new Float32Array(8) }));
    `,
    'an input of another batch': wrong`
      const { run } = await nf.run(compile(rows, { B: 4 }));
      const x: Value<[5, 2]> = await nf.run(upload(new Float32Array(10), [5, 2]));
      await nf.run(run({ «x» }));
    `,
    'integers for an input of numbers': wrong`
      const { run } = await nf.run(compile(rows, { B: 4 }));
      await nf.run(run({ «x: new Int32Array(8)» }));
    `,
    'an input that is missing': wrong`
      const { run } = await nf.run(compile(rows, { B: 4 }));
      await nf.run(run(«{}»));
    `,
    'an input with another name': wrong`
      const { run } = await nf.run(compile(rows, { B: 4 }));
      await nf.run(run({ «images: new Float32Array(8)» }));
    `,
    'a plain list of numbers for an input': wrong`
      const { run } = await nf.run(compile(rows, { B: 4 }));
      await nf.run(run({ «x: [1, 2, 3, 4, 5, 6, 7, 8]» }));
    `,
    'a result that the program lacks': wrong`
      const result = await nf.run(evaluate(rows, { B: 4 })({ x: new Float32Array(8) }));
      const y = result.«y»;
    `,
    'values of two batches': wrong`
      const errors = <B extends Dim>(a: Value<[B, 2]>, b: Value<[B, 2]>) => [a, b];
      declare const [x, y]: [Value<[4, 2]>, Value<[5, 2]>];
      errors(«x, y»);
    `,
    'an upload of a plain list': wrong`
      upload(«[1, 2, 3, 4, 5, 6]», [2, 3])
    `,
    'a donated input that the program lacks': wrong`
      compile(rows, { B: 4 }, { donate: [«'y'»] })
    `,
    'a spec with an extent that is no word': wrong`
      program({ «x: 'B 28x'» }, ({ x }) => x)
    `,
    'a spec with an unknown dtype': wrong`
      program({ «x: 'B:int64'» }, ({ x }) => x)
    `,
    'a symbol of the spec as another one': wrong`
      program({ x: 'B 2', y: 'N' }, ({ x, y }) => scaleBy(x, «y»))
    `,
    'a program that returns another shape than it says': wrong`
      const «step»: Program<{ readonly x: Tensor<['B', 2]> }, Tensor<['B']>> = program({ x: 'B 2' }, ({ x }) => neg(x));
    `,
    'a half of seven plus seven': wrong`
      const half = <N extends Dim>(x: Tensor<[N]>): Tensor<[Half<N>]> => halve(x)[0];
      add(half(zeros(14)), «zeros(8)»);
    `,
    'two sums of three terms': wrong`
      program({ x: 'B C', y: 'B D' }, ({ x, y }) =>
        add(concat(concat(x, y), x), «concat(concat(x, y), y)»))
    `,
    'two sums of other terms': wrong`
      program({ x: 'B C', y: 'B D' }, ({ x, y }) => add(concat(x, y), «concat(x, x)»))
    `,

    // right
    'the extents of all symbols': right`
      compile(image, { B: 2, H: 8, W: 6 })
    `,
    'the extents of a program without symbols': right`
      compile(program({ x: '4 2' }, ({ x }) => sum(x)), {})
    `,
    'an extent that is known at run time': right`
      compile(rows, { B: Number('4') })
    `,
    'a result at known extents': right`
      const { run } = await nf.run(compile(rows, { B: 4 }));
      const y: Value<[4, 2]> = await nf.run(run({ x: new Float32Array(8) }));
    `,
    'half an extent at known extents': right`
      const { run } = await nf.run(compile(image, { B: 2, H: 8, W: 6 }));
      const y: Value<[2, 4, 3, 3]> = await nf.run(run(new Float32Array(2 * 8 * 6 * 3)));
    `,
    'a sum of extents at known extents': right`
      const joined = program({ x: 'B C', y: 'B D' }, ({ x, y }) => concat(x, y));
      const { run } = await nf.run(compile(joined, { B: 2, C: 3, D: 5 }));
      const y: Value<[2, 8]> = await nf.run(run({ x: new Float32Array(6), y: new Float32Array(10) }));
    `,
    'three extents that are joined in two orders': right`
      program({ x: 'N C', y: 'N D', z: 'N E' }, ({ x, y, z }) =>
        add(concat(concat(x, y), z), concat(x, concat(z, y))))
    `,
    'a sum of three extents at known extents': right`
      const joined = program({ x: 'B C', y: 'B D', z: 'B 3' }, ({ x, y, z }) => concat(x, concat(z, y)));
      const { run } = await nf.run(compile(joined, { B: 2, C: 3, D: 5 }));
      const inputs = { x: new Float32Array(6), y: new Float32Array(10), z: new Float32Array(6) };
      const y: Value<[2, 11]> = await nf.run(run(inputs));
    `,
    'twice an extent at known extents': right`
      const { run } = await nf.run(compile(program('B H W 3', upsample), { B: 1, H: 2, W: 3 }));
      const y: Value<[1, 4, 6, 3]> = await nf.run(run(new Float32Array(18)));
    `,
    'the results of one program as the inputs of another': right`
      const first = await nf.run(compile(image, { B: 2, H: 8, W: 8 }));
      const second = await nf.run(compile(image, { B: 2, H: 4, W: 4 }));
      await nf.run(second.run(await nf.run(first.run(new Float32Array(2 * 8 * 8 * 3)))));
    `,
    'an upload of six numbers': right`
      const x: Value<[2, 3]> = await nf.run(upload(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]));
    `,
    'a batch of a wide tensor that is ascribed a symbol': right`
      program({ x: 'B 28 28 1' }, ({ x }): Tensor<['B', 784]> => ascribe(reshape(x, Number('-1'), 784), 'B', 784))
    `,
    'one axis of a wide tensor narrowed': right`
      const narrowed = <B extends Dim>(x: Tensor<[B, Dim]>, like: Tensor<[B, 64]>): Tensor<[B, 64]> =>
        ascribeLike(x, like);
      narrowed(zeros(8, Number('64')), zeros(8, 64));
    `,
  },
  right`
    declare const nf: Noisefold;
    const rows = program({ x: 'B 2' }, ({ x }) => neg(x));
    const image = program('B H W 3', averagePool);
  `,
);
