/** Matrix products and convolutions by tfjs's shaders, on the plan's own memory. */
import { sizeOf } from '../../dsl/node.js';
import type { Plan, View } from '../../dsl/plan.js';
import type { AnchorCall } from '../shared/convolution.js';
import { dense, isDense } from '../shared/strided.js';
import { anchorSteps, type Prepared, shapeOf, type Step } from '../tfjs/anchorSteps.js';
import { type Anchors, type AnchorWork, copyWork, createScratch, dispatchesOf, ready, spotOf, type Work, zeroWork } from './anchorWork.js'; // prettier-ignore
import type { GpuRule } from './dispatch.js';
import { filterGradientWork } from './filterGradient.js';
import { isDirect } from './library/rule.js';
import type { RegionDispatches } from './shaders.js';

/** One buffer is bound once only: where both operands lie in it, the right one is copied. */
const apart = (step: Step): Step => {
  const [left, [name, right]] = step.operands;
  if (left[1].kind === 'copy' || right.kind === 'copy' || left[1].view.buffer !== right.view.buffer)
    return step;
  const { view } = right;
  const copy: Prepared = { kind: 'copy', shape: view.shape, from: view, to: dense(view.shape) };
  return { ...step, operands: [left, [name, copy]] };
};

/** A view that a shader can be bound to as it is. */
const isBindable =
  (alignment: number) =>
  ({ shape, strides, offset }: View): boolean =>
    isDense(shape, strides) && offset % alignment === 0;

const stepWork = (given: Step, { alignment, record }: Anchors): AnchorWork => {
  const { kernel, operands, attributes, output } = apart(given);
  const layout = { offset: 0, strides: output.strides };
  if (operands.some(([, prepared]) => shapeOf(prepared).includes(0)))
    return { works: [zeroWork(output.shape, spotOf(output), layout)], scratch: 0 };
  const scratch = createScratch(alignment);
  const shapes = Object.fromEntries(operands.map(([name, prepared]) => [name, shapeOf(prepared)]));
  const recording = record(kernel, shapes, attributes);
  const denseOperands = operands.map(([name, prepared]) => [name, ready(prepared, scratch)] as const);
  const between = recording.between.map(scratch.block);
  const elements = sizeOf(output.shape);
  const isInPlace = isBindable(alignment)(output);
  const result = isInPlace ? { spot: spotOf(output), elements } : scratch.block(elements);
  const works: readonly Work[] = [
    ...denseOperands.flatMap(([, operand]) => operand.works),
    {
      kind: 'run',
      recording,
      operands: Object.fromEntries(denseOperands.map(([name, { block }]) => [name, block])),
      between,
      result,
    },
    ...(isInPlace ? [] : [copyWork(output.shape, result.spot, dense(output.shape), spotOf(output), layout)]),
  ];
  return { works, scratch: scratch.elements() };
};

const workOf = (call: AnchorCall, anchors: Anchors): AnchorWork => {
  const { anchor, inputs } = call;
  if (anchor.op === 'filterGradient' && !inputs.some(({ shape }) => shape.includes(0)))
    return filterGradientWork(call, anchor.attributes, anchors);
  const steps = anchorSteps(call, isBindable(anchors.alignment)).map((step) => stepWork(step, anchors));
  return {
    works: steps.flatMap(({ works }) => works),
    scratch: Math.max(...steps.map(({ scratch }) => scratch)),
  };
};

/** The working memory of an anchor: its steps run one after another. */
export const anchorScratch =
  (anchors: Anchors) =>
  (call: AnchorCall): number =>
    isDirect(call) ? 0 : workOf(call, anchors).scratch;

const NAMES = {
  dot: 'tfjs webgpu BatchMatMul',
  conv2d: 'tfjs webgpu Conv2D',
  filterGradient: 'patches, tfjs webgpu BatchMatMul',
} as const;

export const anchorRule =
  (plan: Plan, anchors: Anchors, regions: RegionDispatches): GpuRule =>
  (call) => {
    if (call.kind !== 'anchor') return null;
    const { works } = workOf(call, anchors);
    return {
      name: NAMES[call.anchor.op],
      dispatches: works.flatMap((work) => dispatchesOf(work, call.scratch, plan, regions)),
    };
  };
