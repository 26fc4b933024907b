/**
 * Generates the random numbers of `threefry.ts` on the device: the same bits, and normals within 4 ulp of the host's.
 */
import { sizeOf } from '../../../internal/numbers.js';
import type { Distribution } from '../../../dsl/graph/node.js';
import { declaration } from './access.js';
import { block, gridOf, groupNumber, shaderOf } from './code.js';
import { textInWidth } from './library/library.js';
import type { RandomShader } from './shader.js';
import { elementType, floatLiteral } from './library/types.js';

/** `c₀ + c₁x + c₂x² + …` by Horner's rule; `x` is a name. */
const polynomial = (x: string, coefficients: readonly number[]): string =>
  coefficients
    .slice(0, -1)
    .reduceRight<string>(
      (sum, c) => `fma(${sum}, ${x}, F(${floatLiteral(c)}))`,
      `F(${floatLiteral(coefficients.at(-1)!)})`,
    );

const SIZE = 256;

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
const KEYS = ['key.x', 'key.y', 'parity'] as const;

/**
 * Threefry-2x32: five groups of four rounds. Each group ends with a key injection: two key words and the group's
 * number.
 */
const rounds = [0, 1, 2, 3, 4]
  .flatMap((group) => [
    ...ROTATIONS[(group % 2) as 0 | 1].flatMap((by) => ['a += b;', `b = ((b << ${by}u) | (b >> ${32 - by}u)) ^ a;`]),
    `a += ${KEYS[(group + 1) % 3]};`,
    `b += ${KEYS[(group + 2) % 3]} + ${group + 1}u;`,
  ])
  .map((line) => `  ${line}`)
  .join('\n');

const BITS = `
fn wordsOf(counter: u32) -> vec2<u32> {
  let parity = key.x ^ key.y ^ 0x1bd11bdau;
  var a = counter + key.x;
  var b = key.y;
${rounds}
  return vec2<u32>(a, b);
}`;

/**
 * √2·erfinv(u)/u as a polynomial in w − 2.5, for w ≤ 5. Its relative error is 1.9e-8 with coefficients rounded to
 * float32.
 */
const CENTRE = [
  2.1233134269714355, 0.34880203008651733, -0.005907498765736818, -0.0017716039437800646, 0.00030862557468935847,
  -7.049283340165857e-6, -4.858119609707501e-6, 6.665064802291454e-7, 2.985410318956383e-8, -1.2986139275028563e-8,
] as const;

/**
 * The same in w − 10, for 5 < w < 15.3, with a relative error of 3.6e-8. This form avoids a square root, whose accuracy
 * in WGSL is low.
 */
const TAIL = [
  4.236624717712402, 0.22455105185508728, -0.005384738557040691, 0.00024255632888525724, -1.1795001228165347e-5,
  4.1925662230823946e-7, 7.467245488612662e-9, -5.311608486380237e-9, 9.845729787016921e-10, -6.854315032223113e-11,
] as const;

/** √2·erfinv(u) = u·P(w) with w = −ln (1 − u²). u has 23 bits, so that u and 1 − |u| are exact. */
const NORMAL = textInWidth(
  `
fn normalOf(bits: U) -> F {
  let m = bitcast<I>(bits << U(1u)) - I(8388607);
  let size = abs(m);
  let w = -logOf(F(I(8388608) - size) * (F(I(8388608) + size) * F(${floatLiteral(2 ** -46)})));
  let x = w - F(2.5);
  let y = w - F(10.0);
  let centre = ${polynomial('x', CENTRE)};
  let tail = ${polynomial('y', TAIL)};
  return F(m) * F(${floatLiteral(2 ** -23)}) * select(centre, tail, w > F(5.0));
}`,
  4,
);

/** Converts four words to four numbers. */
const VALUES: Readonly<Record<Exclude<Distribution, 'permutation'>, string>> = {
  bits: 'bitcast<vec4<i32>>(words)',
  uniform: `vec4<f32>(words >> vec4<u32>(8u)) * ${floatLiteral(2 ** -24)}`,
  normal: 'normalOf(words >> vec4<u32>(9u))',
};

/**
 * Each invocation makes four numbers from two Threefry blocks. The code does not depend on the number of elements. The
 * last vector may extend into the padding of the output's binding.
 */
export const randomShader: RandomShader = ({ distribution, output }, buffers, limits) => {
  if (distribution === 'permutation') return null;
  const elements = sizeOf(output.shape);
  if (output.offset !== 0 || buffers[output.buffer]!.elements !== elements)
    throw new Error('noisefold: random numbers must fill a whole buffer');
  const workgroups = gridOf(Math.ceil(elements / (4 * SIZE)), limits);
  return shaderOf({
    name: `random ${distribution}`,
    bindings: [{ kind: 'buffers', buffers: [output.buffer], access: 'read_write' }, { kind: 'key' }],
    declarations: [
      declaration(0, 'read_write', elementType(distribution === 'bits' ? 'i32' : 'f32', 4)),
      '@group(0) @binding(1) var<uniform> key: vec2<u32>;',
      BITS,
      ...(distribution === 'normal' ? [NORMAL] : []),
    ],
    size: SIZE,
    workgroups,
    statements: [
      `let id = (${groupNumber(workgroups)}) * ${SIZE}u + lane;`,
      ...block('if (id >= arrayLength(&b0))', ['return;']),
      'let words = vec4<u32>(wordsOf(2u * id), wordsOf(2u * id + 1u));',
      `b0[id] = ${VALUES[distribution]};`,
    ],
  });
};
