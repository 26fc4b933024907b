/** Matrix products and convolutions by tfjs's shaders, on the plan's own memory. */
import { sizeOf } from '../../dsl/node.js';
import type { Plan, View } from '../../dsl/plan.js';
import type { AnchorCall } from '../shared/convolution.js';
import { dense, isDense } from '../shared/strided.js';
import { anchorSteps, type Prepared, shapeOf, type Step } from '../tfjs/anchorSteps.js';
import type { RecordedBinding, RecordedDispatch, Recorder, Recording } from '../tfjs/recordedKernels.js';
import { declaring, isReadAlone } from './access.js';
import { copyRegion, type Place, zeroRegion } from './copies.js';
import type { Binding, Dispatch, GpuRule } from './dispatch.js';
import { isDirect } from './library/rule.js';
import type { RegionDispatches } from './shaders.js';

/** How anchors are carried out on a device: where a binding may begin, and what tfjs would run. */
export interface Anchors {
  readonly alignment: number;
  readonly record: Recorder;
}

/** A step with its working memory; places there are in elements. */
interface Planned {
  readonly step: Step;
  /** Null where an operand is empty, and the result all zeros. */
  readonly recording: Recording | null;
  /** Of the operands that are copied. */
  readonly copies: readonly (number | null)[];
  readonly between: readonly number[];
  /** Of a result that is copied to where it belongs. */
  readonly result: number | null;
  readonly scratch: number;
}

/** One buffer is bound once only: where both operands lie in it, the right one is copied. */
const apart = (step: Step): Step => {
  const [left, [name, right]] = step.operands;
  if (left[1].kind === 'copy' || right.kind === 'copy' || left[1].view.buffer !== right.view.buffer)
    return step;
  const { view } = right;
  const copy: Prepared = { kind: 'copy', shape: view.shape, from: view, to: dense(view.shape) };
  return { ...step, operands: [left, [name, copy]] };
};

const planned = (call: AnchorCall, { alignment, record }: Anchors): readonly Planned[] => {
  const inPlace = ({ shape, strides, offset }: View): boolean =>
    isDense(shape, strides) && offset % alignment === 0;
  return anchorSteps(call, inPlace).map((given): Planned => {
    let scratch = 0;
    const place = (elements: number): number => {
      const at = scratch;
      scratch += Math.ceil(elements / alignment) * alignment;
      return at;
    };
    const step = apart(given);
    const { kernel, operands, attributes, output } = step;
    if (operands.some(([, prepared]) => shapeOf(prepared).includes(0)))
      return { step, recording: null, copies: [], between: [], result: null, scratch };
    const shapes = Object.fromEntries(operands.map(([name, prepared]) => [name, shapeOf(prepared)]));
    const recording = record(kernel, shapes, attributes);
    const copies = operands.map(([, prepared]) =>
      prepared.kind === 'copy' ? place(sizeOf(prepared.shape)) : null,
    );
    const between = recording.between.map(place);
    const result = inPlace(output) ? null : place(sizeOf(output.shape));
    return { step, recording, copies, between, result, scratch };
  });
};

/** The working memory of an anchor: its steps run one after another. */
export const anchorScratch =
  (anchors: Anchors) =>
  (call: AnchorCall): number =>
    isDirect(call) ? 0 : Math.max(...planned(call, anchors).map(({ scratch }) => scratch));

/** The dispatches of one step. */
const dispatchesOf = (
  { step, recording, copies, between, result }: Planned,
  scratch: View | null,
  { buffers }: Plan,
  regions: RegionDispatches,
): readonly Dispatch[] => {
  const { operands, output } = step;
  if (recording === null) return regions(zeroRegion(output.shape, output));

  const inScratch = (at: number, shape: readonly number[]): Place => ({
    buffer: scratch!.buffer,
    offset: scratch!.offset + at,
    strides: dense(shape).strides,
  });
  const part = ({ buffer, offset }: Omit<Place, 'strides'>, elements: number): Binding => ({
    resource: { kind: 'part', buffer, offset, elements },
    writable: !isReadAlone(buffers[buffer]!),
  });
  const places = operands.map(([, prepared], i): Place => {
    const at = copies[i];
    return prepared.kind === 'copy' ? inScratch(at!, prepared.shape) : prepared.view;
  });
  const elementsOf = operands.map(([, prepared]) => sizeOf(shapeOf(prepared)));

  const bindingOf = (binding: RecordedBinding): Binding => {
    switch (binding.kind) {
      case 'operand': {
        const i = operands.findIndex(([name]) => name === binding.name);
        return part(places[i]!, elementsOf[i]!);
      }
      case 'between':
        return part(inScratch(between[binding.index]!, []), recording.between[binding.index]!);
      case 'result': {
        const elements = sizeOf(output.shape);
        // what is written is bound so, even in memory that was an input's
        return { ...part(result === null ? output : inScratch(result, []), elements), writable: true };
      }
      case 'uniform':
        return { resource: binding, writable: false };
    }
  };
  const recorded = ({ code, entryPoint, bindings, workgroups }: RecordedDispatch): Dispatch => {
    const bound = bindings.map(bindingOf);
    const accessOf = (k: number) =>
      bound[k]!.resource.kind === 'part' ? (bound[k]!.writable ? 'read_write' : 'read') : null;
    return { code: declaring(code, accessOf), entryPoint, bindings: bound, workgroups };
  };
  return [
    ...operands.flatMap(([, prepared], i) => {
      if (prepared.kind === 'in place') return [];
      const { from, shape, to } = prepared;
      const place = places[i]!;
      return [
        ...(sizeOf(from.shape) < sizeOf(shape) ? regions(zeroRegion(shape, place)) : []),
        ...regions(
          copyRegion(from.shape, from, { ...place, offset: place.offset + to.offset, strides: to.strides }),
        ),
      ];
    }),
    ...recording.dispatches.map(recorded),
    ...(result === null ? [] : regions(copyRegion(output.shape, inScratch(result, output.shape), output))),
  ];
};

export const anchorRule =
  (plan: Plan, anchors: Anchors, regions: RegionDispatches): GpuRule =>
  (call) => {
    if (call.kind !== 'anchor') return null;
    const steps = planned(call, anchors);
    return {
      name: `tfjs webgpu ${steps[0]!.step.kernel}`,
      dispatches: steps.flatMap((step) => dispatchesOf(step, call.scratch, plan, regions)),
    };
  };
