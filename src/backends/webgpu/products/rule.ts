/** The rule for anchors: dispatches that compute tiles of a product, and a sum over parts if the depth is split. */
import { sizeOf } from '../../../internal/numbers.js';
import type { Plan } from '../../../dsl/plan/plan.js';
import type { Region } from '../../../dsl/graph/region.js';
import { type AnchorCall, isProduct } from '../../shared/anchors.js';
import type { Dispatch, GpuRule } from '../device/dispatch.js';
import type { RegionDispatches } from '../device/shaders.js';
import { boundBuffers } from '../wgsl/access.js';
import { gridOf } from '../wgsl/code.js';
import type { ShaderLimits } from '../wgsl/shader.js';
import { variantOf } from './variant.js';
import { type DepthSplit, geometryOf, tilesOf } from './geometry.js';
import { type Product, productsOf } from './product.js';
import { type Kernel, shaderText } from './shader.js';

/** With fewer workgroups than this, parts of the device are idle, so the depth is split. */
const FEW_TILES = 64;

const UNSPLIT: DepthSplit = { parts: 1, length: Number.MAX_SAFE_INTEGER };

/** Splits the depth along its first digit: images in a filter gradient, rows of the kernel in a convolution. */
const depthSplitOf = (product: Product, { tile }: Kernel): DepthSplit => {
  const [length] = product.depth;
  const tiles = sizeOf(tilesOf(product, tile, UNSPLIT));
  if (tiles === 0 || tiles >= FEW_TILES || length <= 1) return { ...UNSPLIT, length };
  const partLength = Math.ceil(length / Math.ceil(FEW_TILES / tiles));
  return { parts: Math.ceil(length / partLength), length: partLength };
};

const elementsOf = ({ rows, columns, batch }: Product): number => sizeOf(rows) * columns * sizeOf(batch);

const productDispatch = (
  product: Product,
  split: DepthSplit,
  kernel: Kernel,
  { buffers }: Plan,
  limits: ShaderLimits,
): readonly Dispatch[] => {
  const tiles = sizeOf(tilesOf(product, kernel.tile, split));
  if (tiles === 0) return [];
  const { left, right, output } = product;
  const variant = variantOf(product, kernel.tile.step);
  const { layout } = variant;
  const isVector = (buffer: number): boolean => {
    if (buffer === output.buffer) return layout.output !== 'none';
    return (buffer === left.buffer ? layout.left : layout.right) !== 'none';
  };
  const used = [left.buffer, right.buffer, output.buffer];
  const { bindings, declarations, nameOf } = boundBuffers(used, output.buffer, buffers, (buffer) =>
    isVector(buffer) ? 'vec4f' : 'f32',
  );
  const code = shaderText(kernel, variant, {
    declarations,
    left: nameOf(left.buffer),
    right: nameOf(right.buffer),
    output: nameOf(output.buffer),
  });
  const words = geometryOf(product, kernel.tile, split);
  return [
    {
      code,
      bindings: [...bindings, { kind: 'uniform', words }],
      workgroups: gridOf(tiles, limits),
    },
  ];
};

/** A region that adds up parts. They start at `from`, one after another. */
const sumOfParts = (parts: number, elements: number, from: Product['output'], to: Product['output']): Region => ({
  extents: [elements, parts],
  reduced: 1,
  loads: [{ ...from, strides: [1, elements] }],
  body: [{ op: 'load', load: 0, dtype: 'float32' }],
  stores: [{ ...to, strides: [1, 0], value: 0, reduce: 'sum' }],
});

/** Scratch memory of an anchor, in elements: the results of its parts. */
export const anchorScratch =
  (kernel: Kernel) =>
  (call: AnchorCall): number =>
    Math.max(
      0,
      ...(isProduct(call) ? productsOf(call) : []).map((product) => {
        const { parts } = depthSplitOf(product, kernel);
        return parts === 1 ? 0 : parts * elementsOf(product);
      }),
    );

const NAMES = { dot: 'product', conv2d: 'convolution', filterGradient: 'filter gradient' } as const;

export const anchorRule =
  (plan: Plan, limits: ShaderLimits, kernel: Kernel, regions: RegionDispatches): GpuRule =>
  (call) => {
    if (call.kind !== 'anchor' || !isProduct(call)) return null;
    const { scratch } = call;
    const dispatches = productsOf(call).flatMap((product) => {
      const split = depthSplitOf(product, kernel);
      const of = (output: Product['output']): readonly Dispatch[] =>
        productDispatch({ ...product, output }, split, kernel, plan, limits);
      if (split.parts === 1) return of(product.output);
      const { buffer, offset } = scratch!; // reserved because `anchorScratch` counts the same parts
      const from = { buffer, offset };
      return [...of(from), ...regions(sumOfParts(split.parts, elementsOf(product), from, product.output))];
    });
    return { name: `wgsl ${NAMES[call.anchor.op]}, ${kernel.name}`, dispatches };
  };
