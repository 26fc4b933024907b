/**
 * Programs with mistakes that types could miss: unions, `any`, wide extents, lists and casts that are none. Each `hit`
 * is an error; each `miss` compiles, and fails when it is traced.
 */
import { group, hit, miss, right } from './program.js';

export const unions = group(
  'unions',
  {
    'an extent that is one of two': hit`
      zeros(8, «isLarge ? 64 : 32»)
    `,
    'an image that is one of two': hit`
      add(«isLarge ? zeros(8, 64) : zeros(8, 32)», zeros(8, 64))
    `,
    'an image that is one of two, as the second operand': hit`
      add(zeros(8, 64), «isLarge ? zeros(8, 64) : zeros(8, 32)»)
    `,
    'a factor that is one of two': hit`
      matmul(«isLarge ? zeros(8, 64) : zeros(8, 32)», zeros(64, 10))
    `,
    'two images that are each one of two': hit`
      const [x, y] = [isLarge ? zeros(64) : zeros(32), isLarge ? zeros(32) : zeros(64)];
      add(x, «y»);
    `,
    'an image that is one of two, in a function of its own': hit`
      const merge = <N extends Dim>(x: Tensor<[N]>, y: Tensor<[N]>) => mul(x, y);
      merge(«isLarge ? zeros(64) : zeros(32)», zeros(64));
    `,
    'an image that is one of two, in a pipe': hit`
      pipe(isLarge ? zeros(8, 64) : zeros(8, 32), «matmul(zeros(64, 10))»)
    `,
    'a kernel that is one of two': hit`
      conv2d(zeros(8, 28, 28, 3), «isLarge ? zeros(3, 3, 3, 8) : zeros(3, 3, 4, 8)»)
    `,
    'an axis that is one of two': hit`
      sum(zeros(8, 64), «isLarge ? 1 : 2»)
    `,
    'a dtype that is one of two': hit`
      exp(«cast(zeros(8), isLarge ? 'float32' : 'int32')»)
    `,
    'a layer that is one of two': hit`
      const dense = isLarge ? linearLayer({ inputs: 64, outputs: 8 }) : linearLayer({ inputs: 32, outputs: 8 });
      const apply = (params: ParamsOf<typeof dense>) => dense.apply(params)(zeros(2, 64));
    `,
    'a type that is a union of shapes': miss`
      const x: Tensor<[8, 64] | [8, 32]> = zeros(8, 32);
      add(x, zeros(8, 64));
    `,
    'a type with a union of extents': hit`
      const x: Tensor<[8, 64 | 32]> = «zeros(8, 64)»;
      const y: Tensor<[8, 64 | 32]> = zeros(8, 32);
      add(x, y);
    `,
    'an explicit union as a type argument': hit`
      const merge = <N extends Dim>(x: Tensor<[N]>, y: Tensor<[N]>) => mul(x, y);
      merge<64 | 32>(«zeros(64), zeros(32)»);
    `,
    'a type parameter that extends a union': hit`
      const merge = <N extends 64 | 32>(x: Tensor<[N]>, y: Tensor<[N]>) => mul(x, y);
      merge(«zeros(64), zeros(32)»);
    `,
    'a default that has another shape': hit`
      const shifted = (x: Tensor<[8, 64]>, by: Tensor<[8, 64]> | undefined) => add(x, «by ?? zeros(8, 32)»);
    `,
    'a default in a pattern that has another shape': hit`
      const shifted = ({ by = zeros(32) }: { readonly by?: Tensor<[64]> }) => add(zeros(64), «by»);
    `,
    'a value that may be undefined': hit`
      const shifted = (by?: Tensor<[64]>) => add(zeros(64), «by»);
    `,
    'an image that is narrowed by its presence alone': hit`
      const wider = (x: Tensor<[8, 64]> | Tensor<[8, 32]> | null) => (x === null ? null : matmul(«x», zeros(64, 10)));
    `,
    'the members of a list of two shapes': hit`
      const xs = [zeros(8, 64), zeros(8, 32)];
      add(xs[0]!, «xs[1]!»);
    `,
    'the sum of a list of two shapes': hit`
      [zeros(8, 64), zeros(8, 32)].reduce((a, b) => add(a, b))
    `,
    'the members of a record of two shapes': hit`
      const xs = { a: zeros(8, 64), b: zeros(8, 32) };
      add(zeros(8, 64), «xs[isLarge ? 'a' : 'b']»);
    `,
    'the values of a record of two shapes': hit`
      Object.values({ a: zeros(8, 64), b: zeros(8, 32) }).map((x) => add(«x», zeros(8, 64)))
    `,
    'layers of two widths in a list': hit`
      layer([linearLayer({ inputs: 2, outputs: 8 }), linearLayer({ inputs: 4, outputs: 2 })], (layers) =>
        (x: Tensor<[4, 2]>) => layers.map((f) => f(«x»)))
    `,
    'a list of tensors of two batches': hit`
      const total = <B extends Dim>(xs: readonly Tensor<[B, 64]>[]) => xs.reduce((a, b) => add(a, b));
      total(«[zeros(4, 64), zeros(5, 64)]»);
    `,
    'a stack of a list of two shapes': hit`
      const xs = [zeros(8, 64), zeros(8, 32)] as const;
      stack(«xs»);
    `,
  },
  right`
    const isLarge: boolean = Number('1') > 0;
  `,
);

