/** Anchors by kernels of our own: tiles of a product, and sums where its depth is cut into parts. */
import { sizeOf } from '../../../dsl/node.js';
import type { Plan } from '../../../dsl/plan.js';
import type { Region } from '../../../dsl/region.js';
import type { AnchorCall } from '../../shared/convolution.js';
import { isReadAlone } from '../access.js';
import type { Binding, Dispatch, GpuRule } from '../dispatch.js';
import type { RegionDispatches } from '../shaders.js';
import { gridOf } from '../wgsl/code.js';
import type { ShaderLimits } from '../wgsl/shader.js';
import { formOf } from './form.js';
import { type Cut, geometryOf, tilesOf } from './geometry.js';
import { type Product, productsOf } from './problem.js';
import { type Kernel, shaderText } from './shader.js';

/** With fewer workgroups a device is idle: then the depth is cut. */
const FEW_TILES = 64;

const WHOLE: Cut = { parts: 1, length: Number.MAX_SAFE_INTEGER };

/** By the first digit of the depth: images of a filter gradient, rows of a kernel. */
const cutOf = (product: Product, { tile }: Kernel): Cut => {
  const [length] = product.depth;
  const tiles = sizeOf(tilesOf(product, tile, WHOLE));
  if (tiles === 0 || tiles >= FEW_TILES || length <= 1) return { ...WHOLE, length };
  const ofPart = Math.ceil(length / Math.ceil(FEW_TILES / tiles));
  return { parts: Math.ceil(length / ofPart), length: ofPart };
};

const elementsOf = ({ rows, columns, batch }: Product): number => sizeOf(rows) * columns * sizeOf(batch);

const productDispatch = (
  product: Product,
  cut: Cut,
  kernel: Kernel,
  { buffers }: Plan,
  limits: ShaderLimits,
): readonly Dispatch[] => {
  const tiles = sizeOf(tilesOf(product, kernel.tile, cut));
  if (tiles === 0) return [];
  const { left, right, output } = product;
  const form = formOf(product, kernel.tile.step);
  const { layout } = form;
  // the same buffer may be bound once only
  const bound = [...new Set([left.buffer, right.buffer, output.buffer])];
  const isVector = (buffer: number): boolean => {
    if (buffer === output.buffer) return layout.output !== 'none';
    return (buffer === left.buffer ? layout.left : layout.right) !== 'none';
  };
  const nameOf = (buffer: number): string => `b${bound.indexOf(buffer)}`;
  const bindings = bound.map((buffer): Binding => ({
    resource: { kind: 'buffers', buffers: [buffer] },
    writable: buffer === output.buffer || !isReadAlone(buffers[buffer]!),
  }));
  const declarations = bound.map(
    (buffer, k) =>
      `@group(0) @binding(${k}) var<storage, ${bindings[k]!.writable ? 'read_write' : 'read'}> ${nameOf(buffer)}: array<${isVector(buffer) ? 'vec4f' : 'f32'}>;`,
  );
  const code = shaderText(kernel, form, {
    declarations,
    left: nameOf(left.buffer),
    right: nameOf(right.buffer),
    output: nameOf(output.buffer),
  });
  const words = geometryOf(product, kernel.tile, cut);
  return [
    {
      code,
      bindings: [...bindings, { resource: { kind: 'uniform', words }, writable: false }],
      workgroups: gridOf(tiles, limits),
    },
  ];
};

/** Adds up parts, one after another from `from` on. */
const sumOfParts = (
  parts: number,
  elements: number,
  from: Product['output'],
  to: Product['output'],
): Region => ({
  extents: [elements, parts],
  reduced: 1,
  loads: [{ ...from, strides: [1, elements] }],
  body: [{ op: 'load', load: 0, dtype: 'float32' }],
  stores: [{ ...to, strides: [1, 0], value: 0, reduce: 'sum' }],
});

/** The working memory of an anchor: where its parts lie. */
export const anchorScratch =
  (kernel: Kernel) =>
  (call: AnchorCall): number =>
    Math.max(
      ...productsOf(call).map((product) => {
        const { parts } = cutOf(product, kernel);
        return parts === 1 ? 0 : parts * elementsOf(product);
      }),
    );

const NAMES = { dot: 'product', conv2d: 'convolution', filterGradient: 'filter gradient' } as const;

export const anchorRule =
  (plan: Plan, limits: ShaderLimits, kernel: Kernel, regions: RegionDispatches): GpuRule =>
  (call) => {
    if (call.kind !== 'anchor') return null;
    const { scratch } = call;
    const dispatches = productsOf(call).flatMap((product) => {
      const cut = cutOf(product, kernel);
      const of = (output: Product['output']): readonly Dispatch[] =>
        productDispatch({ ...product, output }, cut, kernel, plan, limits);
      if (cut.parts === 1) return of(product.output);
      const { buffer, offset } = scratch!; // of `anchorScratch`, as there are parts
      const from = { buffer, offset };
      return [...of(from), ...regions(sumOfParts(cut.parts, elementsOf(product), from, product.output))];
    });
    return { name: `wgsl ${NAMES[call.anchor.op]}, ${kernel.name}`, dispatches };
  };