export const wide = group('wide', {
  'a program without its return': hit`
    compile(program({ x: 'B 8' }, «({ x }) => { add(x, x); }»), { B: 2 })
  `,
  'a program that returns a function': miss`
    compile(program({ x: 'B 8' }, ({ x }) => matmul(zeros(8, 2))), { B: 2 })
  `,
  'a type parameter that stands for two dtypes': miss`
    const merge = <D extends 'float32' | 'int32'>(x: Tensor<[4], D>, y: Tensor<[4], D>) => add(x, y);
    merge(zeros(4), iota(4));
  `,
  'heads of a prime number that does not divide': hit`
    attention(zeros(2, 16, 64), zeros(2, 16, 64), zeros(2, 16, 64), { «heads: 11» })
  `,
  'any as an extent': hit`
    zeros(8, «JSON.parse('64')»)
  `,
  'any as an ascribed extent': hit`
    ascribe(zeros(8, Number('64')), 8, «JSON.parse('32')»)
  `,
  'any as an operand': miss`
    add(zeros(8, 64), JSON.parse('[1, 2]'))
  `,
  'any as an axis': hit`
    sum(zeros(8, 64), «JSON.parse('2')»)
  `,
  'any as the options of a network': miss`
    unet(JSON.parse('{ "heds": 4 }'))
  `,
  'any as the extents of a program': hit`
    compile(program('B 28', neg), «JSON.parse('{ "N": 4 }')»)
  `,
  'any as a number of heads': hit`
    attention(zeros(2, 16, 64), zeros(2, 16, 64), zeros(2, 16, 64), { «heads: JSON.parse('5')» })
  `,
  'a wide extent and another number': miss`
    add(zeros(8, Number('32')), zeros(8, 64))
  `,
  'a variable that is assigned later': miss`
    let channels = 64;
    channels = 32;
    matmul(zeros(8, channels), zeros(64, 10));
  `,
  'a wide extent that is ascribed another number': miss`
    ascribe(zeros(Number('8'), 64), 4, 64)
  `,
  'two wide extents that differ': miss`
    const merge = <N extends Dim>(x: Tensor<[N]>, y: Tensor<[N]>) => mul(x, y);
    merge(zeros(Number('64')), zeros(Number('32')));
  `,
  'parts of unknown sizes that do not add up': miss`
    const n = Number('10');
    split(zeros(8, 24), [n, n]);
  `,
  'an unknown number of heads that does not divide': miss`
    rearrange(zeros(2, 16, 24), 'b n (h d) -> b h n d', { h: Number('5') })
  `,
  'an axis of a tensor of unknown rank': miss`
    const last = (x: Tensor<Shape>) => sum(x, 5);
    last(zeros(8, 64));
  `,
  'an odd image in a function of any size': miss`
    const half = <H extends Dim>(x: Tensor<[1, H, H, 3]>) => averagePool(x);
    half(zeros(1, 7, 7, 3));
  `,
  'an odd image in a composition of functions': hit`
    const compose = <A, B, C>(f: (a: A) => B, g: (b: B) => C) => (a: A) => g(f(a));
    compose((x: Tensor<[1, 7, 7, 3]>) => silu(x), «averagePool»)(zeros(1, 7, 7, 3));
  `,
  'a number of another batch in a generic function': hit`
    const shifted = <B extends Dim>(x: Tensor<[B, 64]>): Tensor<[B, 64]> => add(x, «zeros(8, 64)»);
  `,
  'a result of another shape in a generic function': hit`
    const same = <S extends Shape>(x: Tensor<S>): Tensor<S> => «zeros(8, 64)»;
  `,
  'the wrong symbol through a wide function': miss`
    const any = (x: Tensor<[Dim, 2]>) => neg(x);
    program({ x: 'B 2', y: 'C 2' }, ({ x, y }) => add(any(x), any(y)));
  `,
  'the wrong symbol through a wide variable': miss`
    program({ x: 'B 2', y: 'C 2' }, ({ x, y }) => {
      const other: Tensor<[Dim, 2]> = y;
      return add(x, other);
    })
  `,
  'the wrong symbol as the second of two wide operands': miss`
    program({ x: 'B 2', y: 'C 2' }, ({ x, y }) => {
      const sum = (a: Tensor<[Dim, 2]>, b: Tensor<[Dim, 2]>) => add(a, b);
      return sum(x, y);
    })
  `,
  'a symbol that is ascribed another one': hit`
    program({ x: 'B 2', y: 'C 2' }, ({ x, y }) => add(x, ascribe(y, «'B'», 2)))
  `,
  'a symbol that is ascribed a number': hit`
    program({ x: 'B 2' }, ({ x }) => ascribe(x, «8», 2))
  `,
  'a symbol like that of another tensor': hit`
    program({ x: 'B 2', y: 'C 2' }, ({ x, y }) => add(x, ascribeLike(y, «x»)))
  `,
  'a symbol that is too short for its half': miss`
    compile(program('H', (x) => halve(x)[0]), { H: Number('7') })
  `,
  'a layer of any widths that do not follow': miss`
    const sizes = [2, 8, 4, 2];
    const stack = [0, 2].map((i) => linearLayer({ inputs: sizes[i]!, outputs: sizes[i + 1]! }));
    layer(stack, (layers) => (x: Tensor<[1, Dim]>) => layers.reduce((h, f) => f(h), x));
  `,
  'a loop that changes the width': hit`
    let h: Tensor<[8, Dim]> = zeros(8, 64);
    for (const w of [zeros(64, 32), zeros(64, 10)] as const) h = matmul(h, «w»);
  `,
});
